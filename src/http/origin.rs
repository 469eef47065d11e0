//! Which web pages may call: the CORS protocol of the Fetch standard, against an allow-list.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::limits::PREFLIGHT_MAX_AGE_S;
use super::problem::{Problem, ProblemCode};
use super::state::HttpState;

const METHODS: &str = "GET, POST, PUT, DELETE";
const HEADERS: &str = "authorization, content-type, idempotency-key";
const EXPOSED: &str = "retry-after, idempotency-replayed";

/// Answers preflights, and marks the answers that a page of this origin may read.
pub(super) async fn pass(State(state): State<HttpState>, request: Request, next: Next) -> Response {
    let allowed = &state.config.server.allowed_origins;
    let origin = request.headers().get(header::ORIGIN).cloned();
    let granted = origin.as_ref().filter(|origin| is_allowed(origin, allowed));
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match (preflight, granted) {
        (true, Some(_)) => StatusCode::NO_CONTENT.into_response(),
        (true, None) => Problem::new(
            ProblemCode::OriginNotAllowed,
            "Add the page's origin to server.allowed_origins.",
        )
        .into_response(),
        (false, _) => next.run(request).await,
    };
    let headers = response.headers_mut();
    set(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    if let Some(origin) = granted {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        set(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        if preflight {
            set(headers, header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            set(headers, header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            let age = HeaderValue::from(PREFLIGHT_MAX_AGE_S);
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, age);
        }
    }
    if !allowed.is_empty() {
        // The answer depends on the origin, so a cache must not give it to another.
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

fn is_allowed(origin: &HeaderValue, allowed: &[String]) -> bool {
    allowed
        .iter()
        .any(|one| one == "*" || one.as_bytes() == origin.as_bytes())
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}

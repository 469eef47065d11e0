//! The registry as a service.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware;

use super::gate::{self, Gate};
use super::origin;
use super::problem::{Problem, ProblemCode};
use super::routes::routes;
use super::state::HttpState;

/// Everything that is served over HTTP.
///
/// Whoever serves it puts [`axum::extract::ConnectInfo`] of the peer's `SocketAddr` into each
/// request; without it all callers count as one address.
pub fn router(state: HttpState) -> Router {
    let mut router = Router::new();
    for route in routes() {
        let gate = Gate {
            state: state.clone(),
            operation: route.operation,
        };
        let guarded = route
            .handler
            .route_layer(middleware::from_fn_with_state(gate, gate::pass));
        router = router.route(route.path, guarded);
    }
    router
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(state.config.limits.body_bytes))
        .layer(middleware::from_fn_with_state(state.clone(), origin::pass))
        .with_state(state)
}

async fn no_route(uri: Uri) -> Problem {
    Problem::new(
        ProblemCode::NoSuchRoute,
        format!(
            "Nothing is served at {}; /docs lists every path.",
            uri.path()
        ),
    )
}

async fn no_method(method: Method) -> Problem {
    Problem::new(
        ProblemCode::MethodNotAllowed,
        format!("{method} is not one of this path's methods; /docs lists them."),
    )
}

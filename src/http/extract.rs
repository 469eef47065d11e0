//! Parts of a request, refused as problems where they cannot be read.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::problem::{Problem, ProblemCode};
use super::state::HttpState;
use crate::auth::StaffPrincipal;

/// A JSON body within the configured size.
pub(super) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<HttpState> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &HttpState) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(
                ProblemCode::NotJson,
                "Send the body as JSON with `Content-Type: application/json`.",
            ));
        }
        let bytes = bytes(request, state).await?;
        serde_json::from_slice(&bytes).map(Body).map_err(|why| {
            Problem::new(
                ProblemCode::MalformedBody,
                format!("{why}; correct it and send it again."),
            )
        })
    }
}

/// The whole body, within the configured size.
pub(super) async fn bytes(request: Request, state: &HttpState) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
                let most = state.config.limits.body_bytes;
                Problem::new(
                    ProblemCode::BodyTooLarge,
                    format!("Send at most {most} bytes, or raise limits.body_bytes."),
                )
            }
            _ => Problem::new(
                ProblemCode::MalformedBody,
                "The connection broke before its end; send it again.",
            ),
        })
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// The query, whose unknown parameters are refused by `T` itself.
pub(super) struct Params<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<HttpState> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &HttpState) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri)
            .map(|Query(params)| Params(params))
            .map_err(|why| {
                Problem::new(
                    ProblemCode::MalformedQuery,
                    format!("{}; /docs lists what this path takes.", why.body_text()),
                )
            })
    }
}

/// The one name in the path.
pub(super) struct Name(pub String);

impl FromRequestParts<HttpState> for Name {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &HttpState) -> Result<Self, Problem> {
        Path::<String>::from_request_parts(parts, state)
            .await
            .map(|Path(name)| Name(name))
            .map_err(|_| Problem::not_found())
    }
}

/// Who is logged in. Only for operations that a role is needed for: the gate put it there.
pub(super) struct Staff(pub StaffPrincipal);

impl FromRequestParts<HttpState> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &HttpState) -> Result<Self, Problem> {
        let staff = parts.extensions.get::<StaffPrincipal>();
        Ok(Staff(staff.cloned().expect(
            "a handler asks for staff only where its operation needs a role",
        )))
    }
}

/// The credential of `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, credential) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| credential.trim())
        .filter(|credential| !credential.is_empty())
}

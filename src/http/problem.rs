//! Refusals and failures as RFC 9457 problems, in words that say what to do next.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::ports::ArchiveFailure;
use crate::auth::{AuthError, AuthRefusal, TokenRefusal};
use crate::desk::{DeskError, DeskFailure, DeskRefusal};

macro_rules! codes {
    ($($name:ident = $status:ident, $word:literal, $title:literal;)*) => {
        /// What kind of problem; the word is for programs and never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $($name,)*
        }

        impl ProblemCode {
            pub const ALL: &[ProblemCode] = &[$(ProblemCode::$name,)*];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(ProblemCode::$name => $word,)*
                }
            }

            pub fn status(self) -> StatusCode {
                match self {
                    $(ProblemCode::$name => StatusCode::$status,)*
                }
            }

            /// Always the same words for the same code.
            pub fn title(self) -> &'static str {
                match self {
                    $(ProblemCode::$name => $title,)*
                }
            }
        }
    };
}

codes! {
    MalformedBody = BAD_REQUEST, "malformed_body", "The body cannot be read";
    MalformedQuery = BAD_REQUEST, "malformed_query", "The query cannot be read";
    BadCursor = BAD_REQUEST, "bad_cursor", "The cursor is not one of ours";
    BadIdempotencyKey = BAD_REQUEST, "bad_idempotency_key", "The idempotency key cannot be used";
    Unauthenticated = UNAUTHORIZED, "unauthenticated", "Nobody is logged in";
    WrongCredentials = UNAUTHORIZED, "wrong_credentials", "Name or password is wrong";
    TokenRefused = UNAUTHORIZED, "token_refused", "The customer's token proves nothing";
    Forbidden = FORBIDDEN, "forbidden", "This role may not do it";
    VisitorsNotAllowed = FORBIDDEN, "visitors_not_allowed", "The shop wants its customers known";
    OriginNotAllowed = FORBIDDEN, "origin_not_allowed", "Pages of this origin may not call";
    NotFound = NOT_FOUND, "not_found", "There is no such thing";
    NoSuchRoute = NOT_FOUND, "no_such_route", "There is nothing at this path";
    UnknownTenant = NOT_FOUND, "unknown_tenant", "There is no such tenant";
    MethodNotAllowed = METHOD_NOT_ALLOWED, "method_not_allowed", "The path does not take this method";
    Exists = CONFLICT, "exists", "The name is taken";
    InUse = CONFLICT, "in_use", "It is still referred to";
    StaleVersion = CONFLICT, "stale_version", "Somebody saved another version meanwhile";
    InFlight = CONFLICT, "in_flight", "The same request is being answered right now";
    BodyTooLarge = PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large";
    NotJson = UNSUPPORTED_MEDIA_TYPE, "not_json", "The body is not said to be JSON";
    InvalidField = UNPROCESSABLE_ENTITY, "invalid_field", "A field breaks its bound or form";
    WeakPassword = UNPROCESSABLE_ENTITY, "weak_password", "The password is too short or too long";
    IdempotencyMismatch = UNPROCESSABLE_ENTITY, "idempotency_mismatch", "The idempotency key was used for another request";
    TooManyVisitors = TOO_MANY_REQUESTS, "too_many_visitors", "Too many tickets for visitors of one address";
    TooManyFailures = TOO_MANY_REQUESTS, "too_many_failures", "Too many failed logins";
    Corrupt = INTERNAL_SERVER_ERROR, "corrupt", "Stored bytes are not what was written";
    Unknown = INTERNAL_SERVER_ERROR, "unknown_outcome", "The outcome is not known";
    Busy = SERVICE_UNAVAILABLE, "busy", "The node has too much to do";
    StorageUnavailable = SERVICE_UNAVAILABLE, "storage_unavailable", "The store cannot be used now";
    TimedOut = GATEWAY_TIMEOUT, "timed_out", "The answer took too long";
}

/// A problem about to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub code: ProblemCode,
    /// What happened here and what to do next.
    pub detail: String,
    /// The field at fault.
    pub field: Option<&'static str>,
    /// Milliseconds after which it may succeed.
    pub retry_after_ms: Option<u64>,
}

/// The body of `application/problem+json` (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the code is explained, relative to this node.
    pub r#type: String,
    pub title: &'static str,
    pub status: u16,
    /// For programs; never changes its meaning.
    pub code: &'static str,
    /// For people: what happened and what to do next.
    pub detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

impl Problem {
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            retry_after_ms: None,
        }
    }

    pub fn not_found() -> Self {
        Self::new(
            ProblemCode::NotFound,
            "Nothing of this tenant has that name; list what there is and try again.",
        )
    }

    pub(super) fn at(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    pub(super) fn after(mut self, ms: u64) -> Self {
        self.retry_after_ms = Some(ms);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.code.status();
        let body = ProblemBody {
            r#type: format!("/docs#{}", self.code.as_str()),
            title: self.code.title(),
            status: status.as_u16(),
            code: self.code.as_str(),
            detail: self.detail,
            field: self.field,
            retry_after_ms: self.retry_after_ms,
        };
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(ms) = self.retry_after_ms {
            // The header counts whole seconds; rounding down would bring the client back too early.
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1_000)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<DeskRefusal> for Problem {
    fn from(refusal: DeskRefusal) -> Self {
        use ProblemCode as C;
        match refusal {
            DeskRefusal::NotFound => Problem::not_found(),
            DeskRefusal::Exists => Problem::new(
                C::Exists,
                "Choose another id, key or shortcut, or change the one that is there.",
            ),
            DeskRefusal::InUse(by) => Problem::new(
                C::InUse,
                format!("It is named by {by}; change that first, then delete it."),
            ),
            DeskRefusal::NoSuch { field } => Problem::new(
                C::InvalidField,
                format!("{field} names something this tenant does not have; create it first or name another."),
            )
            .at(field),
            DeskRefusal::Invalid { field, why } => {
                Problem::new(C::InvalidField, format!("{field} {why}; correct it and send it again.")).at(field)
            }
            DeskRefusal::Stale { latest } => Problem::new(
                C::StaleVersion,
                format!("Version {latest} is the newest; read it, put your change on top and send it with that version."),
            ),
        }
    }
}

impl From<DeskFailure> for Problem {
    fn from(failure: DeskFailure) -> Self {
        use ProblemCode as C;
        tracing::error!(%failure, "the desk failed");
        match failure {
            DeskFailure::Busy => {
                Problem::new(C::Busy, "Send it again after the time given.").after(2_000)
            }
            DeskFailure::Lost => Problem::new(
                C::Unknown,
                "It may or may not have taken effect; look first, then send it again if it has not.",
            ),
            DeskFailure::Corrupt { .. } => Problem::new(
                C::Corrupt,
                "The node's log says which record; restore it from a backup.",
            ),
            DeskFailure::Sqlite(_)
            | DeskFailure::Cql(_)
            | DeskFailure::Away(_)
            | DeskFailure::Directory(_)
            | DeskFailure::NewerSchema { .. } => Problem::new(
                C::StorageUnavailable,
                "Nothing was stored; send it again after the time given. The node's log says why.",
            )
            .after(5_000),
        }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Refused(refusal) => refusal.into(),
            DeskError::Failed(failure) => failure.into(),
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Refused(refusal) => refusal.into(),
            AuthError::Failed(failure) => failure.into(),
        }
    }
}

impl From<AuthRefusal> for Problem {
    fn from(refusal: AuthRefusal) -> Self {
        use ProblemCode as C;
        match refusal {
            AuthRefusal::UnknownTenant => Problem::new(
                C::UnknownTenant,
                "Check `tenant`: it is the id the shop was set up with.",
            )
            .at("tenant"),
            AuthRefusal::Token(refusal) => {
                Problem::new(C::TokenRefused, token_detail(&refusal)).at("token")
            }
            AuthRefusal::NoVisitors => Problem::new(
                C::VisitorsNotAllowed,
                "Send a `token` signed by the shop, or let an admin set `anonymous_visitors`.",
            ),
            AuthRefusal::Channel => Problem::new(
                C::InvalidField,
                "channel must be web or app; every other channel is named by a signed token.",
            )
            .at("channel"),
            AuthRefusal::Credentials => Problem::new(
                C::WrongCredentials,
                "Check tenant, login and password; an admin can set a new password.",
            ),
            AuthRefusal::Session => Problem::new(
                C::Unauthenticated,
                "Log in with POST /v1/login and send its token as `Authorization: Bearer …`.",
            ),
            AuthRefusal::Backoff { retry_after_ms } => Problem::new(
                C::TooManyFailures,
                "Wait for the time given, then try once more; an admin can set a new password.",
            )
            .after(retry_after_ms),
            AuthRefusal::Visitors { retry_after_ms } => Problem::new(
                C::TooManyVisitors,
                "Come back after the time given, as the same visitor; the shop's own customers bring a token instead.",
            )
            .after(retry_after_ms),
            AuthRefusal::Busy { retry_after_ms } => Problem::new(
                C::Busy,
                "Send it again after a random part of twice the time given.",
            )
            .after(retry_after_ms),
            AuthRefusal::WeakPassword => {
                Problem::new(C::WeakPassword, "Choose a password of 10 to 256 bytes.")
                    .at("password")
            }
        }
    }
}

impl From<ArchiveFailure> for Problem {
    fn from(failure: ArchiveFailure) -> Self {
        tracing::error!(%failure, "the archive failed");
        match failure {
            ArchiveFailure::Unavailable(_) => Problem::new(
                ProblemCode::StorageUnavailable,
                "Send it again after the time given. The node's log says why.",
            )
            .after(5_000),
            ArchiveFailure::Corrupt(_) => Problem::new(
                ProblemCode::Corrupt,
                "Run `crest verify`; it names file and place. Restore that log from a backup.",
            ),
        }
    }
}

fn token_detail(refusal: &TokenRefusal) -> String {
    match refusal {
        TokenRefusal::Malformed => {
            "It is not a JWT of three parts with the claims of the documentation.".to_owned()
        }
        TokenRefusal::TooLong => "It is longer than 16 KiB; leave attributes out.".to_owned(),
        TokenRefusal::UnknownKey => {
            "No key of the tenant has its `kid`; name the key it was signed with.".to_owned()
        }
        TokenRefusal::WrongAlgorithm => {
            "Sign with the algorithm that the key was registered for (EdDSA or HS256).".to_owned()
        }
        TokenRefusal::BadSignature => {
            "The signature does not fit; sign with the key of this tenant.".to_owned()
        }
        TokenRefusal::WrongAudience => "`aud` must be the tenant's id.".to_owned(),
        TokenRefusal::Expired => "It has expired; let the shop sign a new one.".to_owned(),
        TokenRefusal::NotYetValid => {
            "It is not valid yet; set the clock of the shop's server.".to_owned()
        }
        TokenRefusal::LivesTooLong => "`exp` must be at most 10 minutes after `iat`.".to_owned(),
        TokenRefusal::Missing(claim) => format!("The claim `{claim}` is missing; add it."),
        TokenRefusal::Bad(claim) => {
            format!("The claim `{claim}` breaks its bound or form; correct it.")
        }
    }
}

//! What admission says no to.

use crate::desk::{DeskError, DeskFailure, DeskRefusal};

use super::customer_token::TokenRefusal;

/// Why somebody was not let in.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("refused: {0:?}")]
    Refused(AuthRefusal),
    #[error(transparent)]
    Failed(#[from] DeskFailure),
}

/// A legal no. None of them tells whether an account exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthRefusal {
    UnknownTenant,
    Token(TokenRefusal),
    /// The tenant wants its customers known.
    NoVisitors,
    /// A channel that only an adapter or a signed token may name.
    Channel,
    /// Wrong name or wrong password.
    Credentials,
    /// No session, or one that has ended.
    Session,
    /// Too many failures before this one.
    Backoff {
        retry_after_ms: u64,
    },
    /// More tickets for visitors than one address gets.
    Visitors {
        retry_after_ms: u64,
    },
    /// More tickets or logins at once than the node holds.
    Busy {
        retry_after_ms: u64,
    },
    /// A new password that breaks its bounds.
    WeakPassword,
}

impl From<AuthRefusal> for AuthError {
    fn from(refusal: AuthRefusal) -> Self {
        AuthError::Refused(refusal)
    }
}

impl From<DeskError> for AuthError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Failed(failure) => AuthError::Failed(failure),
            // What admission asks of the desk is refused only where the account is gone meanwhile.
            DeskError::Refused(
                DeskRefusal::NotFound
                | DeskRefusal::Exists
                | DeskRefusal::InUse(_)
                | DeskRefusal::NoSuch { .. }
                | DeskRefusal::Invalid { .. }
                | DeskRefusal::Stale { .. },
            ) => AuthError::Refused(AuthRefusal::Session),
        }
    }
}

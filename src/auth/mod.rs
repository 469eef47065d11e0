//! Who gets in, and what each role may do.
//!
//! Here: customers' signed tokens, anonymous visitors, one-use tickets, staff passwords with
//! back-off, staff sessions, and the one table of operation × role. Not here: HTTP, sockets, and
//! what the state of a conversation allows (the domain says that).

mod allowance;
mod backoff;
mod customer_token;
mod desk_login;
mod entrance;
pub mod limits;
mod operations;
mod passwords;
mod principal;
mod refusal;
mod secret;
mod tickets;
mod visitor;

pub use backoff::{Backoff, Wait};
pub use customer_token::{CustomerClaims, TokenRefusal, verify};
pub use desk_login::{Login, LoginRequest};
pub use entrance::{Auth, CustomerTicket, Proof};
pub use operations::{Access, Operation};
pub use passwords::{Cost, Passwords};
pub use principal::{CustomerPrincipal, Principal, Role, StaffPrincipal};
pub use refusal::{AuthError, AuthRefusal};
pub use tickets::{IssuedTicket, TicketRefusal, Tickets};

#[cfg(test)]
mod tests;

//! Between the domain and the bytes, by exhaustive match: a new variant does not compile until it
//! has its frame, its code and its stored form.
//!
//! Here: free functions, one file a word. Not here, on purpose: sessions, rights, sockets, stores.
//! What a customer's connection carries goes through `customer_view` only, whose types cannot hold
//! anything of the desk.

mod body;
mod customer_view;
mod desk;
mod names;
pub mod node;
mod page;
mod push;
mod refusal;
mod request;
mod staff_view;
pub mod stored;

pub use customer_view::{customer_attached, customer_event};
pub use desk::summary;
pub use names::{conversation_id, message_id, wire_id};
pub use page::{customer_page, staff_page};
pub use push::frames;
pub use refusal::{code_of, code_of_store};
pub use request::{Page, Request, request};
pub use staff_view::{staff_attached, staff_event};

#[cfg(test)]
pub(crate) mod tests;

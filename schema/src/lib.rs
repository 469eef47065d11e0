//! Every byte that leaves a Crest process: client frames, node frames, stored events, error and close codes.
//!
//! `PROTOCOL.md` beside this crate is the contract; [`codes`] is the source of its registries, and
//! `vectors/` fixes the bytes. Here: plain types, their MessagePack codec, bounds. Not here, on
//! purpose: the domain (the root crate translates), sockets, decisions.

pub mod codec;
pub mod codes;
pub mod frame;
pub mod limits;
pub mod node;
pub mod stored;

pub use codec::Malformed;
pub use frame::{ClientFrame, ClientKind, ServerFrame, ServerKind};

/// What a WebSocket handshake must name. A client that offers nothing of this list is refused.
pub const SUBPROTOCOL: &str = "crest.v1.msgpack";

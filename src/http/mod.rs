//! Crest over HTTP: one registry of routes, each with its operation; one gate before all of them.
//!
//! Here: routes, the gate (who, may they, audit, idempotency, time-out), problems, OpenAPI and its
//! page, and the traits through which the node shows its archive and its actors. Not here:
//! listening, TLS, WebSocket, and the stores behind the traits.

mod address;
mod admission;
mod agents;
mod articles;
mod audit_log;
mod canned;
mod conversations;
mod docs;
mod extract;
mod gate;
mod groups;
pub mod limits;
mod node;
mod openapi;
mod origin;
mod page;
mod ports;
mod problem;
mod registry;
mod router;
mod routes;
mod signing_keys;
mod state;
mod tenant;
mod transcript;

pub use openapi::document;
pub use ports::{
    ActorLine, ActorsQuery, ActorsSnapshot, ActorsView, Archive, ArchiveFailure, Check,
    ClusterSnapshot, ClusterStatus, ConversationPage, ConversationQuery, KindLine, NodeLine,
    Readiness, ShardLine, TranscriptPart, Visibility,
};
pub use problem::{Problem, ProblemCode};
pub use registry::Route;
pub use router::router;
pub use routes::routes;
pub use state::{ArticleCheck, HttpParts, HttpState};

#[cfg(test)]
mod tests;

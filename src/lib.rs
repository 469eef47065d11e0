//! Crest: the edges of the messaging core and their wiring.
//!
//! Here: the gateway, the stores, moving a tenant between them, the cluster, the bot, the desk, admission, configuration,
//! HTTP, and the translation between wire and domain. Not here: what any actor decides (`actors/`),
//! how any frame looks (`schema/`).

pub mod answering;
pub mod auth;
pub mod bot;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod copy;
pub mod desk;
pub mod fault;
pub mod gateway;
pub mod http;
pub mod node;
pub mod store;
pub mod talk;
pub mod translate;

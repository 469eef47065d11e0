//! crest

pub mod auth;
pub mod config;
pub mod desk;
pub mod http;

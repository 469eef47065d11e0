//! Over real sockets, as a stranger would call.

mod contract;
mod entering;
mod support;
mod transcript_words;
mod work;

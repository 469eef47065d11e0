//! `crest talk`: a customer, an agent or a supervisor in a terminal.
//!
//! A pure core takes lines of input and frames and gives lines to print and frames to send: `state`
//! with `speak`, `customer`, `staff`, `board`, `outbox`, `input`, `words`; tested as tables. A thin shell
//! around it: `run` (sockets and timers), `entrance` and `post` (log-in and tickets), `terminal`.
//! Not here: anything of the server. This speaks the wire alone, as a stranger's client would.

mod args;
mod board;
mod columns;
mod customer;
mod editor;
mod entrance;
mod failure;
mod input;
mod limits;
mod line;
mod live;
mod offers;
mod outbox;
mod post;
mod reconnect;
mod rooms;
mod run;
mod screen;
mod speak;
mod staff;
mod state;
mod steer;
mod terminal;
mod words;

#[cfg(test)]
mod board_tests;
#[cfg(test)]
mod desk_tests;
#[cfg(test)]
mod script;
#[cfg(test)]
mod state_tests;

pub use args::{DEFAULT_URL, Side, TalkArgs};
pub use failure::TalkError;
pub use run::run;

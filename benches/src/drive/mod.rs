//! Servers on one core, driven from another: processes, their connections, and loads upon them.

mod crowd;
mod fanout;
mod line;
mod open_loop;
mod overload;
mod server;
mod slice;
mod storm;

pub use crowd::Crowd;
pub use line::{Line, Settles};
pub use overload::Overload;
pub use server::{CLIENT_CORE, SERVER_CORE, Scratch, Server, Started};
pub use slice::Slice;
pub use storm::{Comer, storm};

//! The socket layer by raw bytes over real TCP, against logic that echoes.
//!
//! Server and peer share a thread whose clock is paused, so that time-outs of seconds take none and
//! every run takes the same course. Times are the gate's defaults unless a test names its own.

mod closing;
mod frames;
mod kit;
mod liveness;
mod moves;
mod pressure;
mod random;
mod upgrade;

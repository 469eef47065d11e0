//! A connection on its way to an arbiter.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use bytes::Bytes;

use super::message::Fragments;
use super::outbox::Outbox;
use super::serve::Seat;

/// An upgraded connection that no arbiter holds: fresh from the upgrade, or released by one gate to
/// be adopted by another. Carries everything in flight, so that a move loses nothing in either
/// direction.
#[derive(Debug)]
pub struct Transport {
    pub(super) tcp: TcpStream,
    pub(super) unread: Vec<u8>,
    pub(super) fragments: Fragments,
    pub(super) outbox: Option<Box<Outbox>>,
    /// Microseconds of the rate already used beyond the present.
    pub(super) ahead_us: u64,
    pub(super) strikes: u8,
    pub(super) gapped: bool,
    pub(super) seat: Option<Arc<Seat>>,
}

impl Transport {
    /// A fresh connection with the bytes that were read behind the upgrade request. Turns Nagle's
    /// algorithm off: frames are put together by the flusher, and an ack must not wait for the
    /// peer's. The kernel's send buffer stays as it is: with autotuning it holds 16 KiB for idle
    /// peers and grows up to `tcp_wmem`'s maximum for fast ones; what a slow reader makes us queue
    /// is bounded by the outbox beyond it.
    pub fn new(tcp: TcpStream, already_read: Bytes) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        tcp.set_nonblocking(true)?;
        Ok(Self {
            tcp,
            unread: already_read.into(),
            fragments: Fragments::default(),
            outbox: None,
            ahead_us: 0,
            strikes: 0,
            gapped: false,
            seat: None,
        })
    }

    /// Keeps the listener's count of connections true for as long as this one lives.
    pub(super) fn seated(self, seat: Option<Arc<Seat>>) -> Self {
        Self { seat, ..self }
    }

    /// The peer's address; fails on a connection that is already reset.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.tcp.peer_addr()
    }
}

//! What one slice of one server's time gave.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::Server;
use crate::sys;

/// Work done, and what it cost both sides.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Slice {
    /// Answers or deliveries.
    pub done: f64,
    /// From the first byte to the last answer.
    pub seconds: f64,
    pub server_cpu_s: f64,
    pub client_cpu_s: f64,
    /// Of deliveries whose time was taken.
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Slice {
    /// Work a second.
    pub fn rate(&self) -> f64 {
        self.done / self.seconds
    }

    /// Work a second of the server's CPU: hardly moved by whatever else runs on the machine.
    pub fn rate_of_cpu(&self) -> f64 {
        self.done / self.server_cpu_s
    }

    /// Shares of a core that the two sides were busy.
    pub fn server_share(&self) -> f64 {
        self.server_cpu_s / self.seconds
    }

    pub fn client_share(&self) -> f64 {
        self.client_cpu_s / self.seconds
    }
}

/// Clocks taken at a slice's beginning.
pub struct Began {
    at: Instant,
    server: Duration,
    client: Duration,
}

impl Began {
    pub fn now(server: &Server) -> anyhow::Result<Self> {
        Ok(Self {
            at: Instant::now(),
            server: server.cpu()?,
            client: sys::cpu_here()?,
        })
    }

    /// The slice, now that everything has come to an end.
    pub fn ended(&self, server: &Server, done: u64) -> anyhow::Result<Slice> {
        Ok(Slice {
            done: done as f64,
            seconds: self.at.elapsed().as_secs_f64(),
            server_cpu_s: (server.cpu()? - self.server).as_secs_f64(),
            client_cpu_s: (sys::cpu_here()? - self.client).as_secs_f64(),
            ..Slice::default()
        })
    }
}

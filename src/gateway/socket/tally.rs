//! What the connections of one thread did, handed to the `metrics` recorder once a second: a
//! macro for each frame would cost more than the frame's decoding.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use metrics::{counter, gauge};

use super::closing::Closed;

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub frames_in: Count,
    pub bytes_in: Count,
    pub frames_out: Count,
    pub bytes_out: Count,
    pub dropped: Count,
    pub gaps: Count,
    pub rate_limited: Count,
    pub panics: Count,
    closes: RefCell<BTreeMap<Reason, u64>>,
}

#[derive(Debug, Default)]
pub(super) struct Count(Cell<u64>);

impl Count {
    pub fn add(&self, n: u64) {
        self.0.set(self.0.get() + n);
    }
}

/// Label of a close. A peer's private numbers are one label, or peers could invent a thousand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Peer(u16),
    PeerPrivate,
    Us(u16),
    Lost,
}

impl Tally {
    pub fn closed(&self, why: Closed) {
        let reason = match why {
            Closed::ByPeer(code @ ..3000) => Reason::Peer(code),
            Closed::ByPeer(_) => Reason::PeerPrivate,
            Closed::ByUs(code) => Reason::Us(code),
            Closed::Lost => Reason::Lost,
        };
        *self.closes.borrow_mut().entry(reason).or_default() += 1;
    }

    /// Hands over what was counted since the last time.
    pub fn publish(&self, arbiter: u16, open: usize, unfinished_bytes: usize) {
        let of = arbiter.to_string();
        gauge!("crest_socket_connections", "arbiter" => of.clone()).set(open as f64);
        gauge!("crest_socket_unfinished_bytes", "arbiter" => of).set(unfinished_bytes as f64);
        let counts = [
            ("crest_socket_frames_in_total", &self.frames_in),
            ("crest_socket_bytes_in_total", &self.bytes_in),
            ("crest_socket_frames_out_total", &self.frames_out),
            ("crest_socket_bytes_out_total", &self.bytes_out),
            ("crest_socket_dropped_frames_total", &self.dropped),
            ("crest_socket_gaps_total", &self.gaps),
            ("crest_socket_rate_limited_total", &self.rate_limited),
            ("crest_socket_panics_total", &self.panics),
        ];
        for (name, count) in counts {
            counter!(name).increment(count.0.take());
        }
        for (reason, n) in self.closes.take() {
            let (by, code) = match reason {
                Reason::Peer(code) => ("peer", code.to_string()),
                Reason::PeerPrivate => ("peer", "private".to_owned()),
                Reason::Us(code) => ("us", code.to_string()),
                Reason::Lost => ("lost", String::new()),
            };
            counter!("crest_socket_closes_total", "by" => by, "code" => code).increment(n);
        }
    }
}

//! A supervisor: watches the board, looks into conversations, whispers marked texts.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crest_schema::ServerFrame;
use crest_schema::frame::client::{Attach, Named, Scope, WatchBoard, Whisper};
use crest_schema::frame::desk::Phase;
use crest_schema::frame::{ClientFrame, Id, staff_view::StaffEvent};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::measured::{Count, Latency};
use super::meter::Meter;
use crate::client::{Client, Incoming, Supervisor, What};
use crate::history::MARKER;
use crate::scenario;

/// Longest time that attaching takes.
const ATTACHING_MS: u64 = 1_000;

/// Watches until `stop` is set; the connection still stands then. `one_clock` says that the server's
/// clock is this machine's.
pub(super) async fn watch(
    supervisor: Supervisor,
    habits: scenario::Supervisors,
    one_clock: bool,
    meter: Meter,
    rng: StdRng,
    mut stop: watch::Receiver<bool>,
) -> Supervisor {
    let every = match habits.whispers_per_s {
        rate if rate > 0.0 => Duration::from_secs_f64(1.0 / rate),
        _ => Duration::from_secs(3_600),
    };
    let mut wall = Wall {
        supervisor,
        habits,
        one_clock,
        meter,
        rng,
        watched: BTreeMap::new(),
    };
    wall.watch_board().await;
    let mut whisper_at = Instant::now() + every;
    loop {
        tokio::select! {
            incoming = wall.supervisor.next() => match incoming {
                Some(incoming) => wall.take(incoming).await,
                None => break,
            },
            () = sleep_until(whisper_at.into()) => {
                whisper_at += every;
                wall.whisper().await;
            }
            _ = stop.changed() => break,
        }
    }
    wall.supervisor
}

struct Wall {
    supervisor: Supervisor,
    habits: scenario::Supervisors,
    one_clock: bool,
    meter: Meter,
    rng: StdRng,
    /// Since when, in Unix milliseconds.
    watched: BTreeMap<Id, u64>,
}

impl Wall {
    async fn watch_board(&self) {
        let scope = Scope::Tenant;
        self.order(ClientFrame::WatchBoard(WatchBoard { scope }))
            .await;
    }

    async fn order(&self, frame: ClientFrame) {
        let client: &Client = &self.supervisor;
        if let Ok(pending) = client.start_call(frame).await {
            self.meter.watch(pending, Instant::now(), None);
        }
    }

    async fn take(&mut self, incoming: Incoming) {
        let frame = match incoming.what {
            What::Frame(frame) => *frame,
            What::Lost(_) => return self.meter.count(Count::Reconnects),
            What::Over(_) => return self.meter.count(Count::Failed),
        };
        match frame {
            ServerFrame::Welcome(_) => self.watch_board().await,
            ServerFrame::Board(board) => {
                // Each supervisor looks into other conversations than its colleagues.
                let open = board.conversations.into_iter();
                let open: Vec<Id> = open
                    .filter(|row| row.phase != Phase::Closed)
                    .map(|row| row.conversation)
                    .collect();
                let room = self.habits.watch.saturating_sub(self.watched.len());
                for conversation in open.into_iter().sample(&mut self.rng, room) {
                    self.look_into(conversation).await;
                }
            }
            ServerFrame::StaffEvent(event) => {
                self.behind(event.conversation, event.at);
                if matches!(event.event, StaffEvent::Closed { .. }) {
                    self.turn_away(event.conversation).await;
                }
            }
            _ => {}
        }
    }

    /// How late the event is here. What came before attaching is old, not late.
    fn behind(&mut self, conversation: Id, at_ms: u64) {
        self.meter.count(Count::WatchedEvents);
        let now = unix_ms();
        let since = self.watched.get(&conversation);
        if self.one_clock && since.is_some_and(|since| at_ms > since + ATTACHING_MS) {
            let late = Duration::from_millis(now.saturating_sub(at_ms));
            self.meter.record(Latency::Watch, late);
        }
    }

    async fn look_into(&mut self, conversation: Id) {
        let room = self.watched.len() < self.habits.watch;
        if room && !self.watched.contains_key(&conversation) {
            self.watched.insert(conversation, unix_ms());
            self.meter.count(Count::Watched);
            let after = 0;
            let attach = Attach {
                conversation,
                after,
            };
            self.order(ClientFrame::Attach(attach)).await;
        }
    }

    async fn turn_away(&mut self, conversation: Id) {
        if self.watched.remove(&conversation).is_some() {
            self.order(ClientFrame::Detach(Named { conversation }))
                .await;
        }
    }

    async fn whisper(&mut self) {
        let Some(conversation) = self.watched.keys().copied().choose(&mut self.rng) else {
            return;
        };
        let id = Id(self.rng.random());
        self.meter.count(Count::Whispers);
        let text = format!("{MARKER}{id}");
        let whisper = Whisper {
            conversation,
            id,
            text,
        };
        self.order(ClientFrame::Whisper(whisper)).await;
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

//! A supervisor: watches the board, looks into conversations, whispers marked texts.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crest_schema::ServerFrame;
use crest_schema::frame::client::{Attach, Named, Scope, WatchBoard, Whisper};
use crest_schema::frame::desk::Phase;
use crest_schema::frame::{ClientFrame, Id, staff_view::StaffEvent};
use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::meter::{Count, Meter};
use crate::client::{Client, Incoming, Supervisor, What};
use crate::history::MARKER;
use crate::scenario;

/// Watches until `stop` is set; the connection still stands then.
pub(super) async fn watch(
    supervisor: Supervisor,
    habits: scenario::Supervisor,
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
        meter,
        rng,
        watched: BTreeSet::new(),
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
    habits: scenario::Supervisor,
    meter: Meter,
    rng: StdRng,
    watched: BTreeSet<Id>,
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
                for row in board.conversations {
                    if row.phase != Phase::Closed {
                        self.look_into(row.conversation).await;
                    }
                }
            }
            ServerFrame::StaffEvent(event) => {
                if matches!(event.event, StaffEvent::Closed { .. }) {
                    self.turn_away(event.conversation).await;
                }
            }
            _ => {}
        }
    }

    async fn look_into(&mut self, conversation: Id) {
        if self.watched.len() < self.habits.watch && self.watched.insert(conversation) {
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
        if self.watched.remove(&conversation) {
            self.order(ClientFrame::Detach(Named { conversation }))
                .await;
        }
    }

    async fn whisper(&mut self) {
        let Some(conversation) = self.watched.iter().copied().choose(&mut self.rng) else {
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

//! A customer: says what was drawn for it at the times drawn for it, waits for a person where it
//! needs one, rates, goes.

use std::time::{Duration, Instant};

use crest_schema::ServerFrame;
use crest_schema::frame::customer_view::{CustomerEvent, Speaker};
use crest_schema::frame::server;
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::time::{sleep_until, timeout_at};

use super::measured::{Count, Estimate, Latency, Wait};
use super::meter::Meter;
use crate::client::{Customer, Identity, Incoming, Setting, What};
use crate::scenario::{Customers, Dialogue, LAST_WORDS, Manner};

/// Looked on for so long after its last word, as a page that is still open does.
const LINGER: Duration = Duration::from_millis(500);

/// What all customers of one tenant share in a process.
#[derive(Clone)]
pub(super) struct Shop {
    pub setting: Setting,
    pub customers: Customers,
    pub meter: Meter,
    /// Counts the storms; each cuts every socket.
    pub storms: watch::Receiver<u32>,
}

/// One arrival's whole stay. `intended` is when it was meant to arrive.
pub(super) async fn visit(
    shop: Shop,
    dialogue: Dialogue,
    identity: Identity,
    intended: Instant,
    name: String,
    rng: StdRng,
) {
    let Shop {
        setting,
        customers,
        meter,
        mut storms,
    } = shop;
    let customer = match Customer::connect_as(&setting, &name, identity).await {
        Ok(customer) => customer,
        Err(_) => return meter.count(Count::Failed),
    };
    meter.record(Latency::Connect, intended.elapsed());
    for (is, count) in [
        (dialogue.manner.tier.is_some(), Count::Signed),
        (dialogue.manner.tier > Some(0), Count::Vip),
        (dialogue.manner.slow_reader, Count::SlowReaders),
    ] {
        if is {
            meter.count(count);
        }
    }
    storms.mark_unchanged();
    let mut visit = Visit {
        customer,
        meter,
        customers,
        storms,
        rng,
        manner: dialogue.manner,
        joined: false,
        line: None,
        ended: false,
        over: false,
        asked_bot_at: None,
        lost_at: None,
    };
    visit.talk(&dialogue, intended).await;
    visit.leave(&dialogue).await;
}

struct Visit {
    customer: Customer,
    meter: Meter,
    customers: Customers,
    storms: watch::Receiver<u32>,
    rng: StdRng,
    manner: Manner,
    joined: bool,
    line: Option<Line>,
    ended: bool,
    /// The connection was closed for good.
    over: bool,
    asked_bot_at: Option<Instant>,
    lost_at: Option<Instant>,
}

/// Waiting for a person.
struct Line {
    since: Instant,
    estimate: Option<Estimate>,
}

impl Visit {
    /// Words go out at their time, answered or not. Only a wait for a person moves what follows: its
    /// times are counted from the moment the person is there.
    async fn talk(&mut self, dialogue: &Dialogue, arrival: Instant) {
        let mut due = arrival;
        for (index, burst) in dialogue.bursts.iter().enumerate() {
            if index > 0 {
                due += burst.think;
            }
            self.look_on(due, |visit| visit.ended).await;
            if self.manner.vanishes_before == Some(index) {
                self.meter.count(Count::Vanished);
                self.customer.vanish().await;
            }
            if dialogue.human_at == Some(index) {
                self.ask_human(due).await;
            }
            if self.line.is_some() {
                if !self.wait_in_line().await {
                    return;
                }
                due = Instant::now();
            }
            for text in &burst.texts {
                self.look_on(due, |visit| visit.ended).await;
                if self.ended || self.over {
                    return;
                }
                self.say(text, due).await;
                due += Duration::from_millis(self.customers.burst_ms);
            }
        }
        if dialogue.human_at == Some(dialogue.bursts.len()) {
            self.ask_human(Instant::now()).await;
        }
        if self.line.is_some() {
            self.wait_in_line().await;
        }
    }

    async fn say(&mut self, text: &str, intended: Instant) {
        if self.rng.random_bool(self.customers.typing_share) {
            self.meter.count(Count::Typed);
            self.customer.typing().await;
        }
        let id: [u8; 16] = self.rng.random();
        self.meter.offers(intended);
        let Ok((id, pending)) = self.customer.start_saying(id, text).await else {
            self.over = true;
            return;
        };
        if self.joined {
            self.meter.under_way(id, intended);
        } else if self.line.is_none() {
            self.asked_bot_at = Some(intended);
        }
        let latency = match self.manner {
            Manner {
                slow_reader: false,
                vanishes_before: None,
                ..
            } => Latency::Ack,
            _ => Latency::AckTroubled,
        };
        self.meter.watch(pending, intended, Some(latency));
        if self.manner.slow_reader {
            let lasting = Duration::from_millis(self.customers.slow_ms);
            self.customer.stall(lasting).await;
        }
    }

    async fn ask_human(&mut self, intended: Instant) {
        if self.joined || self.ended || self.over {
            return;
        }
        self.asked_bot_at = None;
        if let Ok(answered) = self.customer.ask_human().await {
            self.meter.answered(&answered, intended, None);
            if answered.refused().is_none() {
                self.waits(intended);
            }
        }
    }

    fn waits(&mut self, since: Instant) {
        if self.line.is_none() && !self.joined {
            self.meter.joins_line();
            let estimate = None;
            self.line = Some(Line { since, estimate });
        }
    }

    /// Until a person joins. `false` where patience is over first.
    async fn wait_in_line(&mut self) -> bool {
        let patience = self.patience();
        self.look_on(patience, |visit| {
            visit.joined || visit.ended || visit.line.is_none()
        })
        .await;
        if !self.joined && self.line.is_some() {
            self.waited(Instant::now(), false);
        }
        self.joined && !self.ended
    }

    /// Tells of the wait, which is over.
    fn waited(&mut self, at: Instant, served: bool) {
        let Some(line) = self.line.take() else { return };
        self.meter.leaves_line();
        let waited = at.saturating_duration_since(line.since);
        let tier = self.manner.tier.unwrap_or(0);
        if served {
            let latency = match tier {
                0 => Latency::WaitStandard,
                _ => Latency::WaitVip,
            };
            self.meter.record(latency, waited);
        }
        self.meter.waited(Wait {
            tier,
            from_us: self.meter.clock().us(line.since),
            waited_us: waited.as_micros() as u64,
            served,
            estimate: line.estimate,
        });
    }

    async fn leave(mut self, dialogue: &Dialogue) {
        let needed = dialogue.human_at.is_some();
        let served = self.joined;
        if !self.ended && !self.over {
            if self.joined {
                let due = Instant::now();
                self.say(LAST_WORDS, due).await;
                let patience = self.patience();
                self.look_on(patience, |visit| visit.ended).await;
            }
            if !self.ended && !self.over {
                let intended = Instant::now();
                if let Ok(answered) = self.customer.leave().await {
                    self.meter.answered(&answered, intended, None);
                }
                let patience = self.patience();
                self.look_on(patience, |visit| visit.ended).await;
            }
        }
        self.waited(Instant::now(), false);
        let outcome = match (self.over, self.ended, served || !needed) {
            (true, _, _) => Count::Failed,
            (_, true, true) => Count::Ended,
            (_, true, false) => Count::GaveUp,
            (_, false, _) => Count::Unfinished,
        };
        self.meter.count(outcome);
        if let (true, Some(level)) = (self.ended && served, dialogue.rating) {
            self.rate(level).await;
        }
        let until = Instant::now() + LINGER;
        self.look_on(until, |visit| visit.over).await;
        self.customer.leave_the_line().await;
    }

    async fn rate(&mut self, level: u8) {
        let intended = Instant::now();
        if let Ok(answered) = self.customer.rate(level, None).await {
            self.meter.answered(&answered, intended, None);
            if answered.seq().is_some() {
                self.meter.count(Count::Rated);
            }
        }
    }

    fn patience(&self) -> Instant {
        Instant::now() + Duration::from_millis(self.customers.patience_ms)
    }

    /// Reads what comes until the time, or until `enough`.
    async fn look_on(&mut self, until: Instant, enough: impl Fn(&Self) -> bool) {
        let ahead = Instant::now() < until;
        while !enough(self) {
            tokio::select! {
                incoming = timeout_at(until.into(), self.customer.next()) => match incoming {
                    Ok(Some(incoming)) => self.take(incoming),
                    Ok(None) => {
                        self.over = true;
                        // Paces a caller that would come back at once.
                        return sleep_until(until.into()).await;
                    }
                    Err(_) => {
                        if ahead {
                            self.meter.record(Latency::OwnLag, until.elapsed());
                        }
                        return;
                    }
                },
                Ok(()) = self.storms.changed() => {
                    self.meter.count(Count::Cut);
                    self.customer.cut().await;
                }
            }
        }
    }

    fn take(&mut self, incoming: Incoming) {
        match incoming.what {
            What::Frame(frame) => self.frame(*frame, incoming.at),
            What::Lost(_) => {
                self.meter.count(Count::Reconnects);
                self.lost_at.get_or_insert(incoming.at);
            }
            What::Over(_) => self.over = true,
        }
    }

    fn frame(&mut self, frame: ServerFrame<'static>, at: Instant) {
        match frame {
            ServerFrame::Welcome(_) => {
                if let Some(lost) = self.lost_at.take() {
                    let away = at.saturating_duration_since(lost);
                    self.meter.record(Latency::Resume, away);
                }
            }
            ServerFrame::Event(event) => self.event(event.event, at),
            ServerFrame::Place(place) => self.place(place, at),
            ServerFrame::Ended(_) => self.ended = true,
            _ => {}
        }
    }

    /// The first estimate counts: by it a customer decides whether to stay.
    fn place(&mut self, place: server::Place, at: Instant) {
        let at_us = self.meter.clock().us(at);
        if let (Some(line), Some(minutes)) = (&mut self.line, place.wait_minutes) {
            line.estimate.get_or_insert(Estimate {
                at_us,
                minutes,
                position: place.position,
            });
        }
    }

    fn event(&mut self, event: CustomerEvent<'_>, at: Instant) {
        match event {
            CustomerEvent::Message { from, .. } if from != Speaker::You => {
                if let (Speaker::Bot, Some(asked)) = (from, self.asked_bot_at.take()) {
                    let took = at.saturating_duration_since(asked);
                    self.meter.record(Latency::BotAnswer, took);
                }
            }
            // Also after a transfer: then the person is there no more.
            CustomerEvent::Waiting => {
                self.joined = false;
                self.waits(at);
                self.asked_bot_at = None;
            }
            CustomerEvent::Joined { .. } => {
                if !self.joined {
                    self.meter.count(Count::Joined);
                    self.waits(at);
                    self.waited(at, true);
                }
                self.joined = true;
                self.asked_bot_at = None;
            }
            CustomerEvent::BotResumed => self.waited(at, false),
            CustomerEvent::Ended { .. } => self.ended = true,
            _ => {}
        }
    }
}

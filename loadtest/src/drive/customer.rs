//! A customer: says what was drawn for it, waits, asks for a person, rates, goes.

use std::time::{Duration, Instant};

use crest_schema::ServerFrame;
use crest_schema::frame::customer_view::{CustomerEvent, Speaker};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::time::{sleep_until, timeout_at};

use super::meter::{Count, Latency, Meter};
use crate::client::{Customer, Incoming, Setting, What};
use crate::scenario::{Customers, Dialogue, LAST_WORDS};

/// Looked on for so long after its last word, as a page that is still open does.
const LINGER: Duration = Duration::from_millis(500);

/// One arrival's whole stay. `intended` is when it was meant to arrive.
pub(super) async fn visit(
    setting: Setting,
    customers: Customers,
    meter: Meter,
    dialogue: Dialogue,
    intended: Instant,
    name: String,
    rng: StdRng,
) {
    meter.count(Count::Arrived);
    let customer = match Customer::connect(&setting, &name).await {
        Ok(customer) => customer,
        Err(_) => return meter.count(Count::Failed),
    };
    meter.record(Latency::Connect, intended.elapsed());
    let mut visit = Visit {
        customer,
        meter,
        customers,
        rng,
        joined: false,
        waiting_since: None,
        ended: false,
        over: false,
        heard: 0,
        asked_bot_at: None,
    };
    visit.talk(&dialogue, intended).await;
    visit.leave(&dialogue).await;
}

struct Visit {
    customer: Customer,
    meter: Meter,
    customers: Customers,
    rng: StdRng,
    joined: bool,
    waiting_since: Option<Instant>,
    ended: bool,
    /// The connection was closed for good.
    over: bool,
    /// Messages of others so far.
    heard: u64,
    asked_bot_at: Option<Instant>,
}

impl Visit {
    async fn talk(&mut self, dialogue: &Dialogue, intended: Instant) {
        let mut next = intended;
        for (index, burst) in dialogue.bursts.iter().enumerate() {
            if index > 0 {
                next = Instant::now() + burst.think;
                self.look_on(next, |visit| visit.ended).await;
            }
            if dialogue.human_at == Some(index) {
                self.ask_human().await;
                // Waiting for a person is no lateness of the words that follow.
                next = next.max(Instant::now());
            }
            if self.ended || self.over {
                return;
            }
            let heard = self.heard;
            for text in &burst.texts {
                self.look_on(next, |_| false).await;
                self.say(text, next).await;
                next += Duration::from_millis(self.customers.burst_ms);
            }
            let patience = self.patience();
            self.look_on(patience, |visit| visit.heard > heard || visit.ended)
                .await;
            if self.waiting_since.is_some() && !self.joined && !self.wait_in_line().await {
                return;
            }
        }
        if dialogue.human_at == Some(dialogue.bursts.len()) && !self.joined {
            self.ask_human().await;
        }
    }

    async fn say(&mut self, text: &str, intended: Instant) {
        let id: [u8; 16] = self.rng.random();
        let Ok((id, pending)) = self.customer.start_saying(id, text).await else {
            self.over = true;
            return;
        };
        self.meter.count(Count::CustomerMessages);
        if self.joined {
            self.meter.under_way(id, intended);
        } else if self.waiting_since.is_none() {
            self.asked_bot_at = Some(intended);
        }
        self.meter.watch(pending, intended, Some(Latency::Ack));
    }

    async fn ask_human(&mut self) {
        if self.joined || self.ended {
            return;
        }
        self.asked_bot_at = None;
        let intended = Instant::now();
        if let Ok(answered) = self.customer.ask_human().await {
            self.meter.answered(&answered, intended, None);
            if answered.refused().is_none() {
                self.waiting_since.get_or_insert(intended);
                self.wait_in_line().await;
            }
        }
    }

    /// Until a person joins. Gives up, and says so, when patience is over.
    async fn wait_in_line(&mut self) -> bool {
        let patience = self.patience();
        self.look_on(patience, |visit| visit.joined || visit.ended)
            .await;
        self.joined
    }

    async fn leave(mut self, dialogue: &Dialogue) {
        let served = self.joined;
        if !self.ended && !self.over {
            if self.joined {
                self.say(LAST_WORDS, Instant::now()).await;
                let patience = self.patience();
                self.look_on(patience, |visit| visit.ended).await;
            }
            if !self.ended && !self.over {
                if let Ok(answered) = self.customer.leave().await {
                    self.meter.answered(&answered, Instant::now(), None);
                }
                let patience = self.patience();
                self.look_on(patience, |visit| visit.ended).await;
            }
        }
        let outcome = match (
            self.over,
            self.ended,
            served || self.waiting_since.is_none(),
        ) {
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
        while !enough(self) {
            match timeout_at(until.into(), self.customer.next()).await {
                Ok(Some(incoming)) => self.take(incoming),
                Ok(None) => {
                    self.over = true;
                    // Paces a caller that would come back at once.
                    return sleep_until(until.into()).await;
                }
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, incoming: Incoming) {
        match incoming.what {
            What::Frame(frame) => match *frame {
                ServerFrame::Event(event) => self.event(event.event, incoming.at),
                ServerFrame::Ended(_) => self.ended = true,
                _ => {}
            },
            What::Lost(_) => self.meter.count(Count::Reconnects),
            What::Over(_) => self.over = true,
        }
    }

    fn event(&mut self, event: CustomerEvent<'_>, at: Instant) {
        match event {
            CustomerEvent::Message { from, .. } if from != Speaker::You => {
                self.heard += 1;
                if let (Speaker::Bot, Some(asked)) = (from, self.asked_bot_at.take()) {
                    self.meter
                        .record(Latency::BotAnswer, at.saturating_duration_since(asked));
                }
            }
            CustomerEvent::Waiting => {
                self.waiting_since.get_or_insert(at);
                self.asked_bot_at = None;
            }
            CustomerEvent::Joined { .. } => {
                if !self.joined {
                    self.meter.count(Count::Joined);
                    let since = self.waiting_since.unwrap_or(at);
                    self.meter
                        .record(Latency::QueueWait, at.saturating_duration_since(since));
                }
                self.joined = true;
                self.asked_bot_at = None;
            }
            CustomerEvent::BotResumed => self.waiting_since = None,
            CustomerEvent::Ended { .. } => self.ended = true,
            _ => {}
        }
    }
}

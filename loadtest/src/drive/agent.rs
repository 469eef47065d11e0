//! An agent: takes what it is offered, answers, lets go, does its paperwork.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::time::{Duration, Instant};

use crest_schema::ServerFrame;
use crest_schema::frame::client::{
    Attach, Named, OfferAnswer, SetPresence, Transfer, TransferTarget, WrapUpDone,
};
use crest_schema::frame::desk::{Offer, Presence};
use crest_schema::frame::staff_view::{Author, StaffEvent};
use crest_schema::frame::{Body, ClientFrame, Id};
use rand::RngExt;
use rand::rngs::StdRng;
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::measured::{Count, Latency};
use super::meter::Meter;
use crate::client::{Agent, Incoming, What};
use crate::scenario::{Agents, LAST_WORDS, Shape, reply, think};

/// From being made not ready to being ready again.
const BREATH_MS: u64 = 300;

/// Serves until `stop` is set; the connection still stands then.
pub(super) async fn serve(
    agent: Agent,
    agents: Agents,
    shape: Shape,
    meter: Meter,
    rng: StdRng,
    mut stop: watch::Receiver<bool>,
) -> Agent {
    let mut desk = Desk {
        agent,
        agents,
        shape,
        meter,
        rng,
        replied: HashSet::new(),
        cases: HashMap::new(),
        due: BinaryHeap::new(),
        steps: HashMap::new(),
        next_step: 0,
        // Its welcome was taken by who connected it.
        welcomed: true,
    };
    desk.get_ready().await;
    loop {
        let far = Instant::now() + Duration::from_secs(3_600);
        let at = desk.due.peek().map_or(far, |Reverse((at, _))| *at);
        tokio::select! {
            incoming = desk.agent.next() => match incoming {
                Some(incoming) => desk.take(incoming).await,
                None => break,
            },
            () = sleep_until(at.into()) => desk.step().await,
            _ = stop.changed() => break,
        }
    }
    desk.agent
}

struct Desk {
    agent: Agent,
    agents: Agents,
    shape: Shape,
    meter: Meter,
    rng: StdRng,
    /// Conversations it has answered at least once, so that each is passed on at most once by it.
    replied: HashSet<Id>,
    /// What it holds; `true` while a reply or the end is on its way.
    cases: HashMap<Id, bool>,
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    steps: HashMap<u64, Step>,
    next_step: u64,
    /// The next presence is the first of this connection: what it names as held is to be found.
    welcomed: bool,
}

#[derive(Clone, Copy)]
enum Step {
    GetReady,
    Accept(Offer),
    Decline(Offer),
    Reply(Id),
    PassOn(Id),
    End(Id),
    WrapUpDone(Id),
}

impl Desk {
    async fn get_ready(&self) {
        self.order(
            ClientFrame::SetPresence(SetPresence {
                agent: None,
                presence: Presence::Ready,
                next: None,
            }),
            None,
        )
        .await;
    }

    /// Commands are not waited for: the next customer is.
    async fn order(&self, frame: ClientFrame, latency: Option<(Instant, Latency)>) {
        if let Ok(pending) = self.agent.start_call(frame).await {
            let (intended, latency) = latency.unzip();
            let intended = intended.unwrap_or_else(Instant::now);
            self.meter.watch(pending, intended, latency);
        }
    }

    async fn take(&mut self, incoming: Incoming) {
        let frame = match incoming.what {
            What::Frame(frame) => *frame,
            What::Lost(_) => return self.meter.count(Count::Reconnects),
            What::Over(_) => return self.meter.count(Count::Failed),
        };
        match frame {
            ServerFrame::Welcome(_) => {
                self.welcomed = true;
                self.get_ready().await;
            }
            ServerFrame::Offer(offer) => self.offered(offer.offer),
            ServerFrame::Presence(presence) => {
                // A missed offer costs the presence; this one comes back soon.
                if presence.state.presence != Presence::Ready && presence.next.is_none() {
                    self.after(BREATH_MS, Step::GetReady);
                }
                if std::mem::take(&mut self.welcomed) {
                    for held in presence.held {
                        self.find(held).await;
                    }
                }
            }
            ServerFrame::Assigned(named) => self.will_reply(named.conversation),
            ServerFrame::Unassigned(named) => {
                self.cases.remove(&named.conversation);
            }
            ServerFrame::StaffEvent(event) => {
                self.event(event.conversation, event.event, incoming.at);
            }
            _ => {}
        }
    }

    fn offered(&mut self, offer: Offer) {
        self.meter.count(Count::Offers);
        if self.rng.random_bool(self.agents.miss_share) {
            self.meter.count(Count::OffersMissed);
        } else if self.rng.random_bool(self.agents.decline_share) {
            self.meter.count(Count::OffersDeclined);
            self.after(self.agents.accept_ms, Step::Decline(offer));
        } else {
            self.after(self.agents.accept_ms, Step::Accept(offer));
        }
    }

    /// Held since before this client began.
    async fn find(&mut self, held: Id) {
        if !self.cases.contains_key(&held) {
            let attach = Attach {
                conversation: held,
                after: 0,
            };
            self.order(ClientFrame::Attach(attach), None).await;
            self.will_reply(held);
        }
    }

    fn event(&mut self, conversation: Id, event: StaffEvent<'_>, at: Instant) {
        match event {
            StaffEvent::Message {
                author: Author::Customer,
                id,
                body,
            } => {
                if let Some(id) = id {
                    self.meter.shown(id, at);
                }
                if !self.cases.contains_key(&conversation) {
                    return;
                }
                if matches!(&body, Body::Text(text) if text == LAST_WORDS) {
                    self.cases.insert(conversation, true);
                    self.soon(Step::End(conversation));
                } else {
                    self.will_reply(conversation);
                }
            }
            StaffEvent::WrapUp { .. } if self.cases.contains_key(&conversation) => {
                self.after(self.agents.wrap_up_ms, Step::WrapUpDone(conversation));
            }
            StaffEvent::Closed { .. } | StaffEvent::Waiting(_) => {
                self.cases.remove(&conversation);
            }
            _ => {}
        }
    }

    /// One reply answers a whole burst.
    fn will_reply(&mut self, conversation: Id) {
        if !self.cases.insert(conversation, true).unwrap_or(false) {
            self.soon(Step::Reply(conversation));
        }
    }

    fn soon(&mut self, step: Step) {
        let pause = think(self.agents.think_ms, &mut self.rng);
        self.at(Instant::now() + pause, step);
    }

    fn after(&mut self, ms: u64, step: Step) {
        self.at(Instant::now() + Duration::from_millis(ms), step);
    }

    fn at(&mut self, at: Instant, step: Step) {
        self.due.push(Reverse((at, self.next_step)));
        self.steps.insert(self.next_step, step);
        self.next_step += 1;
    }

    async fn step(&mut self) {
        let Some(Reverse((intended, number))) = self.due.pop() else {
            return;
        };
        match self.steps.remove(&number) {
            Some(Step::Accept(offer)) => {
                // The case is there before its first event; the reply comes with `assigned`.
                self.cases.entry(offer.conversation).or_insert(false);
                self.order(ClientFrame::Accept(OfferAnswer { offer }), None)
                    .await;
            }
            Some(Step::GetReady) => self.get_ready().await,
            Some(Step::Decline(offer)) => {
                self.order(ClientFrame::Decline(OfferAnswer { offer }), None)
                    .await;
            }
            Some(Step::Reply(conversation)) => self.reply(conversation, intended).await,
            Some(Step::PassOn(conversation)) if self.cases.contains_key(&conversation) => {
                self.pass_on(conversation).await;
            }
            Some(Step::End(conversation)) if self.cases.contains_key(&conversation) => {
                self.order(ClientFrame::End(Named { conversation }), None)
                    .await;
            }
            Some(Step::WrapUpDone(conversation)) => {
                let code = Some("rehearsed".to_owned());
                let done = ClientFrame::WrapUpDone(WrapUpDone { conversation, code });
                self.order(done, None).await;
            }
            Some(Step::End(_) | Step::PassOn(_)) | None => {}
        }
    }

    async fn reply(&mut self, conversation: Id, intended: Instant) {
        let Some(under_way) = self.cases.get_mut(&conversation) else {
            return;
        };
        *under_way = false;
        let text = reply(&self.shape, &mut self.rng);
        let id: [u8; 16] = self.rng.random();
        if let Ok((_, pending)) = self.agent.start_saying(conversation, id, &text).await {
            self.meter.count(Count::AgentMessages);
            self.meter.watch(pending, intended, Some(Latency::AgentAck));
        }
        let first = self.replied.insert(conversation);
        if first && self.rng.random_bool(self.agents.transfer_share) {
            self.soon(Step::PassOn(conversation));
        }
    }

    async fn pass_on(&mut self, conversation: Id) {
        self.meter.count(Count::Transfers);
        let transfer = Transfer {
            conversation,
            to: TransferTarget::Group(self.agents.transfer_group.clone()),
            forced: false,
            note: Some("rehearsed".to_owned()),
        };
        self.order(ClientFrame::Transfer(transfer), None).await;
    }
}

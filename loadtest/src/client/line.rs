//! The client's side of the protocol, pure: what to send, what to keep, where each conversation
//! stands. Time comes in; bytes go out.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use crest_schema::frame::client::{Attach, ClientSoftware, Hello, Resume};
use crest_schema::frame::server::Welcome;
use crest_schema::frame::{ClientFrame, Id, ServerFrame};
use crest_schema::limits::RESUME_MAX;

use super::call::{Answer, Call};
use super::told::markers;
use crate::history::{Seen, Side, Witness, customer_fact, staff_fact};

/// What the line wants from who drives it.
#[derive(Debug, Default)]
pub struct Output {
    /// To be written in this order.
    pub frames: Vec<Bytes>,
    /// What the server said, for whoever uses the client.
    pub shown: Vec<ServerFrame<'static>>,
    /// The bytes could not be read; the connection is of no more use.
    pub broken: bool,
}

/// One client across all its connections.
pub struct Line {
    pub(super) side: Side,
    pub(super) witness: Witness,
    pub(super) connection: u32,
    pub(super) role: RoleOf,
    pub(super) next_ref: u32,
    /// Commands in the order given; those with a ref in `asked` are on the wire.
    pub(super) queue: VecDeque<(u64, Call)>,
    pub(super) next_call: u64,
    pub(super) asked: HashMap<u32, u64>,
    pub(super) window: usize,
    /// What this client has of each conversation, for as long as it lives.
    pub(super) positions: BTreeMap<Id, u64>,
    /// Conversations that this connection is shown.
    pub(super) viewed: HashMap<Id, View>,
    /// A customer's conversation as `routed` named it.
    pub(super) own: Option<Id>,
    pub(super) stage: Stage,
    pub(super) greeted_at: Option<Instant>,
}

/// Which conversations are named in `hello`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoleOf {
    Customer,
    Agent,
    Supervisor,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    /// `last` of `attached`, once that came.
    until: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Away,
    Greeting,
    /// Welcome, and waiting for what was missed: nothing old is sent again before.
    CatchingUp,
    Live,
}

impl Line {
    pub(super) fn new(role: RoleOf, witness: Witness) -> Self {
        Self {
            side: match role {
                RoleOf::Customer => Side::Customer,
                RoleOf::Agent | RoleOf::Supervisor => Side::Staff,
            },
            witness,
            connection: 0,
            role,
            next_ref: 0,
            queue: VecDeque::new(),
            next_call: 0,
            asked: HashMap::new(),
            window: 1,
            positions: BTreeMap::new(),
            viewed: HashMap::new(),
            own: None,
            stage: Stage::Away,
            greeted_at: None,
        }
    }

    /// Counts this client's connections, from 0.
    pub fn connection(&self) -> u32 {
        self.connection
    }

    /// What this client has of a conversation.
    pub fn position(&self, conversation: Id) -> u64 {
        self.positions.get(&conversation).copied().unwrap_or(0)
    }

    /// Begins a connection: its hello, naming what the client has.
    pub fn greet(&mut self, ticket: String, now: Instant) -> Bytes {
        self.stage = Stage::Greeting;
        self.greeted_at = Some(now);
        self.viewed.clear();
        self.asked.clear();
        let resume: Vec<Resume> = self
            .positions
            .iter()
            .take(RESUME_MAX)
            .map(|(conversation, after)| Resume {
                conversation: *conversation,
                after: *after,
            })
            .collect();
        for Resume {
            conversation,
            after,
        } in &resume
        {
            self.look(*conversation, *after);
        }
        let hello = Hello {
            ticket,
            client: Some(ClientSoftware {
                name: "crest-loadtest".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            }),
            language: None,
            group: None,
            resume,
        };
        let reference = self.reference();
        ClientFrame::Hello(hello).encode(Some(reference))
    }

    /// The connection is gone; what is not answered waits for the next one.
    pub fn lost(&mut self) {
        self.stage = Stage::Away;
        self.asked.clear();
        self.viewed.clear();
        self.connection += 1;
    }

    /// Takes one message of the server's.
    pub fn arrived(&mut self, bytes: &[u8], now: Instant, output: &mut Output) {
        if self.side == Side::Customer {
            for text in markers(bytes) {
                self.saw(Seen::Marked { text });
            }
        }
        match ServerFrame::decode(bytes) {
            Ok((reference, frame)) => self.frame(reference, frame, now, output),
            Err(malformed) => {
                self.saw(Seen::Unreadable {
                    why: malformed.to_string(),
                });
                output.broken = true;
            }
        }
    }

    fn frame(
        &mut self,
        reference: Option<u32>,
        frame: ServerFrame<'static>,
        now: Instant,
        output: &mut Output,
    ) {
        let kind = frame.kind();
        if self.side == Side::Customer && kind.number() >= 80 {
            self.saw(Seen::StaffFrame {
                name: kind.name().to_owned(),
            });
        }
        match &frame {
            ServerFrame::Welcome(welcome) => self.welcomed(welcome),
            ServerFrame::Ack(ack) => {
                self.saw(Seen::Acked {
                    id: ack.id,
                    conversation: ack.conversation,
                    seq: ack.seq,
                });
                let answer = Answer::Ack {
                    conversation: ack.conversation,
                    seq: ack.seq,
                    at: ack.at,
                };
                self.answered(reference, answer, now);
            }
            ServerFrame::Done(_) => self.done(reference, now),
            ServerFrame::Error(error) => {
                if let (None, Some(conversation)) = (reference, error.conversation) {
                    // It cannot be shown here any more.
                    self.forget(conversation);
                }
                self.refused(reference, error, now);
            }
            ServerFrame::Pong(_)
            | ServerFrame::HistoryPage(_)
            | ServerFrame::StaffHistoryPage(_)
            | ServerFrame::Presence(_) => {
                if let ServerFrame::Presence(presence) = &frame {
                    let load = presence.state.load;
                    let capacity = presence.state.capacity;
                    self.saw(Seen::Load { load, capacity });
                }
                if reference.is_some() {
                    self.answered(reference, Answer::Frame(Box::new(frame.clone())), now);
                }
            }
            ServerFrame::Routed(routed) => {
                self.own = routed.conversation;
                // Only this one is shown from now on.
                let others: Vec<Id> = self.positions.keys().copied().collect();
                for other in others {
                    if Some(other) != routed.conversation {
                        self.forget(other);
                    }
                }
            }
            ServerFrame::Attached(attached) => self.until(attached.conversation, attached.last),
            ServerFrame::StaffAttached(attached) => {
                self.until(attached.conversation, attached.last);
            }
            ServerFrame::Event(event) => {
                let entry = crest_schema::frame::customer_view::CustomerEntry {
                    seq: event.seq,
                    at: event.at,
                    event: event.event.clone(),
                };
                let fact = customer_fact(event.conversation, &entry);
                self.event(event.conversation, event.seq, None, fact, now);
            }
            ServerFrame::StaffEvent(event) => {
                let entry = crest_schema::frame::staff_view::StaffEntry {
                    seq: event.seq,
                    at: event.at,
                    customer_seq: event.customer_seq,
                    event: event.event.clone(),
                };
                let fact = staff_fact(event.conversation, &entry);
                self.event(event.conversation, event.seq, event.customer_seq, fact, now);
            }
            ServerFrame::Gap(gap) => {
                self.saw(Seen::Gap {
                    conversation: gap.conversation,
                    from: gap.from,
                    to: gap.to,
                });
                let position = self.positions.entry(gap.conversation).or_default();
                *position = (*position).max(gap.to);
                self.viewed.entry(gap.conversation).or_default();
            }
            ServerFrame::Assigned(named) => self.saw(Seen::Assigned {
                conversation: named.conversation,
            }),
            ServerFrame::Unassigned(named) => {
                self.saw(Seen::Unassigned {
                    conversation: named.conversation,
                });
                if self.role == RoleOf::Agent {
                    self.forget(named.conversation);
                }
            }
            ServerFrame::Bye(_)
            | ServerFrame::Typing(_)
            | ServerFrame::Read(_)
            | ServerFrame::Place(_)
            | ServerFrame::Ended(_)
            | ServerFrame::StaffTyping(_)
            | ServerFrame::StaffRead(_)
            | ServerFrame::Offer(_)
            | ServerFrame::OfferGone(_)
            | ServerFrame::Board(_) => {}
        }
        if self.stage == Stage::CatchingUp && self.caught_up(&frame) {
            self.stage = Stage::Live;
        }
        output.shown.push(frame);
    }

    fn welcomed(&mut self, welcome: &Welcome<'_>) {
        self.window = welcome.limits.unacked.max(1) as usize;
        self.stage = match self.role {
            RoleOf::Customer => Stage::CatchingUp,
            RoleOf::Agent | RoleOf::Supervisor if self.viewed.is_empty() => Stage::Live,
            RoleOf::Agent | RoleOf::Supervisor => Stage::CatchingUp,
        };
        if self.side == Side::Staff {
            // Those that did not fit into the hello.
            let unnamed = self.positions.iter();
            let unnamed: Vec<Attach> = unnamed
                .filter(|(conversation, _)| !self.viewed.contains_key(conversation))
                .map(|(conversation, after)| Attach {
                    conversation: *conversation,
                    after: *after,
                })
                .collect();
            for attach in unnamed {
                drop(self.command(ClientFrame::Attach(attach)));
            }
        }
    }

    /// Everything up to `last` of what is attached is here, so that the rest may be sent again.
    fn caught_up(&self, frame: &ServerFrame<'_>) -> bool {
        match (self.role, frame) {
            (RoleOf::Customer, ServerFrame::Routed(routed)) => routed.conversation.is_none(),
            (RoleOf::Customer, _) => self.own.is_some_and(|own| self.has_all(own)),
            _ => self.viewed.keys().all(|viewed| self.has_all(*viewed)),
        }
    }

    fn has_all(&self, conversation: Id) -> bool {
        let until = self.viewed.get(&conversation).and_then(|view| view.until);
        until.is_some_and(|last| self.position(conversation) >= last)
    }

    fn until(&mut self, conversation: Id, last: u64) {
        self.viewed.entry(conversation).or_default().until = Some(last);
    }

    pub(super) fn look(&mut self, conversation: Id, after: u64) {
        self.positions.insert(conversation, after);
        self.viewed.insert(conversation, View::default());
        self.saw(Seen::From {
            conversation,
            after,
        });
    }

    pub(super) fn forget(&mut self, conversation: Id) {
        self.positions.remove(&conversation);
        self.viewed.remove(&conversation);
        self.saw(Seen::Detached { conversation });
    }

    fn event(
        &mut self,
        conversation: Id,
        seq: u64,
        customer_seq: Option<u64>,
        fact: crate::history::Fact,
        now: Instant,
    ) {
        let id = fact.id;
        self.saw(Seen::Event {
            conversation,
            seq,
            customer_seq,
            fact,
        });
        let position = self.positions.entry(conversation).or_default();
        *position = (*position).max(seq);
        self.viewed.entry(conversation).or_default();
        // After a reconnect the event of one's own is as good as its acknowledgement.
        if let (Some(id), Stage::CatchingUp) = (id, self.stage) {
            let own = |(_, call): &(u64, Call)| call.frame.message_id() == Some(id);
            if let Some(index) = self.queue.iter().position(own)
                && let Some((_, call)) = self.queue.remove(index)
            {
                let answer = Answer::Ack {
                    conversation,
                    seq,
                    at: 0,
                };
                call.answer(answer, now);
            }
        }
    }

    /// The run is quiet: this connection should have everything.
    pub fn settle(&self) {
        if self.stage == Stage::Live {
            self.saw(Seen::Settled);
        }
    }

    pub(super) fn reference(&mut self) -> u32 {
        self.next_ref = self.next_ref.wrapping_add(1);
        self.next_ref
    }

    pub(super) fn saw(&self, seen: Seen) {
        self.witness.saw(self.connection, seen);
    }
}

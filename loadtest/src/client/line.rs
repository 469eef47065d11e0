//! The client's side of the protocol, pure: what to send, what to keep, where each conversation
//! stands. Time comes in; bytes go out.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use crest_schema::frame::client::{Attach, ClientSoftware, Hello, Resume};
use crest_schema::frame::server::{Error, Welcome};
use crest_schema::frame::{ClientFrame, Id, ServerFrame};
use crest_schema::limits::{RECONNECT_FIRST_MS, RECONNECT_LAST_MS, RESUME_MAX};

use super::call::{Answer, Call, Pending, Refused};
use crate::history::{MARKER, Seen, Side, Witness, customer_fact, digest, of_body, staff_fact};

/// Temporary refusals of one command before it is given up.
const PATIENCE: u32 = 20;
/// What was missed should be there by then; a conversation that cannot be shown must not hold up
/// the others for longer.
const CATCH_UP: Duration = Duration::from_secs(5);

/// Bounds of the random time before coming back, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reconnect {
    pub first_ms: u32,
    pub last_ms: u32,
}

impl Default for Reconnect {
    fn default() -> Self {
        Self {
            first_ms: RECONNECT_FIRST_MS,
            last_ms: RECONNECT_LAST_MS,
        }
    }
}

impl Reconnect {
    /// Full jitter: a random part (`share` of 0 to 1) of the bound of this attempt, from 0.
    pub fn pause(&self, attempt: u32, share: f64, retry_after_ms: Option<u32>) -> Duration {
        let bound = u64::from(self.first_ms) << attempt.min(16);
        let bound = bound.min(u64::from(self.last_ms)) as f64;
        let at_least = retry_after_ms.unwrap_or(0);
        Duration::from_millis(((bound * share) as u64).max(u64::from(at_least)))
    }
}

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
    side: Side,
    witness: Witness,
    connection: u32,
    role: RoleOf,
    next_ref: u32,
    /// Commands in the order given; those with a ref in `asked` are on the wire.
    queue: VecDeque<(u64, Call)>,
    next_call: u64,
    asked: HashMap<u32, u64>,
    window: usize,
    /// What this client has of each conversation, for as long as it lives.
    positions: BTreeMap<Id, u64>,
    /// Conversations that this connection is shown.
    viewed: HashMap<Id, View>,
    /// A customer's conversation as `routed` named it.
    own: Option<Id>,
    stage: Stage,
    greeted_at: Option<Instant>,
}

/// Which conversations are named in `hello`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RoleOf {
    Customer,
    Agent,
    Supervisor,
}

#[derive(Clone, Copy, Debug, Default)]
struct View {
    /// `last` of `attached`, once that came.
    until: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
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

    /// Commands without an answer.
    pub fn unanswered(&self) -> usize {
        self.queue.len()
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

    /// Takes a command; it is sent as soon as the connection allows.
    pub fn command(&mut self, frame: ClientFrame) -> Pending {
        let (call, pending) = Call::new(frame);
        self.take(call);
        pending
    }

    pub(super) fn take(&mut self, call: Call) {
        self.queue.push_back((self.next_call, call));
        self.next_call += 1;
    }

    /// Frames that are never answered: sent now or not at all.
    pub fn ephemeral(&mut self, frame: &ClientFrame, output: &mut Output) {
        if self.stage == Stage::Live {
            output.frames.push(frame.encode(None));
        }
    }

    /// Sends what may be sent. Returns when to call again, where something waits for its time.
    pub fn pump(&mut self, now: Instant, output: &mut Output) -> Option<Instant> {
        if self.stage == Stage::CatchingUp
            && let Some(until) = self.greeted_at.map(|greeted| greeted + CATCH_UP)
        {
            if now < until {
                return Some(until);
            }
            self.stage = Stage::Live;
        }
        if self.stage != Stage::Live {
            return None;
        }
        self.answer_attached(now);
        let mut due: Option<Instant> = None;
        let on_wire: HashSet<u64> = self.asked.values().copied().collect();
        let mut room = self.window.saturating_sub(on_wire.len());
        for index in 0..self.queue.len() {
            if room == 0 {
                break;
            }
            let (number, call) = &mut self.queue[index];
            if on_wire.contains(number) {
                continue;
            }
            if let Some(at) = call.not_before.filter(|at| *at > now) {
                due = Some(due.map_or(at, |due| due.min(at)));
                continue;
            }
            call.not_before = None;
            room -= 1;
            let number = *number;
            output.frames.push(self.write(index, number, now));
        }
        due
    }

    /// Attaching to what this connection is shown already would show it again: it is done.
    fn answer_attached(&mut self, now: Instant) {
        let attaches = |(_, call): &(u64, Call)| matches!(call.frame, ClientFrame::Attach(_));
        if !self.queue.iter().any(attaches) {
            return;
        }
        let viewed = &self.viewed;
        let on_wire: HashSet<u64> = self.asked.values().copied().collect();
        let queue = std::mem::take(&mut self.queue);
        let (done, rest): (VecDeque<_>, VecDeque<_>) =
            queue.into_iter().partition(|(number, call)| {
                let attaches = match &call.frame {
                    ClientFrame::Attach(attach) => viewed.contains_key(&attach.conversation),
                    _ => false,
                };
                attaches && !on_wire.contains(number)
            });
        self.queue = rest;
        for (_, call) in done {
            call.answer(Answer::Done, now);
        }
    }

    fn write(&mut self, index: usize, number: u64, now: Instant) -> Bytes {
        let reference = self.reference();
        self.asked.insert(reference, number);
        let (_, call) = &mut self.queue[index];
        call.first_sent.get_or_insert(now);
        call.sent += 1;
        if let ClientFrame::Attach(attach) = &mut call.frame {
            // What was seen meanwhile is not asked for again.
            let after = self.positions.get(&attach.conversation);
            attach.after = after.copied().unwrap_or(0).max(attach.after);
            let (conversation, after) = (attach.conversation, attach.after);
            self.look(conversation, after);
        }
        let (_, call) = &self.queue[index];
        if let Some(seen) = sent(&call.frame) {
            self.saw(seen);
        }
        call.frame.encode(Some(reference))
    }

    /// Takes one message of the server's.
    pub fn arrived(&mut self, bytes: &[u8], now: Instant, output: &mut Output) {
        if self.side == Side::Customer {
            self.search(bytes);
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

    /// Markers of whispers, wherever in the bytes they stand.
    fn search(&self, bytes: &[u8]) {
        let marker = MARKER.as_bytes();
        let mut from = 0;
        while let Some(found) = find(&bytes[from..], marker) {
            let begin = from + found;
            let end = (begin + marker.len() + 32).min(bytes.len());
            let text = String::from_utf8_lossy(&bytes[begin..end]).into_owned();
            self.saw(Seen::Marked { text });
            from = begin + marker.len();
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
            self.saw(Seen::StaffFrame { name: kind.name() });
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

    fn look(&mut self, conversation: Id, after: u64) {
        self.positions.insert(conversation, after);
        self.viewed.insert(conversation, View::default());
        self.saw(Seen::From {
            conversation,
            after,
        });
    }

    fn forget(&mut self, conversation: Id) {
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

    fn done(&mut self, reference: Option<u32>, now: Instant) {
        let call = self.calls(reference);
        if let Some(ClientFrame::Detach(named)) = call.map(|call| &call.frame) {
            let conversation = named.conversation;
            self.forget(conversation);
        }
        self.answered(reference, Answer::Done, now);
    }

    fn calls(&self, reference: Option<u32>) -> Option<&Call> {
        let number = self.asked.get(&reference?)?;
        let found = self.queue.iter().find(|(queued, _)| queued == number);
        found.map(|(_, call)| call)
    }

    fn answered(&mut self, reference: Option<u32>, answer: Answer, now: Instant) {
        let Some(number) = reference.and_then(|it| self.asked.remove(&it)) else {
            return;
        };
        let queued = self.queue.iter().position(|(queued, _)| *queued == number);
        if let Some((_, call)) = queued.and_then(|index| self.queue.remove(index)) {
            call.answer(answer, now);
        }
    }

    fn refused(&mut self, reference: Option<u32>, error: &Error<'_>, now: Instant) {
        let id = self
            .calls(reference)
            .and_then(|call| call.frame.message_id());
        if let Some(id) = id {
            self.saw(Seen::Refused {
                id,
                code: error.code,
                lasting: !error.temporary,
            });
        }
        let number = reference.and_then(|it| self.asked.get(&it)).copied();
        let queued = self
            .queue
            .iter_mut()
            .find(|(queued, _)| Some(*queued) == number);
        if let Some((_, call)) = queued
            && error.temporary
            && call.refused < PATIENCE
        {
            call.refused += 1;
            let pause = u64::from(error.retry_after_ms.unwrap_or(1_000));
            call.not_before = Some(now + Duration::from_millis(pause));
            self.asked.remove(&reference.unwrap_or(0));
            return;
        }
        if let Some(ClientFrame::Attach(attach)) = self.calls(reference).map(|call| &call.frame) {
            let conversation = attach.conversation;
            self.forget(conversation);
        }
        let refused = Refused {
            code: error.code,
            name: error.name.to_string(),
            message: error.message.to_string(),
        };
        self.answered(reference, Answer::Refused(refused), now);
    }

    /// The run is quiet: this connection should have everything.
    pub fn settle(&self) {
        if self.stage == Stage::Live {
            self.saw(Seen::Settled);
        }
    }

    fn reference(&mut self) -> u32 {
        self.next_ref = self.next_ref.wrapping_add(1);
        self.next_ref
    }

    fn saw(&self, seen: Seen) {
        self.witness.saw(self.connection, seen);
    }
}

/// What the checker is told of a frame that is sent.
fn sent(frame: &ClientFrame) -> Option<Seen> {
    let (id, content) = match frame {
        ClientFrame::Send(send) => (send.id, of_body(&send.body)),
        ClientFrame::Edit(edit) => (edit.id, of_body(&edit.body)),
        ClientFrame::Recall(recall) => (recall.id, 0),
        ClientFrame::LeaveMessage(leave) => (leave.id, digest(leave.text.as_str())),
        ClientFrame::Whisper(whisper) => {
            return Some(Seen::Whispered {
                conversation: whisper.conversation,
                id: whisper.id,
                text: whisper.text.clone(),
            });
        }
        _ => return None,
    };
    Some(Seen::Sent { id, content })
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|byte| *byte == first)?;
        if bytes[at..].starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

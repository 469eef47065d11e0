//! A desk for the tests: one agent with its log, a clock in hand, and effects as short words.

use std::sync::Arc;

use crate::aggregate::{Aggregate, Context, Turn};
use crate::board;
use crate::conversation::{self, BotContext, Entry, PhaseKind, Summary};
use crate::directory::{AgentProfile, Boosts, Directory, Group, StaffRole, Tenant, Timing};
use crate::effect::{Effect, Envelope, OfferContext, Push};
use crate::ids::{
    AgentKey, ConversationId, ConversationKey, GroupId, Millis, OfferId, Seq, SessionId,
};
use crate::{conversation::Overflow, queue, skill_group};

use super::{Agent, Availability, Event, Note, Presence, Released};

pub const START: u64 = 1_000_000;

pub struct Desk {
    pub agent: Agent,
    pub log: Vec<Arc<Entry<Event>>>,
    pub now: Millis,
    pub directory: Directory,
}

impl Desk {
    /// An agent of capacity 2 in one group, just started.
    pub fn new() -> Self {
        let mut desk = Self {
            agent: Agent::empty(key()),
            log: Vec::new(),
            now: Millis(START),
            directory: directory(2),
        };
        desk.restart();
        desk
    }

    /// The same with session 1 there and ready for work.
    pub fn ready() -> Self {
        let mut desk = Self::new();
        desk.tell(connect(1, Some(Presence::Ready)));
        desk
    }

    pub fn tell(&mut self, note: Note) -> Vec<String> {
        let context = self.context();
        let mut turn = Turn::default();
        self.agent.apply(&context, note, &mut turn);
        self.keep(turn)
    }

    /// The value is lost, the log is not.
    pub fn restart(&mut self) -> Vec<String> {
        let context = self.context();
        self.agent = Agent::empty(key());
        self.log.iter().for_each(|entry| self.agent.replay(entry));
        let mut turn = Turn::default();
        self.agent.recovered(&context, &mut turn);
        self.keep(turn)
    }

    /// Lets time pass, waking the agent whenever it asked for it.
    pub fn pass(&mut self, ms: u64) -> Vec<String> {
        let end = self.now.plus(ms);
        let mut said = Vec::new();
        while let Some(at) = self.agent.wake_at().filter(|at| *at <= end) {
            assert!(at > self.now, "a deadline met must move on");
            self.now = at;
            said.extend(self.tell(Note::Wake));
        }
        self.now = end;
        said
    }

    /// Tells every note at once.
    pub fn all(&mut self, notes: impl IntoIterator<Item = Note>) -> Vec<String> {
        notes.into_iter().flat_map(|it| self.tell(it)).collect()
    }

    pub fn context(&self) -> Context {
        Context {
            now: self.now,
            directory: Arc::new(self.directory.clone()),
            random: [0; 16],
        }
    }

    fn keep(&mut self, turn: Turn<Event>) -> Vec<String> {
        self.log.extend(turn.events);
        turn.effects.iter().map(word).collect()
    }
}

/// The words that begin with one of `kinds`.
pub fn only(words: Vec<String>, kinds: &[&str]) -> Vec<String> {
    let chosen = |word: &String| kinds.iter().any(|kind| word.starts_with(kind));
    words.into_iter().filter(chosen).collect()
}

pub fn session(slot: u32) -> SessionId {
    SessionId {
        node: 0,
        arbiter: 0,
        slot,
        generation: 0,
    }
}

pub fn matter(n: u8) -> ConversationId {
    let mut id = [0; 16];
    id[0] = n;
    ConversationId(id)
}

pub fn offer(n: u8, position: u64) -> OfferId {
    OfferId {
        conversation: matter(n),
        position: Seq(position),
        agent: "ann".into(),
    }
}

pub fn reserve(n: u8, position: u64) -> Note {
    Note::Reserve {
        offer: offer(n, position),
        weight: 1,
        queue: Some("sales".into()),
        forced: false,
    }
}

pub fn force(n: u8, position: u64) -> Note {
    Note::Reserve {
        offer: offer(n, position),
        weight: 1,
        queue: None,
        forced: true,
    }
}

pub fn confirm(n: u8, position: u64, accepted: bool) -> Note {
    let offer = offer(n, position);
    Note::Confirm { offer, accepted }
}

pub fn release(n: u8, position: u64, why: Released) -> Note {
    let offer = offer(n, position);
    Note::Release { offer, why }
}

pub fn connect(slot: u32, presence: Option<Presence>) -> Note {
    let session = session(slot);
    Note::Connect { session, presence }
}

pub fn set(presence: Presence, next: Option<Presence>) -> Note {
    Note::SetPresence {
        session: session(1),
        reference: 7,
        presence,
        next,
    }
}

pub fn on_break() -> Presence {
    Presence::NotReady {
        reason: "break".into(),
    }
}

pub fn offered(n: u8, position: u64, expires_at: u64) -> Note {
    Note::Offered {
        offer: offer(n, position),
        expires_at: Millis(expires_at),
        context: Box::new(context_of(n)),
    }
}

pub fn directory(capacity: u32) -> Directory {
    let group = Group {
        name: "Sales".into(),
        required: vec![],
        preferred: vec![],
        max_length: 0,
        max_wait_ms: 0,
        overflow: Overflow::Bot,
        expected_handling_ms: 60_000,
    };
    let profile = AgentProfile {
        name: "Ann".into(),
        groups: vec!["sales".into()],
        skills: vec![],
        capacity,
        role: StaffRole::Agent,
    };
    let tenant = Tenant {
        groups: [(GroupId::from("sales"), group)].into(),
        agents: [(key().agent, profile)].into(),
        default_group: "sales".into(),
        timing: Timing::default(),
        boosts: Boosts::default(),
        channel_weights: [].into(),
        bot_enabled: false,
        not_ready_reasons: vec!["break".into()],
    };
    Directory {
        tenants: [(key().tenant, tenant)].into(),
        revision: 1,
    }
}

fn key() -> AgentKey {
    AgentKey {
        tenant: "shop".into(),
        agent: "ann".into(),
    }
}

fn context_of(n: u8) -> OfferContext {
    let key = ConversationKey {
        tenant: "shop".into(),
        id: matter(n),
    };
    let summary = Summary {
        key,
        customer: "kim".into(),
        channel: "web".into(),
        tier: 0,
        phase: PhaseKind::Offered,
        position: Seq(1),
        group: "sales".into(),
        agent: None,
        taken_over: false,
        opened_at: Millis(0),
        phase_since: Millis(0),
        enqueued_at: None,
        closed_at: None,
        close_reason: None,
        rating: None,
        awake: true,
    };
    OfferContext {
        summary,
        display_name: None,
        attributes: vec![],
        reason: None,
        bot: BotContext::default(),
        messages: vec![],
        transfer_note: None,
    }
}

fn word(effect: &Effect) -> String {
    match effect {
        Effect::Tell(envelope) => told(envelope),
        Effect::Push(to, push) => format!("s{} {}", to.slot, pushed(push)),
        other => panic!("an agent never does {other:?}"),
    }
}

fn told(envelope: &Envelope) -> String {
    match envelope {
        Envelope::Conversation(key, note) => match note {
            conversation::Note::Reserved { offer, forced } => {
                assert_eq!(offer.conversation, key.id);
                format!("reserved {}{}", id(offer), if *forced { "!" } else { "" })
            }
            conversation::Note::AgentLost { offer, grace_over } => {
                let over = if *grace_over { " for good" } else { "" };
                format!("lost {}{over}", id(offer))
            }
            conversation::Note::ReserveRefused { offer } => format!("no {}", id(offer)),
            other => panic!("an agent never tells a conversation {other:?}"),
        },
        Envelope::Queue(key, queue::Note::Refused { offer, .. }) => {
            format!("no {} to {}", id(offer), key.group)
        }
        Envelope::SkillGroup(key, skill_group::Note::Agent { availability, .. }) => {
            format!("group {} {}", key.group, state(availability))
        }
        Envelope::Board(_, board::Note::Agent { availability, .. }) => {
            format!("board {}", state(availability))
        }
        other => panic!("an agent never tells {other:?}"),
    }
}

fn pushed(push: &Push) -> String {
    match push {
        Push::Presence {
            reference,
            availability,
            next,
            held,
            ..
        } => {
            let reference = reference.map_or(String::new(), |it| format!(" #{it}"));
            let next = next
                .as_ref()
                .map_or(String::new(), |it| format!(" then {}", presence(it)));
            let held: Vec<_> = held.iter().map(|it| it.0[0]).collect();
            format!(
                "is{reference} {}{next} holding {held:?}",
                state(availability)
            )
        }
        Push::Refused {
            reference, refusal, ..
        } => format!("refused #{reference} {refusal:?}"),
        Push::Offer { offer, .. } => format!("offer {}", id(offer)),
        Push::OfferGone { offer, outcome } => format!("gone {} {outcome:?}", id(offer)),
        Push::Assigned { conversation } => format!("assigned {}", conversation.0[0]),
        Push::Unassigned { conversation } => format!("unassigned {}", conversation.0[0]),
        other => panic!("an agent never pushes {other:?}"),
    }
}

fn id(offer: &OfferId) -> String {
    format!("{}@{}", offer.conversation.0[0], offer.position.0)
}

fn state(it: &Availability) -> String {
    let offerable = if it.offerable { "+" } else { "-" };
    format!(
        "{}{offerable} {}/{}",
        presence(&it.presence),
        it.load,
        it.capacity
    )
}

fn presence(presence: &Presence) -> &str {
    match presence {
        Presence::Offline => "offline",
        Presence::NotReady { reason } => reason,
        Presence::Ready => "ready",
    }
}

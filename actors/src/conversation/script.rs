//! The script driver of the table tests: notes in, one line of what came of each out.

use std::collections::HashMap;
use std::sync::Arc;

use crate::aggregate::{Aggregate, Context, Turn};
use crate::directory::{AgentProfile, Boosts, Directory, Group, StaffRole, Tenant, Timing};
use crate::effect::{Effect, Envelope, Push};
use crate::ids::*;
use crate::{agent, customer, queue};

use super::event::*;
use super::note::*;
pub(super) use super::script_notes::*;
use super::state::Conversation;

/// One step: so many milliseconds later this is told, and this line comes of it.
pub(super) type Line = (u64, Note, &'static str);

pub(super) fn id() -> ConversationId {
    ConversationId([7; 16])
}

pub(super) fn key() -> ConversationKey {
    ConversationKey {
        tenant: "shop".into(),
        id: id(),
    }
}

pub(super) fn session(slot: u32) -> SessionId {
    SessionId {
        node: 0,
        arbiter: 0,
        slot,
        generation: 0,
    }
}

/// Two groups (`sales` is the default), agents `amy` and `bob`, supervisor `sue`, a bot.
pub(super) fn directory(change: impl Fn(&mut Tenant)) -> Arc<Directory> {
    let group = |name: &str| Group {
        name: name.to_owned(),
        required: vec![Skill::from("zh")],
        preferred: Vec::new(),
        max_length: 0,
        max_wait_ms: 0,
        overflow: Overflow::LeaveMessage,
        expected_handling_ms: 60_000,
    };
    let profile = |role| AgentProfile {
        name: String::new(),
        groups: vec!["sales".into()],
        skills: vec!["zh".into()],
        capacity: 3,
        role,
    };
    let mut tenant = Tenant {
        groups: HashMap::from([
            ("sales".into(), group("sales")),
            ("after".into(), group("after")),
        ]),
        agents: HashMap::from([
            ("amy".into(), profile(StaffRole::Agent)),
            ("bob".into(), profile(StaffRole::Agent)),
            ("sue".into(), profile(StaffRole::Supervisor)),
        ]),
        default_group: "sales".into(),
        timing: Timing::default(),
        boosts: Boosts::default(),
        channel_weights: HashMap::from([("app".into(), 2)]),
        bot_enabled: true,
        not_ready_reasons: Vec::new(),
    };
    change(&mut tenant);
    Arc::new(Directory {
        tenants: HashMap::from([("shop".into(), tenant)]),
        revision: 1,
    })
}

/// A conversation with its log and its clock.
pub(super) struct Play {
    pub conversation: Conversation,
    pub log: Vec<Arc<Entry<Event>>>,
    pub now: Millis,
    pub directory: Arc<Directory>,
}

impl Play {
    pub fn new(directory: Arc<Directory>) -> Self {
        Self {
            conversation: Conversation::empty(key()),
            log: Vec::new(),
            now: Millis(1_000_000),
            directory,
        }
    }

    fn context(&self) -> Context {
        Context {
            now: self.now,
            directory: self.directory.clone(),
            random: [9; 16],
        }
    }

    pub fn tell(&mut self, after_ms: u64, note: Note) -> Turn<Event> {
        self.now = self.now.plus(after_ms);
        let mut turn = Turn::default();
        let context = self.context();
        self.conversation.apply(&context, note, &mut turn);
        self.log.extend(turn.events.iter().cloned());
        turn
    }

    /// Lets time pass, waking it whenever it asked for it.
    pub fn pass(&mut self, ms: u64) {
        let end = self.now.plus(ms);
        while let Some(at) = self.conversation.wake_at().filter(|at| *at <= end) {
            let wait_ms = at.since(self.now);
            self.tell(wait_ms, Note::Wake);
        }
        self.now = end;
    }

    /// A value built from the log alone, as after a crash.
    pub fn rebuilt(&self) -> Conversation {
        let mut conversation = Conversation::empty(key());
        for entry in &self.log {
            conversation.replay(entry);
        }
        conversation
    }

    pub fn crash(&mut self) -> Turn<Event> {
        self.conversation = self.rebuilt();
        let mut turn = Turn::default();
        let context = self.context();
        self.conversation.recovered(&context, &mut turn);
        turn
    }
}

/// Plays the lines against a fresh conversation; all expectations are compared at once, so that a
/// failure shows the whole story.
#[track_caller]
pub(super) fn check(script: &[Line]) -> Play {
    check_in(directory(|_| {}), script)
}

#[track_caller]
pub(super) fn check_in(directory: Arc<Directory>, script: &[Line]) -> Play {
    let mut play = Play::new(directory);
    let mut got = String::new();
    let mut expected = String::new();
    for (after_ms, note, line) in script {
        let turn = play.tell(*after_ms, note.clone());
        let head = format!("{note:?}");
        let head: String = head.chars().take(48).collect();
        got += &format!("{head}\n    {}\n", shown(&turn));
        expected += &format!("{head}\n    {line}\n");
    }
    assert!(got == expected, "got\n{got}\nexpected\n{expected}");
    play
}

/// A turn on one line: `+seq/customer seq Event`, then effects in order. The board is left out:
/// it follows every state event.
pub(super) fn shown(turn: &Turn<Event>) -> String {
    let mut parts: Vec<String> = Vec::new();
    for entry in &turn.events {
        let customer = entry
            .customer_seq
            .map_or("-".to_owned(), |it| it.0.to_string());
        parts.push(format!(
            "+{}/{customer} {}",
            entry.seq.0,
            event(&entry.event)
        ));
    }
    parts.extend(turn.effects.iter().filter_map(effect));
    parts.join(", ")
}

/// An event's name with what matters of it in brackets.
pub(super) fn event(event: &Event) -> String {
    match event {
        Event::Waiting(it) => format!("Waiting({} {:?})", it.group, it.reason),
        Event::Message(it) => format!("Message({:?})", it.author),
        Event::Closed { reason, .. } => format!("Closed({reason:?})"),
        Event::WrapUp { reason, .. } => format!("WrapUp({reason:?})"),
        Event::Offered { offer, .. } => format!("Offered({})", claim(offer)),
        Event::Accepted { offer } => format!("Accepted({})", claim(offer)),
        Event::Transferred { offer, .. } => format!("Transferred({})", claim(offer)),
        other => {
            let text = format!("{other:?}");
            text.split([' ', '(', '{']).next().unwrap_or("").to_owned()
        }
    }
}

fn claim(offer: &OfferId) -> String {
    format!("{}@{}", offer.agent, offer.position.0)
}

fn effect(effect: &Effect) -> Option<String> {
    Some(match effect {
        Effect::Tell(envelope) => return told(envelope),
        Effect::Push(session, push) => format!("{}<{}", session.slot, pushed(push)),
        Effect::Publish(it) => {
            let slots = |of: &[SessionId]| {
                let slots: Vec<String> = of.iter().map(|it| it.slot.to_string()).collect();
                slots.join(" ")
            };
            let (customers, staff) = (slots(&it.customers), slots(&it.staff));
            format!("pub {}>{customers}|{staff}", it.entry.seq.0)
        }
        Effect::AskBot(turn) => format!("bot {} {:?}", turn.turn, turn.text),
        Effect::Rally(tenant) => format!("rally {tenant}"),
    })
}

fn told(envelope: &Envelope) -> Option<String> {
    Some(match envelope {
        Envelope::Board(..) => return None,
        Envelope::Customer(_, customer::Note::Ended { opening, .. }) => {
            format!("customer:Ended {opening}")
        }
        Envelope::Queue(key, note) => match note {
            queue::Note::Announce { entry, .. } => format!("{}:Announce {}", key.group, entry.0),
            queue::Note::Withdraw { entry, why, .. } => {
                format!("{}:Withdraw {} {why:?}", key.group, entry.0)
            }
            other => format!("{other:?}"),
        },
        Envelope::Agent(key, note) => match note {
            agent::Note::Confirm { offer, accepted } => {
                let accepted = if *accepted { " accepted" } else { "" };
                format!("{}:Confirm {}{accepted}", key.agent, offer.position.0)
            }
            agent::Note::Release { offer, why } => {
                format!("{}:Release {} {why:?}", key.agent, offer.position.0)
            }
            agent::Note::Reserve { offer, forced, .. } => {
                let forced = if *forced { " forced" } else { "" };
                format!("{}:Reserve {}{forced}", key.agent, offer.position.0)
            }
            agent::Note::Offered { .. } => format!("{}:Offered", key.agent),
            agent::Note::OfferGone { outcome, .. } => format!("{}:{outcome:?}", key.agent),
            agent::Note::Assigned { .. } => format!("{}:Assigned", key.agent),
            agent::Note::Unassigned { .. } => format!("{}:Unassigned", key.agent),
            other => format!("{other:?}"),
        },
        Envelope::SkillGroup(key, _) => format!("{}:Handled", key.group),
        other => format!("{other:?}"),
    })
}

fn pushed(push: &Push) -> String {
    match push {
        Push::Ack { seq, .. } => format!("Ack {}", seq.0),
        Push::Done { .. } => "Done".to_owned(),
        Push::Refused { refusal, .. } => format!("{refusal:?}"),
        Push::Ended { opening, .. } => format!("Ended {opening}"),
        Push::Resend { from, .. } => format!("Resend {from}"),
        Push::Tail { last, .. } => format!("Tail {}", last.0),
        Push::Unknown { .. } => "Unknown".to_owned(),
        Push::Evicted { .. } => "Evicted".to_owned(),
        Push::Behind { tail, .. } => format!("Behind {}", tail.0),
        Push::Unassigned { .. } => "Unassigned".to_owned(),
        Push::Place { place, .. } => format!("Place {}", place.position),
        Push::AttachedCustomer { history, last, .. } => {
            format!("Attached {} of {}", history.len(), last.0)
        }
        Push::AttachedStaff { history, last, .. } => {
            format!("Attached {} of {}", history.len(), last.0)
        }
        Push::Ephemeral { from, .. } => format!("Typing {from:?}"),
        Push::CustomerEphemeral { from, .. } => format!("Typing {from:?}"),
        other => format!("{other:?}"),
    }
}

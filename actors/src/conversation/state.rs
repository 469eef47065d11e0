//! The conversation as a pure state machine: dispatch of notes, recording of events, and what
//! every turn ends with. Each group of rules has its own file.

use std::sync::Arc;

use crate::aggregate::{Aggregate, Context, Turn};
use crate::effect::{Effect, Envelope, Push};
use crate::ids::{AgentId, AgentKey, ConversationKey, GroupId, GroupKey, Millis, Seq};
use crate::{agent, board, limits, queue};

use super::attachment::Links;
use super::event::{Entry, Event};
use super::fold::Fold;
use super::matter::Matter;
use super::note::Note;
use super::phase::Phase;
use super::step::{Asked, Step};
use super::timers::Beats;

/// One customer's matter on one channel: its log's fold, and what is only known in memory.
#[derive(Clone, Debug)]
pub struct Conversation {
    pub(super) key: ConversationKey,
    pub(super) fold: Fold,
    pub(super) links: Links,
    pub(super) beats: Option<Box<Beats>>,
    /// When the last customer session went away, or this value began.
    pub(super) left_at: Millis,
    /// When it was last told anything but the time.
    pub(super) touched_at: Millis,
    /// When the newest seq is repeated to those attached.
    pub(super) repeat_at: Option<Millis>,
    pub(super) wake_at: Option<Millis>,
}

impl Aggregate for Conversation {
    type Key = ConversationKey;
    type Event = Event;
    type Note = Note;

    fn empty(key: ConversationKey) -> Self {
        Self {
            key,
            fold: Fold::default(),
            links: Links::default(),
            beats: None,
            left_at: Millis(0),
            touched_at: Millis(0),
            repeat_at: None,
            wake_at: None,
        }
    }

    fn replay(&mut self, entry: &Arc<Entry<Event>>) {
        self.fold.take(self.key.id, entry);
    }

    fn recovered(&mut self, context: &Context, turn: &mut Turn<Event>) {
        let mut step = Step::new(context, &self.key);
        self.left_at = context.now;
        self.touched_at = context.now;
        if self.fold.matter.as_ref().is_some_and(|it| it.awake()) {
            self.describe(&mut step);
        }
        self.announce(&mut step);
        self.ask_target(&mut step);
        self.settle(step, turn);
    }

    fn apply(&mut self, context: &Context, note: Note, turn: &mut Turn<Event>) {
        let mut step = Step::new(context, &self.key);
        // Time decides before people do, whether or not its wake-up has arrived.
        self.due(&mut step);
        if !matches!(note, Note::Wake) {
            self.touched_at = context.now;
        }
        self.take(&mut step, note);
        self.settle(step, turn);
    }

    fn wake() -> Note {
        Note::Wake
    }

    fn wake_at(&self) -> Option<Millis> {
        self.wake_at
    }

    fn may_passivate(&self, now: Millis) -> bool {
        let waits = |matter: &Matter| matter.phase.awaits_agent();
        !self.fold.matter.as_deref().is_some_and(waits)
            && self.links.is_empty()
            && !self.takeover_lapses()
            && now.since(self.touched_at) >= limits::PASSIVATE_AFTER_MS
            && self
                .wake_at
                .is_none_or(|at| at > now.plus(limits::PASSIVATE_AFTER_MS))
    }

    fn linger_ms(&self) -> u64 {
        match self.is_restful() {
            true => limits::REST_AFTER_MS,
            false => limits::PASSIVATE_AFTER_MS,
        }
    }

    fn last(&self) -> Seq {
        self.fold.last
    }
}

impl Conversation {
    fn take(&mut self, step: &mut Step<'_>, note: Note) {
        match note {
            Note::Open(opened) => self.open(step, opened),
            Note::Attach {
                session,
                link,
                role,
                after,
            } => self.attach(step, session, link, role, after),
            Note::Detach { session, link } => self.detach(step.now, session, link),
            Note::Beat {
                session,
                link,
                last,
            } => self.beat(step, session, link, last),
            Note::Command {
                session,
                link,
                number,
                reference,
                command,
            } => {
                let asked = Asked {
                    session,
                    number,
                    reference,
                    id: command.client_id(),
                };
                self.command(step, session, link, asked, command)
            }
            Note::Ephemeral { session, ephemeral } => self.ephemeral(step, session, ephemeral),
            Note::Reserved { offer, .. } => self.reserved(step, offer),
            Note::ReserveRefused { offer } => self.reserve_refused(step, &offer),
            Note::AgentLost { offer, grace_over } => self.agent_lost(step, &offer, grace_over),
            Note::BotReplied {
                opening,
                turn,
                reply,
            } => self.bot_replied(step, opening, turn, reply),
            Note::Place { entry, place } => self.placed(step, entry, place),
            Note::Listed { entry, .. } => self.listed(step, entry),
            Note::Overflow { entry, to } => self.overflow(step, entry, to),
            Note::Describe => self.describe(step),
            Note::Wake => {}
        }
    }

    /// Folds a new event into the state and has it made durable.
    pub(super) fn record(&mut self, step: &mut Step<'_>, event: Event) -> Arc<Entry<Event>> {
        let shown = self.fold.shows(&event);
        let entry = Arc::new(Entry {
            seq: self.fold.last.next(),
            at: step.now,
            customer_seq: shown.then(|| self.fold.customer_last.next()),
            event,
        });
        self.fold.take(self.key.id, &entry);
        step.recorded(entry.clone());
        entry
    }

    /// What every turn ends with: the index row, lapsed sessions, deadlines.
    fn settle(&mut self, mut step: Step<'_>, turn: &mut Turn<Event>) {
        self.check();
        let recorded = !step.entries().is_empty();
        let changes_row = |entry: &Arc<Entry<Event>>| {
            entry.event.is_state() || matches!(entry.event, Event::Rated { .. })
        };
        if step.entries().iter().any(changes_row) {
            turn.summary = self.summary();
            self.describe(&mut step);
        }
        let (now, timing) = (step.now, step.timing.clone());
        step.finish(&self.links, turn);
        self.let_lapse(turn);
        if recorded && !self.links.is_empty() {
            self.repeat_at = Some(now.plus(limits::TAIL_REPEAT_MS));
        }
        self.note_speaker(now);
        self.trim_beats();
        self.wake_at = self.next_deadline(&timing).map(|(at, _)| at);
    }

    /// Agents see a conversation for as long as it concerns them, its last event to them included.
    fn let_lapse(&mut self, turn: &mut Turn<Event>) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        let conversation = self.key.id;
        for session in self.links.lapse(|agent| matter.phase.concerns(agent)) {
            let unassigned = Push::Unassigned { conversation };
            turn.effects.push(Effect::Push(session, unassigned));
        }
    }

    /// What holds after every turn.
    fn check(&self) {
        let Some(matter) = &self.fold.matter else {
            return;
        };
        if let Phase::Active(active) = &matter.phase {
            let served = active.hold.is_some() || active.taken_over.is_some();
            assert!(served, "an active conversation has somebody who speaks");
        }
        assert!(
            matter.waiting().is_some() == matches!(matter.phase, Phase::Waiting),
            "waiting means a queue entry"
        );
    }

    pub(super) fn describe(&self, step: &mut Step<'_>) {
        if let Some(summary) = self.summary() {
            let note = board::Note::Conversation(summary);
            step.tell(Envelope::Board(self.key.tenant.clone(), note));
        }
    }

    pub(super) fn tell_agent(&self, step: &mut Step<'_>, agent: &AgentId, note: agent::Note) {
        let key = AgentKey {
            tenant: self.key.tenant.clone(),
            agent: agent.clone(),
        };
        step.tell(Envelope::Agent(key, note));
    }

    pub(super) fn group_key(&self, group: &GroupId) -> GroupKey {
        GroupKey {
            tenant: self.key.tenant.clone(),
            group: group.clone(),
        }
    }

    pub(super) fn tell_queue(&self, step: &mut Step<'_>, group: &GroupId, note: queue::Note) {
        step.tell(Envelope::Queue(self.group_key(group), note));
    }
}

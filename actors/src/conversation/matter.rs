//! One opening of a conversation as its log tells it, and what outlives an opening.

use std::sync::Arc;

use crate::ids::{AgentId, ConversationId, GroupId, Millis, OfferId, Seq};

use super::event::{Author, BotContext, CloseReason, Entry, Event, Opened, WaitReason, Waiting};
use super::phase::{Active, Held, Hold, Phase, Transfer};

/// What the log says of the newest opening, and what outlives an opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matter {
    opened: Arc<Entry<Event>>,
    pub phase: Phase,
    pub phase_since: Millis,
    /// Seq and time of the newest state event.
    pub position: Seq,
    pub moved_at: Millis,
    /// When the last message was said.
    pub spoke_at: Millis,
    /// Where it waits, waited last, or would wait.
    pub group: GroupId,
    /// Other groups whose queue once had it, in any opening.
    pub left_groups: Vec<GroupId>,
    /// Who holds or last held it, in any opening.
    pub agent: Option<AgentId>,
    /// The newest wait of this opening.
    waited: Option<Arc<Entry<Event>>>,
    /// The whisper a transfer to a group was sent with, until somebody takes it.
    pub handed_with: Option<Arc<Entry<Event>>>,
    pub shown: Shown,
    /// Messages of the customer in this opening; numbers the bot's turns.
    pub questions: u32,
    /// When the customer last said something the bot has not answered.
    pub unanswered: Option<Millis>,
    /// The bot's newest view in this opening.
    bot: Option<Arc<Entry<Event>>>,
    /// When and why this opening ended for the customer.
    pub ended: Option<(Millis, CloseReason)>,
    pub rating: Option<u8>,
}

/// What the customer was last shown about who serves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Nobody,
    Waiting,
    /// That `Matter::agent` is there.
    Joined,
    Ended,
}

impl Matter {
    pub fn opened(entry: &Arc<Entry<Event>>, opened: &Opened) -> Self {
        Self {
            opened: entry.clone(),
            phase: Phase::BotServing,
            phase_since: entry.at,
            position: entry.seq,
            moved_at: entry.at,
            spoke_at: entry.at,
            group: opened.group.clone(),
            left_groups: Vec::new(),
            agent: None,
            waited: None,
            handed_with: None,
            shown: Shown::Nobody,
            questions: 0,
            unanswered: None,
            bot: None,
            ended: None,
            rating: None,
        }
    }

    pub fn identity(&self) -> &Opened {
        let Event::Opened(opened) = &self.opened.event else {
            unreachable!("an opening is an Opened");
        };
        opened
    }

    pub fn opened_at(&self) -> Millis {
        self.opened.at
    }

    /// Entry id and content of the newest wait of this opening.
    pub fn waited(&self) -> Option<(Seq, &Waiting)> {
        let entry = self.waited.as_ref()?;
        let Event::Waiting(waiting) = &entry.event else {
            unreachable!("a wait is a Waiting");
        };
        Some((entry.seq, waiting))
    }

    /// Entry id and content of the wait it is in.
    pub fn waiting(&self) -> Option<(Seq, &Waiting)> {
        matches!(self.phase, Phase::Waiting)
            .then(|| self.waited())
            .flatten()
    }

    pub fn bot_context(&self) -> BotContext {
        match self.bot.as_ref().map(|entry| &entry.event) {
            Some(Event::BotTurned(context)) => context.clone(),
            _ => BotContext::default(),
        }
    }

    /// Must a sweep wake it after a restart?
    pub fn awake(&self) -> bool {
        !matches!(self.phase, Phase::Closed)
    }

    /// Folds the next entry; `before` is the one it follows.
    pub fn take(
        &mut self,
        conversation: ConversationId,
        entry: &Arc<Entry<Event>>,
        event: &Event,
        before: Option<&Arc<Entry<Event>>>,
    ) {
        let kind = self.phase.kind();
        self.take_shown(entry);
        match event {
            Event::Opened(opened) => self.reopen(entry, opened),
            Event::Message(message) => {
                self.spoke_at = entry.at;
                if message.author == Author::Customer {
                    self.questions += 1;
                    if matches!(self.phase, Phase::BotServing) {
                        self.unanswered = Some(entry.at);
                    }
                }
            }
            Event::BotTurned(_) => {
                self.bot = Some(entry.clone());
                self.unanswered = None;
            }
            Event::Waiting(waiting) => self.wait(entry, waiting, before),
            Event::Rated { level, .. } => self.rating = Some(*level),
            Event::Edited { .. } | Event::Recalled { .. } | Event::Whisper { .. } => {}
            Event::BotResumed { .. } => {
                assert!(
                    matches!(self.phase, Phase::Waiting),
                    "only a wait overflows"
                );
                self.phase = Phase::BotServing;
                self.unanswered = None;
            }
            Event::WrapUp { reason, until } => {
                let hold = self.phase.active().and_then(|active| active.hold.clone());
                let hold = hold.expect("only a holder wraps up");
                self.phase = Phase::WrapUp(Box::new(Held {
                    hold,
                    until: *until,
                }));
                self.end(entry.at, *reason);
            }
            Event::Closed { reason, .. } => {
                assert!(!matches!(self.phase, Phase::Closed), "closed once");
                self.phase = Phase::Closed;
                self.end(entry.at, *reason);
            }
            Event::Offered { .. }
            | Event::Accepted { .. }
            | Event::TransferRequested { .. }
            | Event::Transferred { .. }
            | Event::TransferFailed { .. }
            | Event::TakenOver { .. }
            | Event::GivenBack { .. } => self.take_claim(conversation, entry, event),
        }
        if event.is_state() {
            self.position = entry.seq;
            self.moved_at = entry.at;
        }
        if self.phase.kind() != kind || matches!(event, Event::Opened(_)) {
            self.phase_since = entry.at;
        }
    }

    fn take_shown(&mut self, entry: &Entry<Event>) {
        if entry.customer_seq.is_none() {
            return;
        }
        self.shown = match &entry.event {
            Event::Opened(_) | Event::BotResumed { .. } => Shown::Nobody,
            Event::Waiting(_) => Shown::Waiting,
            Event::Accepted { .. } | Event::Transferred { .. } => Shown::Joined,
            Event::WrapUp { .. } | Event::Closed { .. } => Shown::Ended,
            _ => self.shown,
        };
    }

    fn take_claim(
        &mut self,
        conversation: ConversationId,
        entry: &Arc<Entry<Event>>,
        event: &Event,
    ) {
        let claim = |offer: &OfferId, weight| Hold {
            offer: offer.clone(),
            weight,
            since: entry.at,
        };
        match event {
            Event::Offered {
                offer,
                weight,
                expires_at,
            } => {
                assert!(
                    matches!(self.phase, Phase::Waiting),
                    "offered while waiting"
                );
                assert!(offer.position == self.position, "offered at its entry");
                self.phase = Phase::Offered(Box::new(Held {
                    hold: claim(offer, *weight),
                    until: *expires_at,
                }));
            }
            Event::Accepted { offer } => {
                let weight = match &self.phase {
                    Phase::Offered(held) if held.hold.offer == *offer => held.hold.weight,
                    _ => panic!("accepted as offered"),
                };
                self.joined(claim(offer, weight));
            }
            Event::Transferred { offer, weight } => {
                let asked = self.phase.transfer().map(|transfer| &transfer.offer);
                assert!(asked == Some(offer), "transferred as requested");
                self.joined(claim(offer, *weight));
            }
            Event::TakenOver { supervisor } => {
                let hold = self.phase.active().and_then(|active| active.hold.clone());
                self.unanswered = None;
                self.phase = Phase::Active(Box::new(Active {
                    hold,
                    taken_over: Some(supervisor.clone()),
                    transfer: None,
                }));
            }
            _ => {
                let Phase::Active(active) = &mut self.phase else {
                    panic!("only an active one is handed on");
                };
                active.transfer = None;
                match event {
                    Event::TransferRequested { to, forced, .. } => {
                        let offer = OfferId {
                            conversation,
                            position: entry.seq,
                            agent: to.clone(),
                        };
                        active.transfer = Some(Transfer {
                            offer,
                            forced: *forced,
                            requested_at: entry.at,
                        });
                    }
                    Event::GivenBack { .. } => {
                        assert!(active.hold.is_some(), "given back to its holder");
                        active.taken_over = None;
                    }
                    _ => {}
                }
            }
        }
    }

    fn joined(&mut self, hold: Hold) {
        self.agent = Some(hold.offer.agent.clone());
        self.handed_with = None;
        self.phase = Phase::Active(Box::new(Active {
            hold: Some(hold),
            ..Active::default()
        }));
    }

    fn wait(
        &mut self,
        entry: &Arc<Entry<Event>>,
        waiting: &Waiting,
        before: Option<&Arc<Entry<Event>>>,
    ) {
        assert!(!self.phase.ended(), "an ended conversation does not wait");
        self.move_to(&waiting.group);
        if let WaitReason::Transfer(by) = &waiting.reason {
            self.handed_with = before
                .filter(|it| matches!(&it.event, Event::Whisper { author, .. } if author == by))
                .cloned();
        }
        self.phase = Phase::Waiting;
        self.waited = Some(entry.clone());
        self.unanswered = None;
    }

    fn reopen(&mut self, entry: &Arc<Entry<Event>>, opened: &Opened) {
        assert!(
            matches!(self.phase, Phase::Closed),
            "only a closed one reopens"
        );
        let next = self.identity().opening + 1;
        assert!(opened.opening == next, "openings are dense");
        let fresh = Self::opened(entry, opened);
        let former = std::mem::replace(self, fresh);
        self.rating = former.rating;
        self.left_groups = former.left_groups;
        self.group = former.group;
        self.agent = former.agent;
        if self.agent.is_none() {
            self.move_to(&opened.group);
        }
    }

    fn move_to(&mut self, group: &GroupId) {
        if self.group != *group {
            self.left_groups.retain(|left| left != group);
            let left = std::mem::replace(&mut self.group, group.clone());
            self.left_groups.push(left);
        }
    }

    fn end(&mut self, at: Millis, reason: CloseReason) {
        self.unanswered = None;
        self.handed_with = None;
        self.ended.get_or_insert((at, reason));
    }
}

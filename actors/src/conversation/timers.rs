//! Deadlines: durable ones are computed from times in the log, soft beats are kept in memory.

use crate::directory::Timing;
use crate::ids::Millis;

use super::event::{CloseReason, WaitReason};
use super::note::Place;
use super::phase::Phase;
use super::state::Conversation;
use super::step::Step;

/// What only a conversation with something under way keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Beats {
    /// When the wait is announced next.
    pub announce_at: Option<Millis>,
    /// The queue has said that it holds the entry.
    pub listed: bool,
    pub place: Option<Place>,
    /// When the target of a transfer is asked again.
    pub reserve_at: Option<Millis>,
    /// Since when the supervisor who took over has not been attached.
    pub speaker_left_at: Option<Millis>,
    /// The bot's turn under way, and since when.
    pub asked: Option<(u32, Millis)>,
}

/// What a conversation does when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deadline {
    OfferExpires,
    WrapUpOver,
    TransferUnanswered,
    TakeoverLapses,
    Silence,
    BurstOver,
    BotTimedOut,
    Abandoned,
    Announce,
    AskTarget,
    RepeatTail,
}

impl Conversation {
    /// The earliest deadline there is.
    pub(super) fn next_deadline(&self, timing: &Timing) -> Option<(Millis, Deadline)> {
        let soft = [
            (self.repeat_at, Deadline::RepeatTail),
            (self.beat_at(|it| it.announce_at), Deadline::Announce),
            (self.beat_at(|it| it.reserve_at), Deadline::AskTarget),
            (self.takeover_lapses_at(timing), Deadline::TakeoverLapses),
        ];
        let soft = soft.into_iter().filter_map(|(at, what)| Some((at?, what)));
        let durable = self.durable_deadlines(timing).into_iter().flatten();
        soft.chain(durable).min_by_key(|(at, _)| *at)
    }

    /// Carries out everything whose time has come.
    pub(super) fn due(&mut self, step: &mut Step<'_>) {
        // Bounded: each kind of deadline, once carried out, lies ahead or is gone.
        for _ in 0..16 {
            match self.next_deadline(&step.timing) {
                Some((at, what)) if at <= step.now => self.carry_out_deadline(step, what),
                _ => return,
            }
        }
        panic!("a deadline that was carried out is over");
    }

    /// Forgets what its state no longer needs.
    pub(super) fn trim_beats(&mut self) {
        let Some(beats) = &mut self.beats else {
            return;
        };
        let matter = self.fold.matter.as_ref();
        let phase = matter.map(|it| &it.phase);
        if !matches!(phase, Some(Phase::Waiting)) {
            beats.announce_at = None;
            beats.listed = false;
            beats.place = None;
        }
        if phase.is_none_or(|it| it.transfer().is_none()) {
            beats.reserve_at = None;
        }
        let unanswered = matter.filter(|it| it.unanswered.is_some());
        if unanswered.map(|it| it.questions) != beats.asked.map(|(turn, _)| turn) {
            beats.asked = None;
        }
        if **beats == Beats::default() {
            self.beats = None;
        }
    }

    fn beat_at(&self, of: impl Fn(&Beats) -> Option<Millis>) -> Option<Millis> {
        self.beats.as_deref().and_then(of)
    }

    /// Nobody of the supervisor who took over is attached; memory alone knows since when.
    pub(super) fn takeover_lapses(&self) -> bool {
        self.beat_at(|it| it.speaker_left_at).is_some()
    }

    fn takeover_lapses_at(&self, timing: &Timing) -> Option<Millis> {
        let left_at = self.beat_at(|it| it.speaker_left_at)?;
        Some(left_at.plus(timing.agent_grace_ms))
    }

    fn durable_deadlines(&self, timing: &Timing) -> [Option<(Millis, Deadline)>; 2] {
        let Some(matter) = &self.fold.matter else {
            return [None, None];
        };
        let silence = (timing.silence_close_ms > 0).then(|| {
            let since = matter.spoke_at.max(matter.moved_at);
            (since.plus(timing.silence_close_ms), Deadline::Silence)
        });
        let abandoned = (!self.links.any_customer()).then(|| {
            let waits_since = matter.waited().map(|(_, waiting)| waiting.enqueued_at);
            let since = self.left_at.max(waits_since.unwrap_or(matter.moved_at));
            (since.plus(timing.abandon_grace_ms), Deadline::Abandoned)
        });
        match &matter.phase {
            Phase::BotServing => {
                let asked = self.beats.as_ref().and_then(|beats| beats.asked);
                let bot = match (asked, matter.unanswered) {
                    (Some((turn, at)), Some(_)) if turn == matter.questions => {
                        Some((at.plus(timing.bot_timeout_ms), Deadline::BotTimedOut))
                    }
                    (_, Some(at)) => Some((at.plus(timing.bot_burst_ms), Deadline::BurstOver)),
                    (_, None) => None,
                };
                [bot, silence]
            }
            Phase::Waiting => [abandoned, None],
            Phase::Offered(held) => [abandoned, Some((held.until, Deadline::OfferExpires))],
            Phase::Active(active) => {
                let unanswered = active.transfer.as_ref().map(|transfer| {
                    let at = transfer.requested_at.plus(timing.offer_ms);
                    (at, Deadline::TransferUnanswered)
                });
                [unanswered, silence]
            }
            Phase::WrapUp(held) => [Some((held.until, Deadline::WrapUpOver)), None],
            Phase::Closed => [None, None],
        }
    }

    fn carry_out_deadline(&mut self, step: &mut Step<'_>, what: Deadline) {
        match what {
            Deadline::OfferExpires => self.offer_missed(step),
            Deadline::WrapUpOver => self.wrap_up_over(step),
            Deadline::TransferUnanswered => self.transfer_failed(step),
            Deadline::TakeoverLapses => self.takeover_lapsed(step),
            Deadline::Silence => self.end(step, CloseReason::Silence, super::Author::System),
            Deadline::BurstOver => self.ask_bot(step),
            Deadline::BotTimedOut => self.wait_for_agent(step, WaitReason::NoBot, None),
            Deadline::Abandoned => self.end(step, CloseReason::Abandoned, super::Author::System),
            Deadline::Announce => self.announce(step),
            Deadline::AskTarget => self.ask_target(step),
            Deadline::RepeatTail => {
                self.repeat_at = None;
                self.repeat_tail(step);
            }
        }
        self.note_speaker(step.now);
        self.trim_beats();
    }
}

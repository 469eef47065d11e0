//! The line's commands: given once, sent when the connection allows and again where need be, answered
//! once.

use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};

use bytes::Bytes;
use crest_schema::frame::ClientFrame;
use crest_schema::frame::server::Error;

use super::call::{Answer, Call, Pending, Refused};
use super::line::{Line, Output, Stage};
use super::told::sent;
use crate::history::Seen;

/// Temporary refusals of one command before it is given up.
const PATIENCE: u32 = 20;
/// What was missed should be there by then; a conversation that cannot be shown must not hold up
/// the others for longer.
const CATCH_UP: Duration = Duration::from_secs(5);

impl Line {
    /// Commands without an answer.
    pub fn unanswered(&self) -> usize {
        self.queue.len()
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

    pub(super) fn done(&mut self, reference: Option<u32>, now: Instant) {
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

    pub(super) fn answered(&mut self, reference: Option<u32>, answer: Answer, now: Instant) {
        let Some(number) = reference.and_then(|it| self.asked.remove(&it)) else {
            return;
        };
        let queued = self.queue.iter().position(|(queued, _)| *queued == number);
        if let Some((_, call)) = queued.and_then(|index| self.queue.remove(index)) {
            call.answer(answer, now);
        }
    }

    pub(super) fn refused(&mut self, reference: Option<u32>, error: &Error<'_>, now: Instant) {
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
}

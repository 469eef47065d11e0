//! Frames that wait for their answer, in the order they were given.

use std::collections::VecDeque;

use crest_schema::frame::{ClientFrame, Id};

/// What to do with a frame whose connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Sent again on the next connection, with the same id.
    UntilAnswered,
    /// Said anew by whoever needs it.
    ThisConnection,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub reference: u32,
    pub frame: ClientFrame,
    pub id: Option<Id>,
    /// What the person typed, to name it in an error.
    pub label: String,
    keep: Keep,
    sent: bool,
    /// It was sent on an earlier connection too, so it may have taken effect there.
    pub again: bool,
}

/// At most `window` frames are under way; the rest waits here.
#[derive(Debug)]
pub(super) struct Outbox {
    frames: VecDeque<Waiting>,
    references: u32,
    window: usize,
    held_until: u64,
}

impl Outbox {
    pub fn new() -> Self {
        Self {
            frames: VecDeque::new(),
            references: 0,
            window: crest_schema::limits::UNACKED_MAX as usize,
            held_until: 0,
        }
    }

    pub fn len(&self) -> usize {
        self.frames.len()
    }

    pub fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.frames.iter()
    }

    pub fn set_window(&mut self, unacked: u32) {
        self.window = (unacked as usize).max(1);
    }

    /// A ref nobody else uses.
    pub fn reference(&mut self) -> u32 {
        self.references = self.references.wrapping_add(1);
        self.references
    }

    pub fn push(&mut self, frame: ClientFrame, label: String, keep: Keep) {
        let reference = self.reference();
        self.frames.push_back(Waiting {
            reference,
            id: frame_id(&frame),
            frame,
            label,
            keep,
            sent: false,
            again: false,
        });
    }

    /// What may be sent now, in order. Nothing overtakes a frame that was told to wait.
    pub fn due(&mut self, now: u64) -> Vec<(u32, ClientFrame)> {
        if now < self.held_until {
            return Vec::new();
        }
        let under_way = self.frames.iter().filter(|it| it.sent).count();
        let room = self.window.saturating_sub(under_way);
        let next = self.frames.iter_mut().filter(|it| !it.sent).take(room);
        next.map(|it| {
            it.sent = true;
            (it.reference, it.frame.clone())
        })
        .collect()
    }

    /// Answered for good.
    pub fn settle(&mut self, reference: Option<u32>, id: Option<Id>) -> Option<Waiting> {
        let found = |it: &Waiting| reference == Some(it.reference) || (id.is_some() && it.id == id);
        let at = self.frames.iter().position(found)?;
        self.frames.remove(at)
    }

    /// Refused for now: sent again after the pause, before whatever has not been sent yet.
    pub fn postpone(&mut self, reference: u32, until: u64) -> bool {
        let Some(it) = self.frames.iter_mut().find(|it| it.reference == reference) else {
            return false;
        };
        it.sent = false;
        self.held_until = self.held_until.max(until);
        true
    }

    /// The connection is gone: what must not be lost is sent again, in order, under new refs.
    pub fn lost(&mut self) {
        self.frames.retain(|it| it.keep == Keep::UntilAnswered);
        self.held_until = 0;
        for it in &mut self.frames {
            self.references = self.references.wrapping_add(1);
            it.reference = self.references;
            it.again |= it.sent;
            it.sent = false;
        }
    }
}

fn frame_id(frame: &ClientFrame) -> Option<Id> {
    match frame {
        ClientFrame::Send(it) => Some(it.id),
        ClientFrame::Edit(it) => Some(it.id),
        ClientFrame::Recall(it) => Some(it.id),
        ClientFrame::Whisper(it) => Some(it.id),
        ClientFrame::LeaveMessage(it) => Some(it.id),
        _ => None,
    }
}

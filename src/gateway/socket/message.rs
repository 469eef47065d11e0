//! Messages out of frames: fragments joined, control frames told apart. Pure.

use super::closing;
use super::closing::codes;
use super::frame::{Breach, Role};

/// The first fragments of a message whose last one has not come. Owns memory only meanwhile.
#[derive(Debug, Default)]
pub(super) struct Fragments(Option<Vec<u8>>);

/// What a frame amounts to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    /// A fragment that is not the last, or a pong.
    Nothing,
    Message(&'a [u8]),
    Ping(&'a [u8]),
    Close(Option<u16>),
}

impl Fragments {
    /// Takes an unmasked frame. After a [`Incoming::Message`] either [`Fragments::consumed`] or
    /// [`Fragments::put_back`] follows.
    pub fn accept<'a>(
        &'a mut self,
        role: Role,
        last: bool,
        payload: &'a [u8],
        max: usize,
    ) -> Result<Incoming<'a>, Breach> {
        match (role, &mut self.0) {
            (Role::Ping, _) => Ok(Incoming::Ping(payload)),
            (Role::Pong, _) => Ok(Incoming::Nothing),
            (Role::Close, _) => closing::parse(payload).map(Incoming::Close),
            (Role::Binary, None) if last => Ok(Incoming::Message(payload)),
            (Role::Binary, slot @ None) => {
                *slot = Some(payload.to_vec());
                Ok(Incoming::Nothing)
            }
            (Role::Binary, Some(_)) => Err(Breach::protocol("new message inside a fragmented one")),
            (Role::Continuation, None) => Err(Breach::protocol("continuation of nothing")),
            (Role::Continuation, Some(first)) => {
                if first.len() + payload.len() > max {
                    return Err(Breach {
                        code: codes::TOO_LARGE,
                        reason: "message too large",
                    });
                }
                first.extend_from_slice(payload);
                Ok(if last {
                    Incoming::Message(first)
                } else {
                    Incoming::Nothing
                })
            }
        }
    }

    /// The message was taken.
    pub fn consumed(&mut self) {
        self.0 = None;
    }

    /// The message was not taken: its last fragment, of `len` bytes, will be given again.
    pub fn put_back(&mut self, len: usize) {
        if let Some(first) = &mut self.0 {
            first.truncate(first.len() - len);
        }
    }

    /// Has a message begun that has not ended?
    pub fn begun(&self) -> bool {
        self.0.is_some()
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.0.as_ref().map_or(0, Vec::len)
    }
}

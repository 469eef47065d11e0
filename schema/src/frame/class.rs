//! What is given up first when there is too much to do.

use super::ClientKind;

/// Overload classes, refused from the last to the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// L0: hello of a ticket already given, ping, detach.
    Control,
    /// L1: messages and closing words in open conversations.
    Messages,
    /// L2: what agents and supervisors do.
    Actions,
    /// L3: attaching and catching up.
    Resume,
    /// L4: conversations that are not open yet.
    NewConversations,
    /// L5: history and boards.
    History,
    /// L6: typing, read marks; dropped without an answer.
    Ephemera,
}

impl ClientKind {
    /// The class of this frame where its conversation is open already. A customer's frame that
    /// would open one is of [`Class::NewConversations`].
    pub fn class(self) -> Class {
        match self {
            ClientKind::Hello
            | ClientKind::Ping
            | ClientKind::Detach
            | ClientKind::UnwatchBoard => Class::Control,
            ClientKind::Send
            | ClientKind::Edit
            | ClientKind::Recall
            | ClientKind::AskHuman
            | ClientKind::LeaveMessage
            | ClientKind::CallBack
            | ClientKind::Leave
            | ClientKind::Rate
            | ClientKind::Whisper => Class::Messages,
            ClientKind::SetPresence
            | ClientKind::Accept
            | ClientKind::Decline
            | ClientKind::Transfer
            | ClientKind::End
            | ClientKind::WrapUpDone
            | ClientKind::TakeOver
            | ClientKind::GiveBack => Class::Actions,
            ClientKind::Attach => Class::Resume,
            ClientKind::History | ClientKind::WatchBoard => Class::History,
            ClientKind::Typing | ClientKind::Read => Class::Ephemera,
        }
    }
}

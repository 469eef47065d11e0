//! What a client's frame names, read without knowing what it asks.

use super::{ClientFrame, Id};

impl ClientFrame {
    /// The client's id of this message, for the answer.
    pub fn message_id(&self) -> Option<Id> {
        match self {
            ClientFrame::Send(body) => Some(body.id),
            ClientFrame::Edit(body) => Some(body.id),
            ClientFrame::Recall(body) => Some(body.id),
            ClientFrame::LeaveMessage(body) => Some(body.id),
            ClientFrame::Whisper(body) => Some(body.id),
            ClientFrame::Hello(_)
            | ClientFrame::Ping(_)
            | ClientFrame::Typing(_)
            | ClientFrame::Read(_)
            | ClientFrame::History(_)
            | ClientFrame::AskHuman(_)
            | ClientFrame::CallBack(_)
            | ClientFrame::Leave(_)
            | ClientFrame::Rate(_)
            | ClientFrame::Attach(_)
            | ClientFrame::Detach(_)
            | ClientFrame::SetPresence(_)
            | ClientFrame::Accept(_)
            | ClientFrame::Decline(_)
            | ClientFrame::Transfer(_)
            | ClientFrame::End(_)
            | ClientFrame::WrapUpDone(_)
            | ClientFrame::TakeOver(_)
            | ClientFrame::GiveBack(_)
            | ClientFrame::WatchBoard(_)
            | ClientFrame::UnwatchBoard(_) => None,
        }
    }

    /// The conversation it names.
    pub fn conversation(&self) -> Option<Id> {
        match self {
            ClientFrame::Send(body) => body.conversation,
            ClientFrame::Edit(body) => body.conversation,
            ClientFrame::Recall(body) => body.conversation,
            ClientFrame::Typing(body) => body.conversation,
            ClientFrame::Read(body) => body.conversation,
            ClientFrame::History(body) => body.conversation,
            ClientFrame::Attach(body) => Some(body.conversation),
            ClientFrame::Accept(body) | ClientFrame::Decline(body) => Some(body.offer.conversation),
            ClientFrame::Whisper(body) => Some(body.conversation),
            ClientFrame::Transfer(body) => Some(body.conversation),
            ClientFrame::WrapUpDone(body) => Some(body.conversation),
            ClientFrame::Detach(body)
            | ClientFrame::End(body)
            | ClientFrame::TakeOver(body)
            | ClientFrame::GiveBack(body) => Some(body.conversation),
            ClientFrame::Hello(_)
            | ClientFrame::Ping(_)
            | ClientFrame::AskHuman(_)
            | ClientFrame::LeaveMessage(_)
            | ClientFrame::CallBack(_)
            | ClientFrame::Leave(_)
            | ClientFrame::Rate(_)
            | ClientFrame::SetPresence(_)
            | ClientFrame::WatchBoard(_)
            | ClientFrame::UnwatchBoard(_) => None,
        }
    }
}

//! What a client's frame asks, in the domain's words and within its bounds.

use crest_actors::agent::Presence;
use crest_actors::board::Scope;
use crest_actors::conversation::{Command, Ephemeral};
use crest_actors::ids::{AgentId, ConversationId, GroupId, Seq};
use crest_actors::limits::COMMENT_MAX_BYTES;
use crest_schema::ClientFrame;
use crest_schema::codes::Code;
use crest_schema::frame::Id;
use crest_schema::frame::client::{Hello, History, Transfer, TransferTarget};
use crest_schema::limits::{HISTORY_DEFAULT, HISTORY_MAX};

use super::body::{domain_body, field, long, name, within};
use super::desk::{domain_presence, scope};
use super::names::{conversation_id, message_id, offer_id, seq};
use super::refusal::code_of;

/// A frame's meaning. `conversation` is absent where a customer means its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    Hello(Hello),
    Ping,
    Command {
        conversation: Option<ConversationId>,
        command: Command,
    },
    Ephemeral {
        conversation: Option<ConversationId>,
        ephemeral: Ephemeral,
    },
    History {
        conversation: Option<ConversationId>,
        page: Page,
    },
    Attach {
        conversation: ConversationId,
        after: Seq,
    },
    Detach {
        conversation: ConversationId,
    },
    SetPresence {
        /// Somebody else's, for supervisors.
        agent: Option<AgentId>,
        presence: Presence,
        next: Option<Presence>,
    },
    WatchBoard(Scope),
    UnwatchBoard,
}

/// Events with `after` < seq < `before`, at most `limit`, in the asker's numbering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub after: Seq,
    pub before: Option<Seq>,
    /// 1 to [`HISTORY_MAX`].
    pub limit: u32,
    /// The newest before `before` were asked for; `after` has been moved up to them.
    pub backward: bool,
}

/// Reads a frame. `staff` is who asks, `None` for a customer. Rights are the gateway's to check;
/// here only what cannot be said at all is refused: too long, no conversation named.
pub fn request(frame: ClientFrame, staff: Option<&AgentId>) -> Result<Request, Code> {
    let target = |conversation: Option<Id>| match (conversation, staff) {
        (None, Some(_)) => Err(Code::ConversationMissing),
        (conversation, _) => Ok(conversation.map(conversation_id)),
    };
    let own = |command| {
        Ok(Request::Command {
            conversation: None,
            command,
        })
    };
    let on = |conversation: Id, command| {
        Ok(Request::Command {
            conversation: Some(conversation_id(conversation)),
            command,
        })
    };
    let agent = || staff.cloned().ok_or(Code::Forbidden);
    match frame {
        ClientFrame::Hello(hello) => Ok(Request::Hello(hello)),
        ClientFrame::Ping(_) => Ok(Request::Ping),
        ClientFrame::Send(send) => Ok(Request::Command {
            conversation: target(send.conversation)?,
            command: Command::Say {
                id: message_id(send.id),
                body: domain_body(send.body).map_err(code_of)?,
            },
        }),
        ClientFrame::Edit(edit) => Ok(Request::Command {
            conversation: target(edit.conversation)?,
            command: Command::Edit {
                id: message_id(edit.id),
                of: seq(edit.of),
                body: domain_body(edit.body).map_err(code_of)?,
            },
        }),
        ClientFrame::Recall(recall) => Ok(Request::Command {
            conversation: target(recall.conversation)?,
            command: Command::Recall {
                id: message_id(recall.id),
                of: seq(recall.of),
            },
        }),
        ClientFrame::Typing(typing) => Ok(Request::Ephemeral {
            conversation: target(typing.conversation)?,
            ephemeral: Ephemeral::Typing,
        }),
        ClientFrame::Read(read) => Ok(Request::Ephemeral {
            conversation: target(read.conversation)?,
            ephemeral: Ephemeral::Read {
                up_to: seq(read.up_to),
            },
        }),
        ClientFrame::History(history) => Ok(Request::History {
            conversation: target(history.conversation)?,
            page: page(history),
        }),
        ClientFrame::AskHuman(_) => own(Command::AskHuman),
        ClientFrame::LeaveMessage(left) => own(Command::LeaveMessage {
            id: message_id(left.id),
            text: long(left.text).map_err(code_of)?,
        }),
        ClientFrame::CallBack(call) => own(Command::CallBack {
            contact: field(call.contact).map_err(code_of)?,
        }),
        ClientFrame::Leave(_) => own(Command::Leave),
        ClientFrame::Rate(rate) => own(Command::Rate {
            level: rate.level,
            comment: comment(rate.comment)?,
        }),
        ClientFrame::Attach(attach) => Ok(Request::Attach {
            conversation: conversation_id(attach.conversation),
            after: seq(attach.after),
        }),
        ClientFrame::Detach(named) => Ok(Request::Detach {
            conversation: conversation_id(named.conversation),
        }),
        ClientFrame::SetPresence(set) => Ok(Request::SetPresence {
            agent: set.agent.map(agent_id).transpose()?,
            presence: domain_presence(set.presence).map_err(code_of)?,
            next: set.next.map(domain_presence).transpose().map_err(code_of)?,
        }),
        ClientFrame::Accept(answer) => on(
            answer.offer.conversation,
            Command::Accept {
                offer: offer_id(answer.offer, agent()?),
            },
        ),
        ClientFrame::Decline(answer) => on(
            answer.offer.conversation,
            Command::Decline {
                offer: offer_id(answer.offer, agent()?),
            },
        ),
        ClientFrame::Whisper(whisper) => on(
            whisper.conversation,
            Command::Whisper {
                id: message_id(whisper.id),
                text: long(whisper.text).map_err(code_of)?,
            },
        ),
        ClientFrame::Transfer(asked) => on(asked.conversation, transfer(asked)?),
        ClientFrame::End(named) => on(named.conversation, Command::End),
        ClientFrame::WrapUpDone(done) => on(
            done.conversation,
            Command::WrapUpDone {
                code: done.code.map(name).transpose().map_err(code_of)?,
            },
        ),
        ClientFrame::TakeOver(named) => on(named.conversation, Command::TakeOver),
        ClientFrame::GiveBack(named) => on(named.conversation, Command::GiveBack),
        ClientFrame::WatchBoard(watch) => {
            Ok(Request::WatchBoard(scope(watch.scope).map_err(code_of)?))
        }
        ClientFrame::UnwatchBoard(_) => Ok(Request::UnwatchBoard),
    }
}

fn transfer(asked: Transfer) -> Result<Command, Code> {
    let note = comment(asked.note)?;
    match asked.to {
        TransferTarget::Agent(to) => Ok(Command::TransferToAgent {
            to: agent_id(to)?,
            forced: asked.forced,
            note,
        }),
        TransferTarget::Group(to) => Ok(Command::TransferToGroup {
            to: GroupId::new(name(to).map_err(code_of)?),
            note,
        }),
    }
}

fn page(history: History) -> Page {
    let limit = history
        .limit
        .unwrap_or(HISTORY_DEFAULT)
        .clamp(1, HISTORY_MAX);
    match (history.after, history.before) {
        // Numbers are dense, so the newest ones before it are the ones just below.
        (None, Some(before)) => Page {
            after: Seq(seq(before).0.saturating_sub(1 + u64::from(limit))),
            before: Some(seq(before)),
            limit,
            backward: true,
        },
        (after, before) => Page {
            after: seq(after.unwrap_or(0)),
            before: before.map(seq),
            limit,
            backward: false,
        },
    }
}

fn agent_id(agent: String) -> Result<AgentId, Code> {
    Ok(AgentId::new(name(agent).map_err(code_of)?))
}

fn comment(text: Option<String>) -> Result<Option<String>, Code> {
    text.map(|text| within(text, COMMENT_MAX_BYTES))
        .transpose()
        .map_err(code_of)
}

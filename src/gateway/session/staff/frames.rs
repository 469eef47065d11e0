//! What a member of staff asks, frame by frame.

use crest_actors::agent::{self, Presence};
use crest_actors::conversation::{Command, Note, Refusal, Role};
use crest_actors::directory::StaffRole;
use crest_actors::effect::Envelope;
use crest_actors::ids::{AgentId, AgentKey, ConversationId, Millis, Seq};
use crest_schema::codes::Code;
use crest_schema::frame::ClientFrame;

use super::board::Watched;
use super::{Attached, StaffSession};
use crate::auth::Operation;
use crate::gateway::session::limits::{LINKS_MAX, UNACKED_MAX};
use crate::gateway::session::link::Link;
use crate::gateway::session::out::{Error, Out, Purpose, ReadPage, Reader, Turn};
use crate::translate::{self, Request};

impl StaffSession {
    /// A frame of this member of staff, allowed to its role.
    pub fn frame(&mut self, reference: Option<u32>, frame: ClientFrame, turn: &mut Turn<'_>) {
        if turn.shed(reference, frame.kind().class()) {
            return;
        }
        let request = match translate::request(frame, Some(&self.key.agent)) {
            Ok(request) => request,
            Err(code) => return turn.error(reference, code.into()),
        };
        match request {
            Request::Ping => turn.pong(reference),
            Request::Hello(_) => turn.error(reference, Code::HelloRepeated.into()),
            Request::Command {
                conversation: Some(conversation),
                command,
            } => {
                self.command(conversation, reference.unwrap_or(0), command, turn);
            }
            Request::Ephemeral {
                conversation: Some(conversation),
                ephemeral,
            } => {
                if self
                    .links
                    .get(&conversation)
                    .is_some_and(|own| own.link.is_live())
                {
                    turn.tell_conversation(
                        conversation,
                        Note::Ephemeral {
                            session: turn.id,
                            ephemeral,
                        },
                    );
                }
            }
            Request::History {
                conversation: Some(conversation),
                page,
            } => {
                let purpose = Purpose::History {
                    reference: reference.unwrap_or(0),
                };
                turn.out.push(Out::Read(ReadPage {
                    conversation,
                    page,
                    purpose,
                    reader: Reader::Staff,
                }));
            }
            Request::Command {
                conversation: None, ..
            }
            | Request::Ephemeral {
                conversation: None, ..
            }
            | Request::History {
                conversation: None, ..
            } => {
                turn.error(reference, Code::ConversationMissing.into());
            }
            Request::Attach {
                conversation,
                after,
            } => self.attach(conversation, after, reference, turn),
            Request::Detach { conversation } => {
                self.detach(conversation, turn);
                turn.done(reference, Some(conversation));
            }
            Request::SetPresence {
                agent,
                presence,
                next,
            } => {
                self.set_presence(reference.unwrap_or(0), agent, presence, next, turn);
            }
            Request::WatchBoard(scope) => {
                self.board = Some(Watched {
                    scope,
                    have: None,
                    asked_at: Millis(0),
                });
                self.ask_board(turn);
                turn.done(reference, None);
            }
            Request::UnwatchBoard => {
                self.unwatch(turn);
                turn.done(reference, None);
            }
        }
    }

    pub(super) fn attach(
        &mut self,
        conversation: ConversationId,
        after: Seq,
        reference: Option<u32>,
        turn: &mut Turn<'_>,
    ) {
        if self.links.len() >= LINKS_MAX && !self.links.contains_key(&conversation) {
            let conversation = Some(conversation);
            let error = Error {
                conversation,
                ..Code::TooManyAttached.into()
            };
            return turn.error(reference, error);
        }
        let role = match self.role {
            StaffRole::Agent => Role::Agent(self.key.agent.clone()),
            StaffRole::Supervisor | StaffRole::Admin => Role::Supervisor(self.key.agent.clone()),
        };
        let own = self.links.entry(conversation).or_insert_with(|| Attached {
            link: Link::new(conversation, role, after),
            asked: Vec::new(),
            admitted: false,
        });
        if let Some(reference) = reference {
            own.link.restart(after);
            own.asked.push(reference);
        }
        own.link.heal(turn);
    }

    pub(super) fn detach(&mut self, conversation: ConversationId, turn: &mut Turn<'_>) {
        // Commands under way may have taken effect or not, and their answers find nobody from now on.
        let own = self.links.get_mut(&conversation);
        for (reference, command) in own.map_or_else(Vec::new, |own| own.link.take_window()) {
            let error = Error {
                id: command.client_id(),
                conversation: Some(conversation),
                ..Code::Internal.into()
            };
            turn.error(Some(reference), error);
        }
        if let Some(own) = self.drop_link(conversation, Refusal::Gone.into(), turn) {
            own.link.leave(turn);
        }
    }

    fn command(
        &mut self,
        conversation: ConversationId,
        reference: u32,
        command: Command,
        turn: &mut Turn<'_>,
    ) {
        if self.unanswered() >= UNACKED_MAX {
            return turn.error(
                Some(reference),
                Error {
                    id: command.client_id(),
                    ..Code::TooManyUnacked.into()
                },
            );
        }
        let forced = matches!(command, Command::TransferToAgent { forced: true, .. });
        if forced && !Operation::ForceTransfer.allows(self.role.into()) {
            return turn.error(Some(reference), Code::Forbidden.into());
        }
        if !self.links.contains_key(&conversation) {
            if self.links.len() >= LINKS_MAX {
                let error = Error {
                    id: command.client_id(),
                    conversation: Some(conversation),
                    ..Code::TooManyAttached.into()
                };
                return turn.error(Some(reference), error);
            }
            self.attach(conversation, Seq(0), None, turn);
        }
        if let Some(own) = self.links.get_mut(&conversation) {
            let notes = own.link.command(turn.id, reference, command, turn.now);
            own.link.tell(notes, turn);
        }
    }

    fn set_presence(
        &mut self,
        reference: u32,
        agent: Option<AgentId>,
        presence: Presence,
        next: Option<Presence>,
        turn: &mut Turn<'_>,
    ) {
        let other = agent.filter(|agent| *agent != self.key.agent);
        if other.is_some() && !Operation::SetPresenceOfAnother.allows(self.role.into()) {
            return turn.error(Some(reference), Code::Forbidden.into());
        }
        let agent = other.unwrap_or_else(|| self.key.agent.clone());
        let key = AgentKey {
            tenant: self.key.tenant.clone(),
            agent,
        };
        self.asked.push((reference, turn.now));
        let note = agent::Note::SetPresence {
            session: turn.id,
            reference,
            presence,
            next,
        };
        turn.tell(Envelope::Agent(key, note));
    }
}

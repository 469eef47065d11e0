//! Frames of clients in the domain's words, and each refusal's code.

use std::collections::BTreeSet;

use crest_actors::agent::Presence;
use crest_actors::board::Scope;
use crest_actors::conversation::{Body, Command, Ephemeral, Refusal};
use crest_actors::ids::{AgentId, GroupId, OfferId, Seq};
use crest_actors::limits::{CHOICES_MAX, COMMENT_MAX_BYTES, FIELD_MAX_BYTES, TEXT_MAX_BYTES};
use crest_schema::ClientFrame as F;
use crest_schema::codes::Code;
use crest_schema::frame::client::{self, Empty, Named, TransferTarget};
use crest_schema::frame::desk::{self, Offer};
use crest_schema::frame::{self, Id};

use super::samples::{CONVERSATION, MESSAGE};
use crate::translate::{Page, Request, code_of, request};

const WIRE: Id = Id(CONVERSATION.0);
const ID: Id = Id(MESSAGE.0);

fn staff(frame: F) -> Result<Request, Code> {
    request(frame, Some(&AgentId::new("lin")))
}

fn customer(frame: F) -> Result<Request, Code> {
    request(frame, None)
}

fn on(command: Command) -> Result<Request, Code> {
    Ok(Request::Command {
        conversation: Some(CONVERSATION),
        command,
    })
}

fn own(command: Command) -> Result<Request, Code> {
    Ok(Request::Command {
        conversation: None,
        command,
    })
}

fn send(conversation: Option<Id>, body: frame::Body<'static>) -> F {
    F::Send(client::Send {
        conversation,
        id: ID,
        body,
    })
}

#[test]
fn customers_speak_in_their_own_conversation() {
    let text = || frame::Body::Text("hi".into());
    let say = Command::Say {
        id: MESSAGE,
        body: Body::Text("hi".into()),
    };
    assert_eq!(customer(send(None, text())), own(say.clone()));
    assert_eq!(staff(send(Some(WIRE), text())), on(say));
    assert_eq!(staff(send(None, text())), Err(Code::ConversationMissing));
    assert_eq!(customer(F::AskHuman(Empty {})), own(Command::AskHuman));
    assert_eq!(customer(F::Leave(Empty {})), own(Command::Leave));
    assert_eq!(
        customer(F::LeaveMessage(client::LeaveMessage {
            id: ID,
            text: "later".into()
        })),
        own(Command::LeaveMessage {
            id: MESSAGE,
            text: "later".into()
        })
    );
    assert_eq!(
        customer(F::CallBack(client::CallBack {
            contact: "138".into()
        })),
        own(Command::CallBack {
            contact: "138".into()
        })
    );
    assert_eq!(
        customer(F::Rate(client::Rate {
            level: 4,
            comment: None
        })),
        own(Command::Rate {
            level: 4,
            comment: None
        })
    );
    assert_eq!(
        customer(F::Edit(client::Edit {
            conversation: None,
            id: ID,
            of: 3,
            body: text()
        })),
        own(Command::Edit {
            id: MESSAGE,
            of: Seq(3),
            body: Body::Text("hi".into())
        })
    );
    assert_eq!(
        customer(F::Recall(client::Recall {
            conversation: None,
            id: ID,
            of: 3
        })),
        own(Command::Recall {
            id: MESSAGE,
            of: Seq(3)
        })
    );
}

#[test]
fn an_offer_is_answered_by_whom_it_was_made_to() {
    let answer = client::OfferAnswer {
        offer: Offer {
            conversation: WIRE,
            position: 7,
        },
    };
    let offer = OfferId {
        conversation: CONVERSATION,
        position: Seq(7),
        agent: AgentId::new("lin"),
    };
    assert_eq!(
        staff(F::Accept(answer)),
        on(Command::Accept {
            offer: offer.clone()
        })
    );
    assert_eq!(staff(F::Decline(answer)), on(Command::Decline { offer }));
    assert_eq!(customer(F::Accept(answer)), Err(Code::Forbidden));
}

#[test]
fn staff_act_on_named_conversations() {
    let named = Named { conversation: WIRE };
    assert_eq!(staff(F::End(named)), on(Command::End));
    assert_eq!(staff(F::TakeOver(named)), on(Command::TakeOver));
    assert_eq!(staff(F::GiveBack(named)), on(Command::GiveBack));
    assert_eq!(
        staff(F::WrapUpDone(client::WrapUpDone {
            conversation: WIRE,
            code: Some("refund".into())
        })),
        on(Command::WrapUpDone {
            code: Some("refund".into())
        })
    );
    assert_eq!(
        staff(F::Whisper(client::Whisper {
            conversation: WIRE,
            id: ID,
            text: "psst".into()
        })),
        on(Command::Whisper {
            id: MESSAGE,
            text: "psst".into()
        })
    );
    let transfer = |to| {
        staff(F::Transfer(client::Transfer {
            conversation: WIRE,
            to,
            forced: true,
            note: Some("n".into()),
        }))
    };
    assert_eq!(
        transfer(TransferTarget::Agent("mei".into())),
        on(Command::TransferToAgent {
            to: AgentId::new("mei"),
            forced: true,
            note: Some("n".into())
        })
    );
    assert_eq!(
        transfer(TransferTarget::Group("vip".into())),
        on(Command::TransferToGroup {
            to: GroupId::new("vip"),
            note: Some("n".into())
        })
    );
    assert_eq!(
        staff(F::Attach(client::Attach {
            conversation: WIRE,
            after: 9
        })),
        Ok(Request::Attach {
            conversation: CONVERSATION,
            after: Seq(9)
        })
    );
    assert_eq!(
        staff(F::Detach(named)),
        Ok(Request::Detach {
            conversation: CONVERSATION
        })
    );
}

#[test]
fn presence_boards_and_ephemera() {
    assert_eq!(
        staff(F::SetPresence(client::SetPresence {
            agent: None,
            presence: desk::Presence::NotReady("lunch".into()),
            next: Some(desk::Presence::Offline)
        })),
        Ok(Request::SetPresence {
            agent: None,
            presence: Presence::NotReady {
                reason: "lunch".into()
            },
            next: Some(Presence::Offline)
        })
    );
    let watch = |scope| staff(F::WatchBoard(client::WatchBoard { scope }));
    assert_eq!(
        watch(client::Scope::Tenant),
        Ok(Request::WatchBoard(Scope::Tenant))
    );
    assert_eq!(
        watch(client::Scope::Group("vip".into())),
        Ok(Request::WatchBoard(Scope::Group(GroupId::new("vip"))))
    );
    assert_eq!(staff(F::UnwatchBoard(Empty {})), Ok(Request::UnwatchBoard));
    assert_eq!(customer(F::Ping(Empty {})), Ok(Request::Ping));
    assert_eq!(
        customer(F::Read(client::Read {
            conversation: None,
            up_to: u64::MAX
        })),
        Ok(Request::Ephemeral {
            conversation: None,
            ephemeral: Ephemeral::Read {
                up_to: Seq((1 << 53) - 1)
            }
        })
    );
}

#[test]
fn pages_go_forward_or_back() {
    let cases = [
        // after, before, limit → after, before, limit, backward
        ((None, None, None), (0, None, 50, false)),
        ((Some(10), None, Some(500)), (10, None, 200, false)),
        ((Some(10), Some(20), Some(0)), (10, Some(20), 1, false)),
        ((None, Some(100), Some(30)), (69, Some(100), 30, true)),
        ((None, Some(5), Some(30)), (0, Some(5), 30, true)),
        ((None, Some(0), None), (0, Some(0), 50, true)),
    ];
    for ((after, before, limit), expected) in cases {
        let asked = client::History {
            conversation: None,
            after,
            before,
            limit,
        };
        let (after, before, limit, backward) = expected;
        assert_eq!(
            customer(F::History(asked)),
            Ok(Request::History {
                conversation: None,
                page: Page {
                    after: Seq(after),
                    before: before.map(Seq),
                    limit,
                    backward
                }
            })
        );
    }
}

#[test]
fn what_is_too_long_is_refused_at_the_bound() {
    let text = |length: usize| send(None, frame::Body::Text("x".repeat(length).into()));
    assert!(customer(text(TEXT_MAX_BYTES)).is_ok());
    assert_eq!(customer(text(TEXT_MAX_BYTES + 1)), Err(Code::TooLong));

    let choices = |count: usize, length: usize| {
        send(
            None,
            frame::Body::Choices {
                text: "t".into(),
                options: vec!["x".repeat(length).into(); count],
            },
        )
    };
    assert!(customer(choices(CHOICES_MAX, FIELD_MAX_BYTES)).is_ok());
    assert_eq!(customer(choices(CHOICES_MAX + 1, 1)), Err(Code::TooLong));
    assert_eq!(
        customer(choices(1, FIELD_MAX_BYTES + 1)),
        Err(Code::TooLong)
    );

    let rate = |length: usize| {
        customer(F::Rate(client::Rate {
            level: 1,
            comment: Some("x".repeat(length)),
        }))
    };
    assert!(rate(COMMENT_MAX_BYTES).is_ok());
    assert_eq!(rate(COMMENT_MAX_BYTES + 1), Err(Code::TooLong));
}

#[test]
fn each_refusal_has_a_code_of_its_own() {
    let refusals = [
        Refusal::NotOpen,
        Refusal::Closed,
        Refusal::Gone,
        Refusal::NotAllowed,
        Refusal::NotHolder,
        Refusal::Conflict,
        Refusal::NoSuchMessage,
        Refusal::TooLate,
        Refusal::AlreadyRated,
        Refusal::TooLong,
        Refusal::WrongState,
        Refusal::NoSuchEvent,
        Refusal::NoSuchTarget,
        Refusal::NoSuchReason,
        Refusal::StorageUnavailable,
    ];
    let codes: BTreeSet<Code> = refusals.into_iter().map(code_of).collect();
    assert_eq!(codes.len(), refusals.len());
    for refusal in refusals {
        let temporary = refusal == Refusal::StorageUnavailable;
        assert_eq!(code_of(refusal).temporary(), temporary, "{refusal:?}");
    }
}

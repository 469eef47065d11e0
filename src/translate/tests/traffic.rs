//! Everything that nodes may tell each other, one sample for each variant at least.
//!
//! Each `…_after` gives the sample that follows another one, by a match without wildcard: a new
//! variant does not compile until it stands in the row.

use std::sync::Arc;

use crest_actors::board::{self, BoardView, Scope};
use crest_actors::conversation::{
    Answer, Body, CloseReason, Command, CustomerEntry, CustomerEvent, Ephemeral, Note, Opened,
    Overflow, PhaseKind, Place, Refusal, Role, Speaker, Summary, WaitReason, Waiting,
};
use crest_actors::customer::Identity;
use crest_actors::effect::{
    CustomerState, Envelope, OfferContext, OfferOutcome, Publication, Push, Stray, Traffic,
};
use crest_actors::ids::{
    AgentId, AgentKey, ConversationKey, CustomerKey, GroupKey, Millis, OfferId, Seq, SessionId,
    TenantId,
};
use crest_actors::ports::{BotReply, HandOffReason};
use crest_actors::{agent, customer, queue, skill_group};

use super::samples::{self, CONVERSATION, MESSAGE, entry};

const AT: Millis = Millis(1_762_787_696_123);
const SESSION: SessionId = SessionId {
    node: 300,
    arbiter: 2,
    slot: 70_000,
    generation: 3,
};

/// The row from its first sample on.
fn row<T>(after: impl Fn(Option<&T>) -> Option<T>) -> Vec<T> {
    std::iter::successors(after(None), |sample| after(Some(sample))).collect()
}

/// Each sample by itself.
pub(crate) fn traffic() -> Vec<Traffic> {
    let envelopes = envelopes();
    let strays = envelopes
        .iter()
        .cloned()
        .map(|envelope| Stray { envelope, epoch: 7 });
    let strays = strays.map(|stray| Traffic {
        strays: vec![stray],
        ..Traffic::default()
    });
    let told = envelopes.iter().cloned().map(|envelope| Traffic {
        envelopes: vec![envelope],
        ..Traffic::default()
    });
    let retried = envelopes.iter().cloned().map(|envelope| Traffic {
        retried: vec![envelope],
        ..Traffic::default()
    });
    let pushes = pushes().into_iter().map(|push| Traffic {
        pushes: vec![(SESSION, push)],
        ..Traffic::default()
    });
    let published = samples::events("甲").into_iter().map(|event| Traffic {
        publications: vec![Publication {
            conversation: CONVERSATION,
            entry: Arc::new(entry(5, event)),
            customers: vec![SESSION],
            staff: vec![SESSION, SESSION],
        }],
        ..Traffic::default()
    });
    let rally = Traffic {
        rallies: vec![TenantId::new("demo")],
        ..Traffic::default()
    };
    told.chain(retried)
        .chain(strays)
        .chain(pushes)
        .chain(published)
        .chain([rally])
        .collect()
}

/// All in one.
pub(crate) fn together(parts: impl IntoIterator<Item = Traffic>) -> Traffic {
    let mut all = Traffic::default();
    for part in parts {
        all.envelopes.extend(part.envelopes);
        all.retried.extend(part.retried);
        all.strays.extend(part.strays);
        all.pushes.extend(part.pushes);
        all.publications.extend(part.publications);
        all.rallies.extend(part.rallies);
    }
    all
}

/// The longest history a session may be sent: 64 messages of 16 KiB.
pub(crate) fn long_history() -> Push {
    let said = |n| {
        let message = crest_actors::conversation::Message {
            author: crest_actors::conversation::Author::Customer,
            id: Some(MESSAGE),
            body: Body::Text("字".repeat(16 * 1024 / 3).into()),
        };
        Arc::new(entry(
            n,
            crest_actors::conversation::Event::Message(message),
        ))
    };
    Push::AttachedStaff {
        link: 1,
        conversation: CONVERSATION,
        history: (1..=64).map(said).collect(),
        last: Seq(64),
        summary: Box::new(summary()),
    }
}

fn envelopes() -> Vec<Envelope> {
    let tenant = TenantId::new("demo");
    let group = || GroupKey {
        tenant: tenant.clone(),
        group: "presale".into(),
    };
    let customer = || CustomerKey {
        tenant: tenant.clone(),
        customer: "李".into(),
    };
    let agent = || AgentKey {
        tenant: tenant.clone(),
        agent: "lin".into(),
    };
    let mut all: Vec<Envelope> = Vec::new();
    all.extend(
        customer_notes()
            .into_iter()
            .map(|note| Envelope::Customer(customer(), note)),
    );
    let to_conversation = |note| Envelope::Conversation(conversation_key(), note);
    all.extend(conversation_notes().into_iter().map(to_conversation));
    all.extend(
        agent_notes()
            .into_iter()
            .map(|note| Envelope::Agent(agent(), note)),
    );
    all.extend(
        queue_notes()
            .into_iter()
            .map(|note| Envelope::Queue(group(), note)),
    );
    all.extend(
        row(group_note_after)
            .into_iter()
            .map(|note| Envelope::SkillGroup(group(), note)),
    );
    all.extend(
        board_notes()
            .into_iter()
            .map(|note| Envelope::Board(tenant.clone(), note)),
    );
    all
}

fn conversation_key() -> ConversationKey {
    ConversationKey {
        tenant: TenantId::new("demo"),
        id: CONVERSATION,
    }
}

fn summary() -> Summary {
    Summary {
        position: Seq(9),
        ..samples::summary("乙")
    }
}

fn bare_summary(phase: PhaseKind) -> Summary {
    Summary {
        phase,
        agent: None,
        enqueued_at: None,
        closed_at: None,
        close_reason: None,
        rating: None,
        ..summary()
    }
}

fn offer() -> OfferId {
    OfferId {
        conversation: CONVERSATION,
        position: Seq(7),
        agent: AgentId::new("lin"),
    }
}

fn opened() -> Opened {
    let first = samples::events("甲").swap_remove(0);
    match first {
        crest_actors::conversation::Event::Opened(opened) => opened,
        other => panic!("the first sample is an opening, not {other:?}"),
    }
}

fn waits() -> Vec<Waiting> {
    let waiting = |event| match event {
        crest_actors::conversation::Event::Waiting(waiting) => Some(waiting),
        _ => None,
    };
    samples::events("甲")
        .into_iter()
        .filter_map(waiting)
        .collect()
}

fn availability(presence: agent::Presence) -> agent::Availability {
    agent::Availability {
        presence,
        load: 3,
        capacity: 5,
        idle_since: AT,
        offerable: true,
        version: 1 << 40,
    }
}

fn context(reason: Option<WaitReason>) -> Box<OfferContext> {
    Box::new(OfferContext {
        summary: summary(),
        display_name: reason.as_ref().map(|_| "梅".into()),
        attributes: vec![("vip".into(), "是".into())],
        transfer_note: reason.as_ref().map(|_| "please".into()),
        reason,
        bot: samples::bot("退款"),
        messages: samples::events("甲")
            .into_iter()
            .map(|it| Arc::new(entry(1, it)))
            .collect(),
    })
}

fn contexts() -> impl Iterator<Item = Box<OfferContext>> {
    let reasons = waits().into_iter().map(|waiting| Some(waiting.reason));
    reasons.chain([None]).map(context)
}

fn identity_with(words: Option<&str>) -> Identity {
    Identity {
        channel: "web".into(),
        tier: 2,
        display_name: words.map(Into::into),
        attributes: words.map(|it| (it.into(), it.into())).into_iter().collect(),
        language: words.map(Into::into),
        group: words.map(Into::into),
    }
}

fn customer_notes() -> Vec<customer::Note> {
    let mut all = row(customer_note_after);
    all.push(customer::Note::Enter {
        session: SESSION,
        identity: identity_with(None),
        open: false,
    });
    all
}

fn customer_note_after(note: Option<&customer::Note>) -> Option<customer::Note> {
    use customer::Note;
    Some(match note {
        None => Note::Enter {
            session: SESSION,
            identity: identity_with(Some("zh")),
            open: true,
        },
        Some(Note::Enter { .. }) => Note::Ended {
            channel: "web".into(),
            conversation: CONVERSATION,
            opening: 1,
            agent: Some("lin".into()),
            at: AT,
        },
        Some(Note::Ended { .. }) => Note::Wake,
        Some(Note::Wake) => return None,
    })
}

fn conversation_notes() -> Vec<Note> {
    let mut all = row(conversation_note_after);
    all.extend(row(command_after).into_iter().map(command));
    let bodies = samples::bodies().into_iter();
    all.extend(bodies.map(|body| command(Command::Say { id: MESSAGE, body })));
    all.extend(row(role_after).into_iter().map(attach));
    all.extend(
        row(ephemeral_after)
            .into_iter()
            .map(|ephemeral| Note::Ephemeral {
                session: SESSION,
                ephemeral,
            }),
    );
    all.extend(
        row(overflow_after)
            .into_iter()
            .map(|to| Note::Overflow { entry: Seq(4), to }),
    );
    let mut replies = row(reply_after);
    replies.extend(
        row(hand_off_after)
            .into_iter()
            .map(|why| BotReply::HandOff {
                text: "人工".into(),
                why,
                group: None,
            }),
    );
    all.extend(replies.into_iter().map(|reply| Note::BotReplied {
        opening: 1,
        turn: 2,
        reply,
    }));
    all
}

fn command(command: Command) -> Note {
    Note::Command {
        session: SESSION,
        link: 1,
        number: 2,
        reference: u32::MAX,
        command,
    }
}

fn attach(role: Role) -> Note {
    Note::Attach {
        session: SESSION,
        link: 9,
        role,
        after: Seq(1 << 40),
    }
}

fn conversation_note_after(note: Option<&Note>) -> Option<Note> {
    let session = SESSION;
    Some(match note {
        None => Note::Open(opened()),
        Some(Note::Open(_)) => attach(Role::Customer),
        Some(Note::Attach { .. }) => Note::Detach { session, link: 1 },
        Some(Note::Detach { .. }) => Note::Beat {
            session,
            link: 1,
            last: Seq(3),
        },
        Some(Note::Beat { .. }) => command(Command::AskHuman),
        Some(Note::Command { .. }) => Note::Ephemeral {
            session,
            ephemeral: Ephemeral::Typing,
        },
        Some(Note::Ephemeral { .. }) => Note::Reserved {
            offer: offer(),
            forced: true,
        },
        Some(Note::Reserved { .. }) => Note::ReserveRefused { offer: offer() },
        Some(Note::ReserveRefused { .. }) => Note::AgentLost {
            offer: offer(),
            grace_over: true,
        },
        Some(Note::AgentLost { .. }) => Note::BotReplied {
            opening: 0,
            turn: 1,
            reply: BotReply::Unavailable,
        },
        Some(Note::BotReplied { .. }) => Note::Place {
            entry: Seq(4),
            place: Place {
                position: 2,
                wait_minutes: Some(3),
            },
        },
        Some(Note::Place { .. }) => Note::Listed {
            entry: Seq(4),
            queue_run: u64::MAX,
        },
        Some(Note::Listed { .. }) => Note::Overflow {
            entry: Seq(4),
            to: Overflow::Bot,
        },
        Some(Note::Overflow { .. }) => Note::Describe,
        Some(Note::Describe) => Note::Wake,
        Some(Note::Wake) => return None,
    })
}

fn role_after(role: Option<&Role>) -> Option<Role> {
    Some(match role {
        None => Role::Customer,
        Some(Role::Customer) => Role::Agent("lin".into()),
        Some(Role::Agent(_)) => Role::Supervisor("sun".into()),
        Some(Role::Supervisor(_)) => return None,
    })
}

fn command_after(command: Option<&Command>) -> Option<Command> {
    let (id, of) = (MESSAGE, Seq(3));
    let words = || Some("请".to_owned());
    Some(match command {
        None => Command::Say {
            id,
            body: Body::Text("在吗".into()),
        },
        Some(Command::Say { .. }) => Command::Edit {
            id,
            of,
            body: Body::Text("在不在".into()),
        },
        Some(Command::Edit { .. }) => Command::Recall { id, of },
        Some(Command::Recall { .. }) => Command::AskHuman,
        Some(Command::AskHuman) => Command::LeaveMessage {
            id,
            text: "回我".into(),
        },
        Some(Command::LeaveMessage { .. }) => Command::CallBack {
            contact: "139".into(),
        },
        Some(Command::CallBack { .. }) => Command::Leave,
        Some(Command::Leave) => Command::Rate {
            level: 4,
            comment: words(),
        },
        Some(Command::Rate { .. }) => Command::Accept { offer: offer() },
        Some(Command::Accept { .. }) => Command::Decline { offer: offer() },
        Some(Command::Decline { .. }) => Command::Whisper {
            id,
            text: "小纸条".into(),
        },
        Some(Command::Whisper { .. }) => Command::TransferToAgent {
            to: "wang".into(),
            forced: true,
            note: words(),
        },
        Some(Command::TransferToAgent { .. }) => Command::TransferToGroup {
            to: "aftersale".into(),
            note: None,
        },
        Some(Command::TransferToGroup { .. }) => Command::TakeOver,
        Some(Command::TakeOver) => Command::GiveBack,
        Some(Command::GiveBack) => Command::End,
        Some(Command::End) => Command::WrapUpDone { code: words() },
        Some(Command::WrapUpDone { .. }) => return None,
    })
}

fn ephemeral_after(ephemeral: Option<&Ephemeral>) -> Option<Ephemeral> {
    Some(match ephemeral {
        None => Ephemeral::Typing,
        Some(Ephemeral::Typing) => Ephemeral::Read { up_to: Seq(8) },
        Some(Ephemeral::Read { .. }) => return None,
    })
}

fn overflow_after(overflow: Option<&Overflow>) -> Option<Overflow> {
    Some(match overflow {
        None => Overflow::Group("vip".into()),
        Some(Overflow::Group(_)) => Overflow::Bot,
        Some(Overflow::Bot) => Overflow::LeaveMessage,
        Some(Overflow::LeaveMessage) => return None,
    })
}

fn reply_after(reply: Option<&BotReply>) -> Option<BotReply> {
    let text = || "答".to_owned();
    Some(match reply {
        None => BotReply::Answer {
            text: text(),
            answer: Answer {
                article: "refund".into(),
                score_permille: 912,
                runner_up: Some(("deposit".into(), 300)),
                knowledge_version: 12,
            },
        },
        Some(BotReply::Answer { .. }) => BotReply::Clarify {
            text: text(),
            options: vec!["一".into(), "二".into()],
            candidates: vec!["a".into(), "b".into()],
        },
        Some(BotReply::Clarify { .. }) => BotReply::Fallback { text: text() },
        Some(BotReply::Fallback { .. }) => BotReply::Smalltalk { text: text() },
        Some(BotReply::Smalltalk { .. }) => BotReply::HandOff {
            text: text(),
            why: HandOffReason::Asked,
            group: Some("presale".into()),
        },
        Some(BotReply::HandOff { .. }) => BotReply::Unavailable,
        Some(BotReply::Unavailable) => return None,
    })
}

fn hand_off_after(reason: Option<&HandOffReason>) -> Option<HandOffReason> {
    Some(match reason {
        None => HandOffReason::Asked,
        Some(HandOffReason::Asked) => HandOffReason::Missed,
        Some(HandOffReason::Missed) => HandOffReason::ArticleSays,
        Some(HandOffReason::ArticleSays) => return None,
    })
}

fn agent_notes() -> Vec<agent::Note> {
    use agent::Note;
    let mut all = row(agent_note_after);
    all.extend(
        row(presence_after)
            .into_iter()
            .map(|presence| Note::Connect {
                session: SESSION,
                presence: Some(presence),
            }),
    );
    all.extend(row(released_after).into_iter().map(|why| Note::Release {
        offer: offer(),
        why,
    }));
    all.extend(
        row(outcome_after)
            .into_iter()
            .map(|outcome| Note::OfferGone {
                offer: offer(),
                outcome,
            }),
    );
    all.extend(contexts().map(|context| Note::Offered {
        offer: offer(),
        expires_at: AT,
        context,
    }));
    all
}

fn agent_note_after(note: Option<&agent::Note>) -> Option<agent::Note> {
    use agent::{Note, Presence, Released};
    let session = SESSION;
    Some(match note {
        None => Note::Connect {
            session,
            presence: None,
        },
        Some(Note::Connect { .. }) => Note::Disconnect { session },
        Some(Note::Disconnect { .. }) => Note::SetPresence {
            session,
            reference: 6,
            presence: Presence::Ready,
            next: Some(Presence::Offline),
        },
        Some(Note::SetPresence { .. }) => Note::Reserve {
            offer: offer(),
            weight: 2,
            queue: Some("presale".into()),
            forced: true,
        },
        Some(Note::Reserve { .. }) => Note::Confirm {
            offer: offer(),
            accepted: true,
        },
        Some(Note::Confirm { .. }) => Note::Release {
            offer: offer(),
            why: Released::Over,
        },
        Some(Note::Release { .. }) => Note::Offered {
            offer: offer(),
            expires_at: AT,
            context: context(None),
        },
        Some(Note::Offered { .. }) => Note::OfferGone {
            offer: offer(),
            outcome: OfferOutcome::Missed,
        },
        Some(Note::OfferGone { .. }) => Note::Assigned {
            conversation: CONVERSATION,
        },
        Some(Note::Assigned { .. }) => Note::Unassigned {
            conversation: CONVERSATION,
        },
        Some(Note::Unassigned { .. }) => Note::Announce {
            queue: "presale".into(),
        },
        Some(Note::Announce { .. }) => Note::Reconfigured,
        Some(Note::Reconfigured) => Note::Wake,
        Some(Note::Wake) => return None,
    })
}

fn presence_after(presence: Option<&agent::Presence>) -> Option<agent::Presence> {
    use agent::Presence;
    Some(match presence {
        None => Presence::Offline,
        Some(Presence::Offline) => Presence::NotReady {
            reason: "午饭".into(),
        },
        Some(Presence::NotReady { .. }) => Presence::Ready,
        Some(Presence::Ready) => return None,
    })
}

fn released_after(why: Option<&agent::Released>) -> Option<agent::Released> {
    use agent::Released;
    Some(match why {
        None => Released::Missed,
        Some(Released::Missed) => Released::Declined,
        Some(Released::Declined) => Released::Over,
        Some(Released::Over) => return None,
    })
}

fn outcome_after(outcome: Option<&OfferOutcome>) -> Option<OfferOutcome> {
    Some(match outcome {
        None => OfferOutcome::Accepted,
        Some(OfferOutcome::Accepted) => OfferOutcome::Declined,
        Some(OfferOutcome::Declined) => OfferOutcome::Missed,
        Some(OfferOutcome::Missed) => OfferOutcome::Rescinded,
        Some(OfferOutcome::Rescinded) => return None,
    })
}

fn queue_notes() -> Vec<queue::Note> {
    use queue::Note;
    let mut all = row(queue_note_after);
    all.extend(waits().into_iter().map(announce));
    all.extend(row(withdrawn_after).into_iter().map(withdraw));
    all.extend(
        row(overflow_after)
            .into_iter()
            .map(|to| Note::Policy(policy(to))),
    );
    all
}

fn announce(waiting: Waiting) -> queue::Note {
    queue::Note::Announce {
        conversation: CONVERSATION,
        entry: Seq(4),
        tier: 1,
        waiting,
    }
}

fn withdraw(why: queue::Withdrawn) -> queue::Note {
    queue::Note::Withdraw {
        conversation: CONVERSATION,
        entry: Seq(4),
        why,
    }
}

fn policy(overflow: Overflow) -> queue::Policy {
    queue::Policy {
        handling_ms: 300_000,
        max_length: 100,
        max_wait_ms: 600_000,
        overflow,
        starvation_ms: 900_000,
        revision: 3,
    }
}

fn queue_note_after(note: Option<&queue::Note>) -> Option<queue::Note> {
    use queue::{Note, Withdrawn};
    Some(match note {
        None => announce(waits().swap_remove(0)),
        Some(Note::Announce { .. }) => withdraw(Withdrawn::Left),
        Some(Note::Withdraw { .. }) => Note::Agent {
            agent: "lin".into(),
            availability: availability(agent::Presence::Ready),
            skills: vec!["refund".into(), "日本語".into()],
        },
        Some(Note::Agent { .. }) => Note::AgentGone {
            agent: "lin".into(),
        },
        Some(Note::AgentGone { .. }) => Note::Refused {
            offer: offer(),
            availability: availability(agent::Presence::Offline),
        },
        Some(Note::Refused { .. }) => Note::Policy(policy(Overflow::Bot)),
        Some(Note::Policy(_)) => Note::Wake,
        Some(Note::Wake) => return None,
    })
}

fn withdrawn_after(why: Option<&queue::Withdrawn>) -> Option<queue::Withdrawn> {
    use queue::Withdrawn;
    Some(match why {
        None => Withdrawn::Offered,
        Some(Withdrawn::Offered) => Withdrawn::Abandoned,
        Some(Withdrawn::Abandoned) => Withdrawn::Left,
        Some(Withdrawn::Left) => return None,
    })
}

fn stats(oldest_since: Option<Millis>) -> queue::QueueStats {
    queue::QueueStats {
        length: 12,
        oldest_since,
        assigned_120s: 5,
        abandoned_120s: 1,
        ready_agents: 3,
    }
}

fn group_note_after(note: Option<&skill_group::Note>) -> Option<skill_group::Note> {
    use skill_group::Note;
    Some(match note {
        None => Note::Agent {
            agent: "lin".into(),
            availability: availability(agent::Presence::Ready),
        },
        Some(Note::Agent { .. }) => Note::Handled {
            handling_ms: 240_000,
        },
        Some(Note::Handled { .. }) => Note::Queue(stats(None)),
        Some(Note::Queue(_)) => Note::Resend,
        Some(Note::Resend) => Note::Reconfigured,
        Some(Note::Reconfigured) => Note::Wake,
        Some(Note::Wake) => return None,
    })
}

fn board_notes() -> Vec<board::Note> {
    use board::Note;
    let mut all = row(board_note_after);
    all.extend(
        row(phase_after)
            .into_iter()
            .map(|phase| Note::Conversation(bare_summary(phase))),
    );
    all.extend(row(close_reason_after).into_iter().map(|reason| {
        Note::Conversation(Summary {
            close_reason: Some(reason),
            ..summary()
        })
    }));
    all.extend(row(scope_after).into_iter().map(watch));
    all
}

fn watch(scope: Scope) -> board::Note {
    board::Note::Watch {
        session: SESSION,
        scope,
        have: Some(1 << 52),
    }
}

fn board_note_after(note: Option<&board::Note>) -> Option<board::Note> {
    use board::Note;
    Some(match note {
        None => Note::Conversation(summary()),
        Some(Note::Conversation(_)) => Note::Agent {
            agent: "lin".into(),
            availability: availability(agent::Presence::Ready),
        },
        Some(Note::Agent { .. }) => Note::Queue {
            group: "presale".into(),
            stats: stats(Some(AT)),
        },
        Some(Note::Queue { .. }) => watch(Scope::Tenant),
        Some(Note::Watch { .. }) => Note::Unwatch { session: SESSION },
        Some(Note::Unwatch { .. }) => Note::Wake,
        Some(Note::Wake) => return None,
    })
}

fn scope_after(scope: Option<&Scope>) -> Option<Scope> {
    Some(match scope {
        None => Scope::Tenant,
        Some(Scope::Tenant) => Scope::Group("presale".into()),
        Some(Scope::Group(_)) => return None,
    })
}

fn phase_after(phase: Option<&PhaseKind>) -> Option<PhaseKind> {
    Some(match phase {
        None => PhaseKind::BotServing,
        Some(PhaseKind::BotServing) => PhaseKind::Waiting,
        Some(PhaseKind::Waiting) => PhaseKind::Offered,
        Some(PhaseKind::Offered) => PhaseKind::Active,
        Some(PhaseKind::Active) => PhaseKind::WrapUp,
        Some(PhaseKind::WrapUp) => PhaseKind::Closed,
        Some(PhaseKind::Closed) => return None,
    })
}

fn close_reason_after(reason: Option<&CloseReason>) -> Option<CloseReason> {
    Some(match reason {
        None => CloseReason::Resolved,
        Some(CloseReason::Resolved) => CloseReason::CustomerLeft,
        Some(CloseReason::CustomerLeft) => CloseReason::Silence,
        Some(CloseReason::Silence) => CloseReason::Abandoned,
        Some(CloseReason::Abandoned) => CloseReason::LeftMessage,
        Some(CloseReason::LeftMessage) => CloseReason::CallBack,
        Some(CloseReason::CallBack) => CloseReason::Overflow,
        Some(CloseReason::Overflow) => return None,
    })
}

fn pushes() -> Vec<Push> {
    let conversation = CONVERSATION;
    let mut all = row(push_after);
    all.extend(row(refusal_after).into_iter().map(|refusal| Push::Refused {
        reference: 1,
        conversation: None,
        number: None,
        refusal,
        id: None,
    }));
    all.extend(row(role_after).into_iter().map(|from| Push::Ephemeral {
        conversation,
        from,
        ephemeral: Ephemeral::Typing,
    }));
    all.extend(
        row(speaker_after)
            .into_iter()
            .map(|from| Push::CustomerEphemeral {
                conversation,
                from,
                ephemeral: Ephemeral::Read { up_to: Seq(3) },
            }),
    );
    all.extend(contexts().map(|context| Push::Offer {
        offer: offer(),
        expires_at: AT,
        context,
    }));
    all
}

fn push_after(push: Option<&Push>) -> Option<Push> {
    let conversation = CONVERSATION;
    let place = Place {
        position: 1,
        wait_minutes: None,
    };
    Some(match push {
        None => Push::Routed {
            conversation: Some(conversation),
            opening: 1,
            open: true,
        },
        Some(Push::Routed { .. }) => Push::AttachedCustomer {
            link: 1,
            conversation,
            history: customer_history(),
            last: Seq(9),
            state: CustomerState {
                opening: 1,
                open: true,
                waiting: true,
                may_rate: false,
                place: Some(place),
            },
        },
        Some(Push::AttachedCustomer { .. }) => Push::AttachedStaff {
            link: 1,
            conversation,
            history: samples::events("甲")
                .into_iter()
                .map(|it| Arc::new(entry(2, it)))
                .collect(),
            last: Seq(9),
            summary: Box::new(summary()),
        },
        Some(Push::AttachedStaff { .. }) => Push::Behind {
            link: 1,
            conversation,
            tail: Seq(100),
        },
        Some(Push::Behind { .. }) => Push::Unknown { conversation },
        Some(Push::Unknown { .. }) => Push::Evicted { conversation },
        Some(Push::Evicted { .. }) => Push::Resend {
            conversation,
            link: 1,
            from: 2,
        },
        Some(Push::Resend { .. }) => Push::Tail {
            conversation,
            last: Seq(9),
        },
        Some(Push::Tail { .. }) => Push::Ack {
            reference: 1,
            id: Some(MESSAGE),
            conversation,
            number: Some(2),
            seq: Seq(3),
            at: AT,
        },
        Some(Push::Ack { .. }) => Push::Done {
            reference: 1,
            conversation: Some(conversation),
            number: Some(2),
        },
        Some(Push::Done { .. }) => Push::Refused {
            reference: 1,
            conversation: Some(conversation),
            number: Some(2),
            refusal: Refusal::Gone,
            id: Some(MESSAGE),
        },
        Some(Push::Refused { .. }) => Push::Ended {
            conversation,
            opening: 1,
        },
        Some(Push::Ended { .. }) => Push::Ephemeral {
            conversation,
            from: Role::Customer,
            ephemeral: Ephemeral::Typing,
        },
        Some(Push::Ephemeral { .. }) => Push::CustomerEphemeral {
            conversation,
            from: Speaker::Desk,
            ephemeral: Ephemeral::Typing,
        },
        Some(Push::CustomerEphemeral { .. }) => Push::Place {
            conversation,
            place,
        },
        Some(Push::Place { .. }) => Push::Offer {
            offer: offer(),
            expires_at: AT,
            context: context(None),
        },
        Some(Push::Offer { .. }) => Push::OfferGone {
            offer: offer(),
            outcome: OfferOutcome::Rescinded,
        },
        Some(Push::OfferGone { .. }) => Push::Assigned { conversation },
        Some(Push::Assigned { .. }) => Push::Unassigned { conversation },
        Some(Push::Unassigned { .. }) => Push::Presence {
            reference: Some(4),
            agent: "lin".into(),
            availability: availability(agent::Presence::Ready),
            next: Some(agent::Presence::Offline),
            held: vec![conversation],
        },
        Some(Push::Presence { .. }) => Push::Board(Arc::new(BoardView {
            version: 1 << 52,
            since: Some(1 << 51),
            at: AT,
            conversations: vec![summary(), bare_summary(PhaseKind::Waiting)],
            agents: vec![("lin".into(), availability(agent::Presence::Ready))],
            queues: vec![("presale".into(), stats(Some(AT)))],
        })),
        Some(Push::Board(_)) => return None,
    })
}

fn customer_history() -> Vec<CustomerEntry> {
    let mut events = row(customer_event_after);
    events.extend(
        row(speaker_after)
            .into_iter()
            .map(|from| CustomerEvent::Message {
                from,
                id: None,
                body: Body::Text("好".into()),
            }),
    );
    let seqs = (1..).map(Seq);
    let of = |(seq, event)| CustomerEntry { seq, at: AT, event };
    seqs.zip(events).map(of).collect()
}

fn customer_event_after(event: Option<&CustomerEvent>) -> Option<CustomerEvent> {
    let (of, from) = (Seq(2), Speaker::You);
    let body = Body::Text("在".into());
    Some(match event {
        None => CustomerEvent::Opened { opening: 0 },
        Some(CustomerEvent::Opened { .. }) => CustomerEvent::Message {
            from,
            id: Some(MESSAGE),
            body,
        },
        Some(CustomerEvent::Message { .. }) => CustomerEvent::Edited { of, from, body },
        Some(CustomerEvent::Edited { .. }) => CustomerEvent::Recalled { of, from },
        Some(CustomerEvent::Recalled { .. }) => CustomerEvent::Waiting,
        Some(CustomerEvent::Waiting) => CustomerEvent::BotResumed,
        Some(CustomerEvent::BotResumed) => CustomerEvent::Joined {
            agent: "lin".into(),
        },
        Some(CustomerEvent::Joined { .. }) => CustomerEvent::Ended {
            reason: CloseReason::Silence,
        },
        Some(CustomerEvent::Ended { .. }) => CustomerEvent::Rated { level: 4 },
        Some(CustomerEvent::Rated { .. }) => return None,
    })
}

fn speaker_after(speaker: Option<&Speaker>) -> Option<Speaker> {
    Some(match speaker {
        None => Speaker::You,
        Some(Speaker::You) => Speaker::Bot,
        Some(Speaker::Bot) => Speaker::Agent("lin".into()),
        Some(Speaker::Agent(_)) => Speaker::Desk,
        Some(Speaker::Desk) => Speaker::System,
        Some(Speaker::System) => return None,
    })
}

fn refusal_after(refusal: Option<&Refusal>) -> Option<Refusal> {
    Some(match refusal {
        None => Refusal::NotOpen,
        Some(Refusal::NotOpen) => Refusal::Closed,
        Some(Refusal::Closed) => Refusal::Gone,
        Some(Refusal::Gone) => Refusal::NotAllowed,
        Some(Refusal::NotAllowed) => Refusal::NotHolder,
        Some(Refusal::NotHolder) => Refusal::Conflict,
        Some(Refusal::Conflict) => Refusal::NoSuchMessage,
        Some(Refusal::NoSuchMessage) => Refusal::TooLate,
        Some(Refusal::TooLate) => Refusal::AlreadyRated,
        Some(Refusal::AlreadyRated) => Refusal::TooLong,
        Some(Refusal::TooLong) => Refusal::WrongState,
        Some(Refusal::WrongState) => Refusal::NoSuchEvent,
        Some(Refusal::NoSuchEvent) => Refusal::NoSuchTarget,
        Some(Refusal::NoSuchTarget) => Refusal::NoSuchReason,
        Some(Refusal::NoSuchReason) => Refusal::StorageUnavailable,
        Some(Refusal::StorageUnavailable) => return None,
    })
}

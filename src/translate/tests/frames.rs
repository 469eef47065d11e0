//! Pushes as frames, within a frame's size.

use std::sync::Arc;

use crest_actors::agent::{Availability, Presence};
use crest_actors::board::BoardView;
use crest_actors::conversation::{
    Author, Body, CustomerEntry, CustomerEvent, Event, Message, Refusal, Speaker,
};
use crest_actors::effect::{OfferContext, Push};
use crest_actors::ids::{AgentId, GroupId, Millis, OfferId, Seq};
use crest_actors::limits::{
    ATTRIBUTES_MAX, FIELD_MAX_BYTES, NAME_MAX_BYTES, OFFER_MESSAGES, TEXT_MAX_BYTES,
};
use crest_actors::queue::QueueStats;
use crest_schema::frame::Id;
use crest_schema::limits::{BOARD_ROWS, SERVER_FRAME_BYTES};
use crest_schema::{ServerFrame, ServerKind};

use super::samples::{CONVERSATION, MESSAGE, bot, entry, summary};
use crate::translate::{customer_page, frames};

/// As a client reads them.
fn read(push: &Push) -> Vec<(Option<u32>, ServerFrame<'static>)> {
    let mut read = Vec::new();
    frames(push, &mut |reference, frame| {
        let bytes = frame.encode(reference);
        assert!(bytes.len() <= SERVER_FRAME_BYTES, "{} bytes", bytes.len());
        read.push(ServerFrame::decode(&bytes).unwrap());
    });
    read
}

fn message(text: String) -> Event {
    Event::Message(Message {
        author: Author::Customer,
        id: Some(MESSAGE),
        body: Body::Text(text.into()),
    })
}

fn board(name: &str, conversations: usize, agents: usize, queues: usize) -> BoardView {
    let availability = Availability {
        presence: Presence::NotReady {
            reason: name.into(),
        },
        load: u32::MAX,
        capacity: u32::MAX,
        idle_since: Millis(u64::MAX),
        offerable: true,
        version: 1,
    };
    let stats = QueueStats {
        length: u32::MAX,
        oldest_since: Some(Millis(u64::MAX)),
        assigned_120s: u32::MAX,
        abandoned_120s: u32::MAX,
        ready_agents: u32::MAX,
    };
    BoardView {
        version: 9,
        since: Some(8),
        at: Millis(1),
        conversations: vec![summary(name); conversations],
        agents: vec![(AgentId::new(name), availability); agents],
        queues: vec![(GroupId::new(name), stats); queues],
    }
}

#[test]
fn a_large_board_comes_in_frames_that_fit() {
    let name = "界".repeat(NAME_MAX_BYTES / 3);
    let cases = [
        (0, 0, 0),
        (1, 1, 1),
        (BOARD_ROWS, 0, 0),
        (BOARD_ROWS - 1, 1, 0),
        (BOARD_ROWS, 1, 0),
        (150, 150, 150),
        (0, 0, 1_000),
        (999, 0, 2),
    ];
    for (conversations, agents, queues) in cases {
        let push = Push::Board(Arc::new(board(&name, conversations, agents, queues)));
        let parts = read(&push);
        let rows = conversations + agents + queues;
        assert_eq!(parts.len(), rows.div_ceil(BOARD_ROWS).max(1));
        let mut seen = (0, 0, 0);
        let count = parts.len();
        for (n, part) in parts.into_iter().enumerate() {
            let (None, ServerFrame::Board(part)) = part else {
                panic!("{part:?}");
            };
            assert_eq!((part.version, part.since), (9, Some(8)));
            assert_eq!(part.more, n + 1 < count);
            seen.0 += part.conversations.len();
            seen.1 += part.agents.len();
            seen.2 += part.queues.len();
        }
        assert_eq!(seen, (conversations, agents, queues));
    }
}

fn offer(text_bytes: usize) -> Push {
    let messages = (1..=OFFER_MESSAGES as u64)
        .map(|seq| Arc::new(entry(seq, message("x".repeat(text_bytes)))))
        .collect();
    Push::Offer {
        offer: OfferId {
            conversation: CONVERSATION,
            position: Seq(7),
            agent: AgentId::new("lin"),
        },
        expires_at: Millis(1),
        context: Box::new(OfferContext {
            summary: summary("lin"),
            display_name: Some("n".into()),
            attributes: vec![
                ("n".repeat(FIELD_MAX_BYTES), "v".repeat(FIELD_MAX_BYTES));
                ATTRIBUTES_MAX
            ],
            reason: None,
            bot: bot("k"),
            messages,
            transfer_note: Some("t".into()),
        }),
    }
}

#[test]
fn an_offer_leaves_out_its_oldest_messages_only_when_too_large() {
    let kept = |push: &Push| match read(push).remove(0) {
        (None, ServerFrame::Offer(offer)) => offer
            .context
            .messages
            .iter()
            .map(|message| message.seq)
            .collect::<Vec<_>>(),
        other => panic!("{other:?}"),
    };
    assert_eq!(kept(&offer(100)), (1..=20).collect::<Vec<_>>());
    let newest = kept(&offer(TEXT_MAX_BYTES));
    assert!(newest.len() >= 5 && newest.len() < 20, "{newest:?}");
    assert_eq!(newest.last(), Some(&20));
    assert!(newest.is_sorted());
}

#[test]
fn a_page_holds_what_fits_from_the_side_asked_for() {
    let entries: Vec<CustomerEntry> = (1..=200)
        .map(|seq| CustomerEntry {
            seq: Seq(seq),
            at: Millis(1),
            event: CustomerEvent::Message {
                from: Speaker::You,
                id: Some(MESSAGE),
                body: Body::Text("x".repeat(TEXT_MAX_BYTES).into()),
            },
        })
        .collect();
    let page = |entries: &[CustomerEntry], backward| {
        let bytes = customer_page(CONVERSATION, entries, backward, false).encode(Some(1));
        assert!(bytes.len() <= SERVER_FRAME_BYTES);
        match ServerFrame::decode(&bytes).unwrap().1 {
            ServerFrame::HistoryPage(page) => {
                let seqs: Vec<u64> = page.events.iter().map(|entry| entry.seq).collect();
                (seqs, page.more)
            }
            other => panic!("{other:?}"),
        }
    };
    let (oldest, more) = page(&entries, false);
    assert!(more && oldest.len() > 10);
    assert_eq!(oldest, (1..=oldest.len() as u64).collect::<Vec<_>>());
    let (newest, more) = page(&entries, true);
    assert!(more && newest.len() == oldest.len());
    assert_eq!(newest.last(), Some(&200));
    assert!(newest.is_sorted());
    assert_eq!(page(&entries[..3], true), (vec![1, 2, 3], false));
    assert_eq!(page(&[], false), (vec![], false));
}

#[test]
fn answers_carry_their_ref_and_the_client_id() {
    let refused = Push::Refused {
        reference: 5,
        conversation: Some(CONVERSATION),
        number: Some(3),
        refusal: Refusal::Conflict,
        id: Some(MESSAGE),
    };
    match read(&refused).remove(0) {
        (Some(5), ServerFrame::Error(error)) => {
            assert_eq!((error.code, error.name.as_ref()), (305, "conflict"));
            assert_eq!(error.id, Some(Id(MESSAGE.0)));
            assert_eq!(error.conversation, Some(Id(CONVERSATION.0)));
            assert!(!error.temporary && !error.message.is_empty());
        }
        other => panic!("{other:?}"),
    }
    let ack = Push::Ack {
        reference: 6,
        id: Some(MESSAGE),
        conversation: CONVERSATION,
        number: None,
        seq: Seq(4),
        at: Millis(9),
    };
    assert!(matches!(
        read(&ack).remove(0),
        (Some(6), ServerFrame::Ack(ack)) if ack.seq == 4 && ack.at == 9 && ack.id.is_some()
    ));
}

#[test]
fn what_sessions_and_owners_say_between_them_stays_there() {
    let conversation = CONVERSATION;
    let internal = [
        Push::Behind {
            link: 0,
            conversation,
            tail: Seq(1),
        },
        Push::Unknown { conversation },
        Push::Resend {
            conversation,
            link: 0,
            from: 0,
        },
        Push::Tail {
            conversation,
            last: Seq(1),
        },
    ];
    for push in internal {
        assert!(read(&push).is_empty(), "{push:?}");
    }
}

#[test]
fn every_other_push_is_a_frame() {
    let conversation = CONVERSATION;
    let cases = [
        (
            Push::Routed {
                conversation: None,
                opening: 0,
                open: false,
            },
            ServerKind::Routed,
        ),
        (
            Push::Done {
                reference: 1,
                conversation: None,
                number: None,
            },
            ServerKind::Done,
        ),
        (
            Push::Ended {
                conversation,
                opening: 0,
            },
            ServerKind::Ended,
        ),
        (Push::Assigned { conversation }, ServerKind::Assigned),
        (Push::Unassigned { conversation }, ServerKind::Unassigned),
    ];
    for (push, kind) in cases {
        assert_eq!(read(&push).remove(0).1.kind(), kind);
    }
}

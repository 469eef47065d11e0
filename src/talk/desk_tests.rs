//! The ends of agents and supervisors.

use crest_schema::codes::Code;
use crest_schema::frame::client::Named;
use crest_schema::frame::desk::{OfferContext, OfferOutcome, Phase, Presence};
use crest_schema::frame::server::{OfferFrame, OfferGone, StaffTyping};
use crest_schema::frame::staff_view::{Author, BotContext, StaffEntry, StaffEvent, WaitReason};
use crest_schema::frame::{Body, CloseReason, Id, ServerFrame};

use super::args::Side;
use super::script::*;

const NOTHING: [&str; 0] = [];

fn offer(play: &Play, conversation: Id) -> ServerFrame<'static> {
    let entry = |seq, author, text: &'static str| StaffEntry {
        seq,
        at: 1_000,
        customer_seq: None,
        event: StaffEvent::Message {
            author,
            id: None,
            body: Body::Text(text.into()),
        },
    };
    ServerFrame::Offer(OfferFrame {
        offer: offer_of(conversation),
        expires_at: play.now + 30_000,
        context: OfferContext {
            summary: summary(conversation, Phase::Offered),
            display_name: Some("梅 Mei".into()),
            attributes: vec![("order".into(), "7788".into())],
            reason: Some(WaitReason::Asked),
            bot: BotContext {
                turn: 1,
                misses: 0,
                topic: Some("refund".into()),
                candidates: Vec::new(),
                answer: None,
            },
            messages: vec![
                entry(1, Author::Customer, "退货"),
                entry(2, Author::Bot, "7 天内"),
            ],
            transfer_note: None,
        },
    })
}

/// An agent who is ready, with one conversation accepted.
fn serving() -> Play {
    let mut play = Play::begin(Side::Agent, 32);
    play.hears(presence(Presence::Ready, Vec::new()));
    let offer = offer(&play, ROOM);
    play.hears(offer);
    play.types("a");
    play.hears(assigned(ROOM));
    play
}

fn assigned(conversation: Id) -> ServerFrame<'static> {
    ServerFrame::Assigned(Named { conversation })
}

#[test]
fn an_agent_is_ready_at_once_and_told_so() {
    let mut play = Play::new(Side::Agent);
    let told = play.connect(32);
    assert_eq!(told.last().unwrap(), "> 2 set_presence Ready");
    let told = play.hears(presence(Presence::Ready, Vec::new()));
    assert_eq!(told, ["you are ready, 0 of 5 at work"]);
    assert_eq!(play.live(), ["ready, 0 of 5 at work"]);
}

#[test]
fn an_offer_shows_its_context_before_it_is_taken_and_nothing_twice_after() {
    let mut play = Play::begin(Side::Agent, 32);
    play.hears(presence(Presence::Ready, Vec::new()));
    let offered = offer(&play, ROOM);
    let told = play.hears(offered.clone());
    assert_eq!(
        told,
        [
            "offer #1: 梅 Mei, standard, by web, group presale: asked for a person",
            "#1 order: 7788",
            "#1 topic refund, 0 misses",
            "#1 梅 Mei: 退货",
            "#1 bot: 7 天内",
            "a takes #1, d leaves it to somebody else; 30 s",
        ]
    );
    assert_eq!(play.hears(offered), NOTHING);
    assert_eq!(play.types("a"), ["> 3 accept 1@3"]);
    let yours = "#1 is yours: what you type goes to 梅 Mei";
    assert_eq!(play.hears(assigned(ROOM)), [yours]);
    assert_eq!(play.hears(says(1, Author::Customer, "退货")), NOTHING);
    assert_eq!(play.hears(says(2, Author::Bot, "7 天内")), NOTHING);
    assert_eq!(
        play.hears(staff(3, StaffEvent::TransferFailed { position: 1 })),
        NOTHING
    );
    let accepted = StaffEvent::Accepted {
        position: 3,
        agent: "lin".into(),
    };
    assert_eq!(play.hears(staff(4, accepted)), ["#1 lin accepted"]);
    assert_eq!(play.types("您好"), ["> 4 send 101 您好"]);
}

#[test]
fn an_offer_that_is_gone_cannot_be_taken() {
    let mut play = Play::begin(Side::Agent, 32);
    let offered = offer(&play, ROOM);
    play.hears(offered);
    assert_eq!(play.live(), ["offer #1: a takes it, d does not; 30 s"]);
    let gone = ServerFrame::OfferGone(OfferGone {
        offer: offer_of(ROOM),
        outcome: OfferOutcome::Missed,
    });
    assert_eq!(
        play.hears(gone),
        ["offer #1: not taken in time; it waits again"]
    );
    let told = play.types("a");
    assert!(told[0].starts_with("No such offer is open."), "{told:?}");
    assert_eq!(play.live(), NOTHING);
}

#[test]
fn several_conversations_are_told_apart_by_number() {
    let mut play = serving();
    let second = offer(&play, OTHER);
    play.hears(second);
    assert_eq!(play.types("/accept 2"), ["> 4 accept 2@3"]);
    let told = play.hears(assigned(OTHER));
    assert_eq!(
        told,
        ["#2 is yours too: /use 2 speaks there; you speak in #1"]
    );
    assert_eq!(play.talk.prompt(), "lin #1> ");
    assert_eq!(play.types("/use 2"), ["What you type goes to #2 now."]);
    assert_eq!(play.talk.prompt(), "lin #2> ");
    let over = ServerFrame::Unassigned(Named {
        conversation: OTHER,
    });
    let told = play.hears(over);
    assert_eq!(
        told,
        ["#2 is no longer yours", "What you type goes to #1 now."]
    );
    let told = play.types("/use 2");
    assert_eq!(told, ["You hold no #2. An offer comes by itself."]);
}

#[test]
fn an_agent_ends_and_wraps_up() {
    let mut play = serving();
    assert_eq!(play.types("/end"), ["> 4 end 1"]);
    let wrap_up = StaffEvent::WrapUp {
        reason: CloseReason::Resolved,
        until: 60_000,
    };
    let told = play.hears(staff(4, wrap_up));
    assert!(told.iter().any(|it| it.contains("/done CODE")), "{told:?}");
    assert_eq!(
        play.types("/done solved"),
        ["> 5 wrap_up_done 1 Some(\"solved\")"]
    );
    let transfer = play.types("/transfer group aftersale wants a refund");
    assert_eq!(
        transfer,
        ["> 6 transfer Group(\"aftersale\") Some(\"wants a refund\")"]
    );
    assert_eq!(
        play.types("/away lunch"),
        ["> 7 set_presence NotReady(\"lunch\")"]
    );
}

#[test]
fn an_agent_comes_back_to_what_it_holds_and_stays_ready() {
    let mut play = serving();
    play.hears(says(4, Author::Customer, "在吗"));
    play.answered(3, ack(None, 4));
    play.loses(None);
    let told = play.connect(32);
    assert!(told[0].ends_with("hello [1@4]"), "{told:?}");
    // The restarted server does not know the agent any more.
    let told = play.hears(presence(Presence::Offline, vec![ROOM, OTHER]));
    assert_eq!(told, NOTHING);
    let told = play.hears(staff_attached(4));
    let wanted = ["attach 2 after 0", "set_presence Ready"];
    for (line, wanted) in told.iter().rev().zip(wanted.iter().rev()) {
        assert!(line.ends_with(wanted), "{told:?}");
    }
    assert_eq!(play.hears(says(4, Author::Customer, "在吗")), NOTHING);
}

#[test]
fn words_without_a_conversation_are_not_sent() {
    let mut play = Play::begin(Side::Agent, 32);
    let told = play.types("hello?");
    assert_eq!(
        told,
        ["Not sent: nobody is yours yet. An offer comes by itself."]
    );
}

#[test]
fn typing_is_shown_for_five_seconds() {
    let mut play = serving();
    let typing = || {
        ServerFrame::StaffTyping(StaffTyping {
            conversation: ROOM,
            from: Author::Customer,
        })
    };
    assert_eq!(play.hears(typing()), ["~ #1 梅 Mei is typing…"]);
    assert_eq!(play.hears(typing()), NOTHING);
    assert!(play.live().contains(&"#1 梅 Mei is typing…".to_owned()));
    play.ticks(5_000);
    assert!(!play.live().contains(&"#1 梅 Mei is typing…".to_owned()));
}

#[test]
fn a_supervisor_watches_whispers_and_speaks_only_after_taking_over() {
    let mut play = Play::begin(Side::Supervisor, 32);
    play.hears(super::board_tests::snapshot(
        1,
        vec![summary(ROOM, Phase::Active)],
    ));
    assert_eq!(play.types("/watch 1"), ["> 3 attach 1 after 0"]);
    let told = play.hears(staff_attached(2));
    assert!(told[0].starts_with("Watching #1, unseen."), "{told:?}");
    assert_eq!(play.hears(says(1, Author::Customer, "hi")), ["#1 mei: hi"]);
    assert_eq!(play.talk.prompt(), "sun (watching #1)> ");
    let told = play.types("hello");
    assert!(told[0].starts_with("Not sent: you only watch."), "{told:?}");
    assert_eq!(play.types("/whisper be kind"), ["> 4 whisper 101 be kind"]);
    let whisper = StaffEvent::Whisper {
        author: "sun".into(),
        id: Id([101; 16]),
        text: "be kind".into(),
    };
    let told = play.hears(staff(2, whisper));
    assert_eq!(told, ["#1 you whisper (小纸条): be kind"]);
    assert_eq!(play.types("/takeover"), ["> 5 take_over 1"]);
    let taken = StaffEvent::TakenOver {
        supervisor: "sun".into(),
    };
    play.hears(staff(3, taken));
    assert_eq!(play.types("hello"), ["> 6 send 102 hello"]);
    assert_eq!(play.types("/giveback"), ["> 7 give_back 1"]);
    assert_eq!(
        play.ticks(1_000),
        NOTHING,
        "a supervisor leaves no read marks"
    );
}

#[test]
fn watching_what_cannot_be_watched_says_why_and_leaves_nothing_behind() {
    let mut play = Play::begin(Side::Supervisor, 32);
    assert_eq!(play.types("/watch 4"), ["There is no #4 on the board."]);
    play.hears(super::board_tests::snapshot(
        1,
        vec![summary(ROOM, Phase::Active)],
    ));
    play.types("/watch 1");
    let told = play.answered(3, error(Code::TooLong));
    assert!(told[0].starts_with("/watch 1: "), "{told:?}");
    assert_eq!(
        play.types("/end"),
        ["You watch no conversation. /watch N shows one of the board."]
    );
}

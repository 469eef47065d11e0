//! Sessions and the conversations they hold on to: tabs, resumes, pages, slow readers.

use crest_loadtest::client::{Identity, Server};
use crest_schema::frame::client::{
    Attach, CallBack, Empty, History, OfferAnswer, Scope, SetPresence, WatchBoard, Whisper,
};
use crest_schema::frame::desk::Presence;
use crest_schema::frame::staff_view::StaffEvent;
use crest_schema::frame::{ClientFrame, Id, ServerFrame};
use crest_schema::{ServerKind, codes::Close};
use socket2::SockRef;

use crate::node::Node;
use crate::wire::Wire;

/// Sessions that one conversation takes (`limits::ATTACHED_MAX`).
const ATTACHED: usize = 64;

fn visitor() -> Identity {
    Identity::visitor("demo")
}

fn sun() -> Identity {
    Identity::staff("demo", "sun", "demo-supervisor")
}

fn attach(conversation: Id, after: u64) -> ClientFrame {
    ClientFrame::Attach(Attach {
        conversation,
        after,
    })
}

fn history(conversation: Option<Id>, after: Option<u64>, before: Option<u64>) -> ClientFrame {
    ClientFrame::History(History {
        conversation,
        after,
        before,
        limit: Some(5),
    })
}

fn server_of(node: &Node) -> Server {
    Server::at(&node.url).unwrap()
}

async fn customer_seqs(wire: &mut Wire, conversation: Id, until: u64) -> Vec<u64> {
    let mut seen = Vec::new();
    wire.until(|(_, frame)| match frame {
        ServerFrame::Event(event) if event.conversation == conversation => {
            seen.push(event.seq);
            (event.seq == until).then_some(())
        }
        _ => None,
    })
    .await;
    seen
}

#[tokio::test]
async fn the_tab_open_longest_gives_way_and_a_supervisor_is_told_so() {
    let node = Node::start();
    let server = server_of(&node);
    let mut who = visitor();
    let mut first = Wire::connect(&server, &mut who, &[]).await;
    let conversation = first.ask_human().await;
    let mut supervisor = Wire::connect(&server, &mut sun(), &[]).await;
    supervisor.ask(attach(conversation, 0)).await;
    let mut tabs = Vec::new();
    for _ in 2..ATTACHED {
        let mut tab = Wire::connect(&server, &mut who, &[]).await;
        tab.until_kind(ServerKind::Attached).await;
        tabs.push(tab);
    }
    let mut one_more = Wire::connect(&server, &mut who, &[]).await;
    one_more.until_kind(ServerKind::Attached).await;
    assert_eq!(first.ended().await.code, Close::TooManySessions.number());
    let mut another = Wire::connect(&server, &mut who, &[]).await;
    another.until_kind(ServerKind::Attached).await;
    let told = supervisor.until_kind(ServerKind::Error).await;
    let ServerFrame::Error(error) = told else {
        unreachable!("an error was waited for");
    };
    assert_eq!((error.code, error.conversation), (105, Some(conversation)));
}

#[tokio::test]
async fn a_tab_that_was_there_before_the_first_words_sees_them() {
    let node = Node::start();
    let server = server_of(&node);
    let mut who = visitor();
    let mut quiet = Wire::connect(&server, &mut who, &[]).await;
    let mut talking = Wire::connect(&server, &mut who, &[]).await;
    let reference = talking.say("在吗").await;
    let ServerFrame::Ack(ack) = talking.answer(reference).await else {
        panic!("stored");
    };
    let seqs = customer_seqs(&mut quiet, ack.conversation, ack.seq).await;
    assert_eq!(seqs.last(), Some(&ack.seq));
}

#[tokio::test]
async fn a_page_of_a_customers_history_is_whole_over_whispers() {
    let node = Node::start();
    let server = server_of(&node);
    let mut customer = Wire::connect(&server, &mut visitor(), &[]).await;
    let conversation = customer.ask_human().await;
    let mut supervisor = Wire::connect(&server, &mut sun(), &[]).await;
    for round in 0..8 {
        for _ in 0..20 {
            let whisper = Whisper {
                conversation,
                id: Id(rand::random()),
                text: "不要说出去".to_owned(),
            };
            supervisor.ask(ClientFrame::Whisper(whisper)).await;
        }
        let said = customer.say(&format!("第{round}句")).await;
        customer.answer(said).await;
    }
    // Opened, asked for a person, eight messages.
    let (mut forward, mut after) = (Vec::new(), 0);
    loop {
        let page = customer.ask(history(None, Some(after), None)).await;
        let ServerFrame::HistoryPage(page) = page else {
            panic!("{page:?}");
        };
        forward.extend(page.events.iter().map(|entry| entry.seq));
        after = *forward.last().unwrap();
        if !page.more {
            break;
        }
        assert_eq!(page.events.len(), 5, "a page that is not the last is full");
    }
    assert_eq!(forward, (1..=10).collect::<Vec<u64>>());
    let page = customer.ask(history(None, None, Some(8))).await;
    let ServerFrame::HistoryPage(page) = page else {
        panic!("{page:?}");
    };
    let seqs: Vec<u64> = page.events.iter().map(|entry| entry.seq).collect();
    assert_eq!((seqs, page.more), ((3..=7).collect(), true));
}

#[tokio::test]
async fn nobody_reads_anothers_history() {
    let node = Node::start();
    let server = server_of(&node);
    let mut customer = Wire::connect(&server, &mut visitor(), &[]).await;
    let conversation = customer.ask_human().await;
    let mut other = Wire::connect(&server, &mut visitor(), &[]).await;
    let page = history(Some(conversation), None, None);
    assert_eq!(other.refusal(page.clone()).await, 300);
    let mut lin = Identity::staff("demo", "lin", "demo-agent");
    let mut agent = Wire::connect(&server, &mut lin, &[]).await;
    assert_eq!(agent.refusal(page.clone()).await, 303);
    let mut supervisor = Wire::connect(&server, &mut sun(), &[]).await;
    let read = supervisor.ask(page).await;
    assert_eq!(read.kind(), ServerKind::StaffHistoryPage);
}

#[tokio::test]
async fn what_is_not_there_is_refused_and_leaves_no_trace() {
    let node = Node::start();
    let server = server_of(&node);
    let mut supervisor = Wire::connect(&server, &mut sun(), &[]).await;
    let unknown = Id([9; 16]);
    for after in [None, Some(7)] {
        let page = history(Some(unknown), after, None);
        assert_eq!(supervisor.refusal(page).await, 300);
    }
    let scope = Scope::Group("nowhere".to_owned());
    let watch = ClientFrame::WatchBoard(WatchBoard { scope });
    assert_eq!(supervisor.refusal(watch).await, 311);
    for agent in [Some("nobody".to_owned()), None] {
        let set = SetPresence {
            agent,
            presence: Presence::Ready,
            next: None,
        };
        assert_eq!(supervisor.refusal(ClientFrame::SetPresence(set)).await, 311);
    }
    let scope = Scope::Tenant;
    supervisor
        .ask(ClientFrame::WatchBoard(WatchBoard { scope }))
        .await;
    let mut agents = Vec::new();
    supervisor
        .until(|(_, frame)| match frame {
            ServerFrame::Board(board) => {
                agents.extend(board.agents.iter().map(|row| row.agent.to_string()));
                (!board.more).then_some(())
            }
            _ => None,
        })
        .await;
    for ghost in ["nobody", "sun", "admin"] {
        assert!(!agents.contains(&ghost.to_owned()), "{agents:?}");
    }
}

#[tokio::test]
async fn a_refused_resume_is_answered_and_the_others_go_on() {
    let node = Node::start();
    let server = server_of(&node);
    let (mut who, mut whom) = (visitor(), visitor());
    let mut customer = Wire::connect(&server, &mut who, &[]).await;
    let one = customer.ask_human().await;
    let mut second = Wire::connect(&server, &mut whom, &[]).await;
    let two = second.ask_human().await;
    let unknown = Id([9; 16]);
    // Each has been opened and waits: two events.
    let resume = [(one, 1), (unknown, 3), (two, 0), (one, 1)];
    let mut supervisor = Wire::connect(&server, &mut sun(), &resume).await;
    let (mut events, mut refused) = (Vec::new(), None);
    supervisor
        .until(|(reference, frame)| {
            match frame {
                ServerFrame::StaffEvent(event) => events.push((event.conversation, event.seq)),
                ServerFrame::Error(error) => {
                    refused = Some((*reference, error.code, error.conversation));
                }
                _ => {}
            }
            let of = |id, seq| events.contains(&(id, seq));
            (of(one, 2) && of(two, 2) && refused.is_some()).then_some(())
        })
        .await;
    assert_eq!(refused, Some((None, 300, Some(unknown))));
    let of = |id| events.iter().filter(move |(of, _)| *of == id);
    let seqs = |id| of(id).map(|(_, seq)| *seq).collect::<Vec<_>>();
    assert_eq!(seqs(one), [2], "after what was named, once");
    assert_eq!(seqs(two), [1, 2]);
    let beyond = attach(one, 99);
    assert_eq!(supervisor.refusal(beyond).await, 312);
}

#[tokio::test]
async fn a_position_that_never_was_is_named_and_the_customer_begins_anew() {
    let node = Node::start();
    let server = server_of(&node);
    let mut who = visitor();
    let mut customer = Wire::connect(&server, &mut who, &[]).await;
    let conversation = customer.ask_human().await;
    let mut again = Wire::connect(&server, &mut who, &[(conversation, 99)]).await;
    let told = again.until_kind(ServerKind::Error).await;
    let ServerFrame::Error(error) = told else {
        unreachable!("an error was waited for");
    };
    assert_eq!((error.code, error.conversation), (312, Some(conversation)));
    assert_eq!(customer_seqs(&mut again, conversation, 2).await, [1, 2]);
}

#[tokio::test]
async fn an_agent_who_accepts_a_long_conversation_is_shown_all_of_it() {
    let node = Node::start();
    let server = server_of(&node);
    let mut customer = Wire::connect(&server, &mut visitor(), &[]).await;
    let conversation = customer.ask_human().await;
    // More than an owner keeps in memory.
    for round in 0..100 {
        let said = customer.say(&format!("第{round}句")).await;
        customer.answer(said).await;
    }
    let mut lin = Identity::staff("demo", "lin", "demo-agent");
    let mut agent = Wire::connect(&server, &mut lin, &[]).await;
    let ready = SetPresence {
        agent: None,
        presence: Presence::Ready,
        next: None,
    };
    agent.send(ClientFrame::SetPresence(ready)).await;
    let offer = agent
        .until(|(_, frame)| match frame {
            ServerFrame::Offer(offer) => Some(offer.offer),
            _ => None,
        })
        .await;
    assert_eq!(offer.conversation, conversation);
    agent.send(ClientFrame::Accept(OfferAnswer { offer })).await;
    let mut seen = Vec::new();
    agent
        .until(|(_, frame)| match frame {
            ServerFrame::StaffEvent(event) => {
                seen.push(event.seq);
                matches!(event.event, StaffEvent::Accepted { .. }).then_some(())
            }
            _ => None,
        })
        .await;
    assert!(seen.len() > 100);
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn asking_to_be_called_back_opens_nothing() {
    let node = Node::start();
    let server = server_of(&node);
    let mut who = visitor();
    let mut customer = Wire::connect(&server, &mut who, &[]).await;
    let call_back = ClientFrame::CallBack(CallBack {
        contact: "13800000000".to_owned(),
    });
    assert_eq!(customer.refusal(call_back.clone()).await, 300);
    let mut again = Wire::connect(&server, &mut who, &[]).await;
    let routed = again.until_kind(ServerKind::Routed).await;
    let ServerFrame::Routed(routed) = routed else {
        unreachable!("a route was waited for");
    };
    assert_eq!((routed.conversation, routed.open), (None, false));

    customer.ask_human().await;
    customer.ask(ClientFrame::Leave(Empty {})).await;
    customer.until_kind(ServerKind::Ended).await;
    let refused = customer.refusal(call_back).await;
    assert!([300, 301].contains(&refused), "{refused}");
}

#[tokio::test]
async fn a_slow_reader_sees_no_hole_and_a_supervisor_far_behind_is_told_of_one() {
    let environment = [
        ("CREST__LIMITS__OUTBOX_BYTES", "65536"),
        ("CREST__LIMITS__FRAMES_PER_S", "100000"),
        ("CREST__LIMITS__FRAMES_BURST", "100000"),
    ];
    let node = Node::with(&environment);
    let server = server_of(&node);
    let mut who = visitor();
    let mut busy = Wire::connect(&server, &mut who, &[]).await;
    let conversation = busy.ask_human().await;
    let mut slow = Wire::connect(&server, &mut who, &[]).await;
    SockRef::from(slow.tcp())
        .set_recv_buffer_size(64 * 1024)
        .unwrap();
    let long = "慢".repeat(2_000);
    let mut last = 0;
    // Until the outbox of the one that does not read was full, and then some more.
    let mut full_for = 0;
    while full_for < 3 {
        assert!(last < 20_000, "the outbox never fills");
        for _ in 0..50 {
            let said = busy.say(&long).await;
            match busy.answer(said).await {
                ServerFrame::Ack(ack) => last = ack.seq,
                other => panic!("{other:?}"),
            }
        }
        let metrics = node.metrics().await;
        full_for += u32::from(metrics.sum("crest_socket_gaps_total") > 0.0);
    }
    let seen = customer_seqs(&mut slow, conversation, last).await;
    assert_eq!(seen, (1..=last).collect::<Vec<_>>());

    while last < 1_200 {
        let said = busy.say("再说一句").await;
        if let ServerFrame::Ack(ack) = busy.answer(said).await {
            last = ack.seq;
        }
    }
    let mut supervisor = Wire::connect(&server, &mut sun(), &[]).await;
    supervisor.send(attach(conversation, 0)).await;
    let mut next = 1;
    supervisor
        .until(|(_, frame)| match frame {
            ServerFrame::Gap(gap) => {
                assert_eq!(gap.from, next);
                assert!(gap.to > 1_000, "only what is far is left out");
                next = gap.to + 1;
                None
            }
            ServerFrame::StaffEvent(event) => {
                assert_eq!(event.seq, next, "in order after the gap");
                next += 1;
                (next > last).then_some(())
            }
            _ => None,
        })
        .await;
}

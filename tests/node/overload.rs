//! Ten times what the node can take (G9): refusals are at once and say when to come back, typing
//! goes before any message, nothing acknowledged is lost, and then all is as before.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use crest_loadtest::client::{Identity, Server};
use crest_schema::frame::client::{History, Send, Typing};
use crest_schema::frame::staff_view::StaffEvent;
use crest_schema::frame::{Body, ClientFrame, Id, ServerFrame};
use crest_schema::limits::HISTORY_MAX;
use futures_util::future::join_all;

use crate::node::Node;
use crate::wire::Wire;

/// Customers, each with a conversation open. Each may have 32 messages unanswered: together far more
/// than an arbiter gets through while it is not late.
const CUSTOMERS: usize = 200;
/// Connections made side by side.
const AT_ONCE: usize = 30;
/// Messages by which it is measured what the node can take.
const MEASURED: usize = 10;
/// How long it is offered ten times that, and in how many strokes.
const OFFERED_MS: u64 = 3_000;
const STROKES: u64 = 30;
/// Least and most messages offered to each conversation, whatever was measured.
const SHARE: std::ops::RangeInclusive<usize> = 60..=400;
/// Longest wait for the node to be itself again: ten times what it should take.
const CALM: Duration = Duration::from_secs(120);

/// What became of the messages of one customer.
#[derive(Default)]
struct Outcome {
    acked: HashSet<Id>,
    refused: HashMap<Id, Option<u32>>,
    /// Frames of other kinds that were refused, by code.
    others: BTreeMap<u16, Option<u32>>,
    answers: usize,
}

struct Caller {
    wire: Wire,
    conversation: Id,
}

fn message(id: Id) -> ClientFrame {
    ClientFrame::Send(Send {
        conversation: None,
        id,
        body: Body::Text("618 什么时候发货?".into()),
    })
}

fn history() -> ClientFrame {
    ClientFrame::History(History {
        conversation: None,
        after: None,
        before: None,
        limit: Some(1),
    })
}

fn typing() -> Bytes {
    ClientFrame::Typing(Typing { conversation: None }).encode(None)
}

async fn callers(server: &Server) -> Vec<Caller> {
    let mut callers = Vec::with_capacity(CUSTOMERS);
    while callers.len() < CUSTOMERS {
        let lot = (0..AT_ONCE).map(|_| async {
            let mut who = Identity::visitor("demo");
            let mut wire = Wire::connect(server, &mut who, &[]).await;
            let conversation = opened(&mut wire).await;
            Caller { wire, conversation }
        });
        callers.extend(join_all(lot).await);
    }
    callers
}

/// Opens a conversation, again where the node is too busy just now.
async fn opened(wire: &mut Wire) -> Id {
    let id = Id(rand::random());
    loop {
        match wire.ask(message(id)).await {
            ServerFrame::Ack(ack) => return ack.conversation,
            ServerFrame::Error(error) if error.temporary => pause(error.retry_after_ms).await,
            other => panic!("{other:?}"),
        }
    }
}

/// What the server asked for, not a wait for something to happen.
async fn pause(retry_after_ms: Option<u32>) {
    let ms = retry_after_ms.expect("a refusal that may succeed later says when");
    tokio::time::sleep(Duration::from_millis(ms.into())).await;
}

/// Messages a second that the node takes from all of them when each waits for its answers.
async fn capacity(callers: &mut [Caller]) -> f64 {
    let begun = Instant::now();
    let talks = callers.iter_mut().map(|caller| async {
        for _ in 0..MEASURED {
            let id = Id(rand::random());
            while let ServerFrame::Error(error) = caller.wire.ask(message(id)).await {
                pause(error.retry_after_ms).await;
            }
        }
    });
    join_all(talks).await;
    (MEASURED * callers.len()) as f64 / begun.elapsed().as_secs_f64()
}

/// Offers `share` messages with typing among them, however long answers take, and reads them all.
async fn offer(caller: Caller, share: usize) -> (Caller, Outcome) {
    let Caller { wire, conversation } = caller;
    let (mut writing, mut reading) = wire.halves();
    let ids: Vec<Id> = (0..share).map(|_| Id(rand::random())).collect();
    let strokes = ids.len().div_ceil(STROKES as usize);
    let write = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(OFFERED_MS / STROKES));
        let mut reference = 1;
        let mut asked = HashMap::new();
        for stroke in ids.chunks(strokes) {
            ticks.tick().await;
            for id in stroke {
                reference += 1;
                asked.insert(reference, Some(*id));
                writing.feed(typing()).await;
                writing.feed(message(*id).encode(Some(reference))).await;
            }
            reference += 1;
            asked.insert(reference, None);
            writing.feed(history().encode(Some(reference))).await;
            writing.flush().await;
        }
        asked
    };
    let wanted = ids.len() + ids.chunks(strokes).len();
    let read = async {
        let mut answers = Vec::with_capacity(wanted);
        while answers.len() < wanted {
            let (reference, frame) = reading.next().await.expect("it stays connected");
            if let Some(reference) = reference {
                answers.push((reference, frame));
            }
        }
        answers
    };
    let (mut asked, answers) = tokio::join!(write, read);
    let mut outcome = Outcome::default();
    for (reference, frame) in answers {
        let of = asked.remove(&reference).expect("one answer each");
        outcome.answers += 1;
        match (frame, of) {
            (ServerFrame::Ack(_), Some(id)) => {
                outcome.acked.insert(id);
            }
            (ServerFrame::Error(error), of) => {
                assert!(error.temporary, "{error:?}");
                match of {
                    Some(id) => outcome.refused.insert(id, error.retry_after_ms),
                    None => outcome.others.insert(error.code, error.retry_after_ms),
                };
            }
            (_, None) => {}
            (frame, _) => panic!("{frame:?}"),
        }
    }
    let wire = Wire::of(writing, reading);
    (Caller { wire, conversation }, outcome)
}

/// Ids in the log of a conversation, in its order.
async fn stored(supervisor: &mut Wire, conversation: Id) -> Vec<Id> {
    let (mut ids, mut after) = (Vec::new(), 0);
    loop {
        let page = ClientFrame::History(History {
            conversation: Some(conversation),
            after: Some(after),
            before: None,
            limit: Some(HISTORY_MAX),
        });
        match supervisor.ask(page).await {
            ServerFrame::StaffHistoryPage(page) => {
                for entry in &page.events {
                    after = entry.seq;
                    if let StaffEvent::Message { id: Some(id), .. } = &entry.event {
                        ids.push(*id);
                    }
                }
                if !page.more {
                    return ids;
                }
            }
            ServerFrame::Error(error) if error.temporary => pause(error.retry_after_ms).await,
            other => panic!("{other:?}"),
        }
    }
}

fn shed(class: &str) -> String {
    format!("crest_shed_frames_total{{class=\"{class}\"}}")
}

/// Others who want every core of the machine, three times over.
struct Busy(Arc<AtomicBool>);

impl Busy {
    fn start() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        for _ in 0..3 * cores {
            let over = over.clone();
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        Self(over)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_times_too_much_is_refused_in_order_and_nothing_acknowledged_is_lost() {
    let environment = [
        ("CREST__LIMITS__FRAMES_PER_S", "100000"),
        ("CREST__LIMITS__FRAMES_BURST", "100000"),
        // Whoever is not looked at for a while here does not answer pings.
        ("CREST__LIMITS__PING_MS", "600000"),
        ("CREST__LOG__LEVEL", "error"),
    ];
    let node = Node::with(&environment);
    let server = Server::at(&node.url).unwrap();
    let mut callers = callers(&server).await;
    let capacity = capacity(&mut callers).await;
    let offered = (10.0 * capacity * OFFERED_MS as f64 / 1_000.0) as usize;
    let share = (offered / CUSTOMERS).clamp(*SHARE.start(), *SHARE.end());

    // Customers have windows, and wait: on a quick machine that alone is no overload of a node that has
    // the cores to itself.
    let busy = Busy::start();
    let before = node.metrics().await;
    let flood = join_all(callers.into_iter().map(|caller| offer(caller, share)));
    tokio::pin!(flood);
    let mut glances = 0;
    let outcomes = loop {
        tokio::select! {
            outcomes = &mut flood => break outcomes,
            metrics = node.metrics() => {
                glances += 1;
                let more = |class: &str| metrics.sum(&shed(class)) - before.sum(&shed(class));
                assert!(
                    more("Messages") == 0.0 || more("Ephemera") > 0.0,
                    "a message was refused before typing"
                );
            }
        }
    };
    drop(busy);
    assert!(glances > 0);
    let after = node.metrics().await;
    let more = |class: &str| after.sum(&shed(class)) - before.sum(&shed(class));
    assert!(more("Ephemera") > 0.0, "{share} each was no overload");
    let refused: usize = outcomes.iter().map(|(_, it)| it.refused.len()).sum();
    assert!(refused as f64 >= more("Messages"), "each refusal was told");
    let others: Vec<_> = outcomes.iter().flat_map(|(_, it)| &it.others).collect();
    assert!(!others.is_empty(), "history is refused before messages");
    let pauses = outcomes.iter().flat_map(|(_, it)| it.refused.values());
    let pauses = pauses.chain(others.into_iter().map(|(_, pause)| pause));
    for pause in pauses {
        assert!(pause.is_some_and(|ms| ms > 0), "refused without a time");
    }

    // Normal again: whoever comes now is served, and so is what was refused.
    let calm = async {
        let mut late = Wire::connect(&server, &mut Identity::visitor("demo"), &[]).await;
        opened(&mut late).await;
        let mut supervisor = Identity::staff("demo", "sun", "demo-supervisor");
        let mut supervisor = Wire::connect(&server, &mut supervisor, &[]).await;
        let again = outcomes.into_iter().map(|(mut caller, outcome)| async {
            for id in outcome.refused.keys() {
                while let ServerFrame::Error(error) = caller.wire.ask(message(*id)).await {
                    pause(error.retry_after_ms).await;
                }
            }
            (caller, outcome)
        });
        for (caller, outcome) in join_all(again).await {
            let stored = stored(&mut supervisor, caller.conversation).await;
            let once: HashSet<Id> = stored.iter().copied().collect();
            assert_eq!(once.len(), stored.len(), "stored twice");
            assert!(once.is_superset(&outcome.acked), "acknowledged and lost");
            assert!(outcome.refused.keys().all(|id| once.contains(id)));
        }
    };
    let calm = tokio::time::timeout(CALM, calm).await;
    calm.expect("the node returns to normal");
}

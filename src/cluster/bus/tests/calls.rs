//! Questions between nodes over a real NATS server.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crest_actors::ids::{AgentId, AgentKey, Seq, TenantId};
use crest_actors::ports::{LogId, StoreFailure};
use futures_util::FutureExt;

use super::between::cluster;
use super::nats::{Nats, silent};
use crate::cluster::bus::{Answerer, Bus, Line};
use crate::translate::node::{Call, Reply};

fn node(nats: &Nats, node: u16, answerer: Answerer) -> (Arc<Bus>, Line) {
    let bus = Bus::new(&cluster(nats, node), [node as u8; 16], |_| {}).unwrap();
    let line = bus.open(|_, _| {}, answerer).unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while !bus.is_connected() {
        assert!(Instant::now() < until, "not connected");
        std::thread::sleep(Duration::from_millis(5));
    }
    (bus, line)
}

fn read(after: u64) -> Call {
    let key = AgentKey {
        tenant: TenantId::new("shop"),
        agent: AgentId::new("li"),
    };
    Call::Read {
        log: LogId::Ledger(key),
        after: Seq(after),
        limit: 7,
    }
}

fn ask(bus: &Arc<Bus>, node: u16, call: Call) -> Option<Reply> {
    let (told, answered) = channel();
    bus.call(node, call, move |reply| {
        let _ = told.send(reply);
    });
    answered
        .recv_timeout(Duration::from_secs(30))
        .expect("told in any case")
}

#[test]
fn a_question_is_answered_by_whom_it_is_for() {
    let Some(nats) = Nats::start(&[]) else { return };
    let (one, _line) = node(&nats, 1, silent());
    // Says back what it was asked, so that answers cannot be taken for one another.
    let echo: Answerer = Box::new(|call| {
        let Call::Read { after, .. } = call else {
            return std::future::ready(None).boxed();
        };
        let answer = Reply::Read(Err(StoreFailure::Unavailable(after.0.to_string())));
        std::future::ready(Some(answer)).boxed()
    });
    let (two, line) = node(&nats, 2, echo);
    let until = Instant::now() + Duration::from_secs(30);
    while ask(&one, 2, read(0)).is_none() {
        assert!(Instant::now() < until, "node 2 is not reached");
    }
    let (told, answered) = channel();
    for after in 0..100 {
        let told = told.clone();
        one.call(2, read(after), move |reply| {
            let _ = told.send((after, reply));
        });
    }
    for _ in 0..100 {
        let (after, reply) = answered.recv_timeout(Duration::from_secs(30)).unwrap();
        let echoed = Reply::Read(Err(StoreFailure::Unavailable(after.to_string())));
        assert_eq!(reply, Some(echoed));
    }
    // Nobody answers: one that does not want to, one that has gone, one that never was.
    assert_eq!(ask(&two, 1, read(0)), None);
    line.close();
    assert_eq!(ask(&one, 2, read(0)), None);
    assert_eq!(ask(&one, 9, Call::Redeem { ticket: [0; 32] }), None);
}

//! A planned stop (G12).

use std::time::{Duration, Instant};

use crest_loadtest::client::{Answer, Identity, Server, Setting};
use crest_schema::codes::{Close, Code};
use crest_schema::frame::client::{History, Send};
use crest_schema::frame::{Body, ClientFrame, Id, ServerFrame};

use crate::node::Node;
use crate::talk_to_it::Scene;
use crate::wire::{Ended, Wire};

#[tokio::test]
async fn a_planned_stop_loses_nothing_and_clients_come_back_by_themselves() {
    let scene = Scene::begin();
    let address = scene.node.url.clone();
    let mut customers = Vec::new();
    for number in 0..20 {
        customers.push(scene.customer(&format!("customer-{number}")).await);
    }
    let mut pending = Vec::new();
    for round in 0..10 {
        for customer in &customers {
            let said = customer
                .start_saying(rand::random(), &format!("第{round}句"))
                .await
                .unwrap();
            pending.push(said.1);
        }
    }
    let Scene { mut node, setting } = scene;
    let begun = Instant::now();
    node.signal("-TERM");
    let status = node
        .ended(Duration::from_secs(30))
        .expect("gone within 30 s");
    assert!(status.success());
    assert!(begun.elapsed() < Duration::from_secs(30));

    // The same address, as a rolling restart has it.
    let port = address.rsplit(':').next().unwrap().to_owned();
    let folder = node.kill();
    let node = Node::on(
        &folder,
        &[("CREST__SERVER__LISTEN", &format!("127.0.0.1:{port}"))],
    );
    let mut conversations = std::collections::BTreeSet::new();
    for answer in pending {
        match answer.await.unwrap().answer {
            Answer::Ack { conversation, .. } => conversations.insert(conversation),
            other => panic!("{other:?}"),
        };
    }
    for customer in customers {
        customer.settle().await;
        customer.leave_the_line().await;
    }
    let setting = Setting {
        servers: Server::at(&node.url).unwrap().into(),
        ..setting
    };
    let conversations: Vec<_> = conversations.into_iter().collect();
    Scene { node, setting }.judge(&conversations).await;
}

/// How a node that is stopping answers who is new: to a new conversation, and to a new connection.
async fn turned_away() -> Option<(crest_schema::frame::server::Error<'static>, Ended)> {
    let mut node = Node::with(&[("CREST__SERVER__ARBITERS", "1")]);
    let server = Server::at(&node.url).unwrap();
    let mut early = Wire::open(&server).await;
    let ticket = Identity::visitor("demo").ticket(&server).await.unwrap();
    let mut idle = Wire::connect(&server, &mut Identity::visitor("demo"), &[]).await;
    // Work that is accepted and goes on keeps the node from being done.
    let mut busy = Vec::new();
    for _ in 0..4 {
        let mut wire = Wire::connect(&server, &mut Identity::visitor("demo"), &[]).await;
        let first = wire.say("在吗").await;
        wire.answer(first).await;
        busy.push(tokio::spawn(keep_busy(wire)));
    }
    node.signal("-TERM");
    let history = ClientFrame::History(History {
        conversation: None,
        after: None,
        before: None,
        limit: None,
    });
    // Once history is refused for that reason the node has begun to stop.
    while code_of(idle.try_ask(history.clone()).await.ok()?)? != Code::GoingAway.number() {}
    let first = ClientFrame::Send(Send {
        conversation: None,
        id: Id(rand::random()),
        body: Body::Text("还有人吗".into()),
    });
    let ServerFrame::Error(refused) = idle.try_ask(first).await.ok()? else {
        panic!("a stopping node opened a conversation");
    };
    let met = early.try_greet(ticket).await.err()?;
    for wire in busy {
        assert_eq!(wire.await.unwrap().code, Close::GoingAway.number());
    }
    assert!(node.ended(Duration::from_secs(40)).is_some());
    Some((refused, met))
}

fn code_of(frame: ServerFrame<'static>) -> Option<u16> {
    match frame {
        ServerFrame::Error(error) => Some(error.code),
        _ => None,
    }
}

/// Says something whenever the last was answered, some at a time, until the node says goodbye.
async fn keep_busy(mut wire: Wire) -> Ended {
    for _ in 0..16 {
        wire.say("还在").await;
    }
    loop {
        match wire.next().await {
            Ok((Some(_), _)) => {
                let _ = wire.try_say("还在").await;
            }
            Ok((None, _)) => {}
            Err(ended) => return ended,
        }
    }
}

#[tokio::test]
async fn a_stopping_node_turns_new_work_away_with_a_time_to_return() {
    // On a slow machine the node may be done before it was asked: then another one is stopped.
    for _ in 0..8 {
        let Some((refused, met)) = turned_away().await else {
            continue;
        };
        assert_eq!(refused.code, Code::GoingAway.number(), "{refused:?}");
        assert!(refused.temporary && refused.retry_after_ms.is_some_and(|ms| ms < 5_000));
        assert_eq!(met.code, Close::GoingAway.number());
        let bye = met.bye.expect("a goodbye before the end");
        assert!(bye.retry_after_ms.is_some_and(|ms| ms < 5_000), "{bye:?}");
        return;
    }
    panic!("no node was met while it stopped");
}

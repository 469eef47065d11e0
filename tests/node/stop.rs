//! A planned stop (G12).

use std::time::{Duration, Instant};

use crest_loadtest::client::{Answer, Server, Setting};

use crate::node::Node;
use crate::talk_to_it::Scene;

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
        server: Server::at(&node.url).unwrap(),
        ..setting
    };
    let conversations: Vec<_> = conversations.into_iter().collect();
    Scene { node, setting }.judge(&conversations).await;
}

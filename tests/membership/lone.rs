//! A keyspace that one node serves alone, then a cluster, then one node again.

use std::sync::Arc;
use std::time::Duration;

use crest::cluster::Told;
use crest::cluster::cql::{LoneFailure, before_alone};
use crest::store::Engine;
use crest::store::cql::{CqlStore, Epoch};
use crest_actors::ids::{AgentId, AgentKey, Seq, TenantId};
use crest_actors::ports::{Append, LogId, LogStore, Record, StoreFailure, Stored};

use crate::cassandra::wait_for;
use crate::rig::{Cluster, Node};

fn log() -> LogId {
    LogId::Ledger(AgentKey {
        tenant: TenantId::new("shop"),
        agent: AgentId::new("lone"),
    })
}

fn told<T: Send + 'static>(ask: impl FnOnce(Box<dyn FnOnce(T) + Send>)) -> T {
    let (tell, hear) = std::sync::mpsc::channel();
    ask(Box::new(move |answer| drop(tell.send(answer))));
    hear.recv_timeout(Duration::from_secs(20))
        .expect("answered")
}

/// Opens the log as its owner and adds a record; answers the epoch and what the log holds now.
fn go_on(store: &CqlStore, body: &str) -> (u64, Vec<String>) {
    let opened = told(|done| store.activate(log(), done)).expect("opened");
    let append = Append {
        log: log(),
        token: opened.token,
        first: Seq(opened.records.len() as u64 + 1),
        records: vec![Record {
            body: body.into(),
            base: false,
        }],
        summary: None,
    };
    assert_eq!(told(|done| store.submit(vec![append], done)), Ok(vec![]));
    let read =
        told::<Result<Vec<Stored>, StoreFailure>>(|done| store.read(log(), Seq(0), 99, done));
    let text = |it: &Stored| String::from_utf8_lossy(&it.record.body).into_owned();
    (
        opened.token.epoch,
        read.expect("read").iter().map(text).collect(),
    )
}

fn held(cluster: &Cluster, node: &Node) {
    cluster.until(Duration::from_secs(15), "all shards held", |_| {
        node.load() == 256
    });
}

#[test]
fn logs_go_on_from_one_node_alone_to_a_cluster_and_back() {
    let Some(cluster) = Cluster::of(0) else {
        return;
    };
    let place = &cluster.place;
    let alone = || {
        let above = wait_for(before_alone(place)).expect("nobody is there");
        CqlStore::open(place, Epoch::Alone(above)).expect("opens")
    };
    let first = alone();
    let (lone, texts) = go_on(&first, "a");
    assert_eq!(texts.last().map(String::as_str), Some("a"));

    let node = Node::start(place, 1);
    held(&cluster, &node);
    let fence = node.fence.clone();
    let clustered = CqlStore::open(
        place,
        Epoch::Held(Arc::new(move |shard| fence.epoch(shard))),
    );
    let clustered = clustered.expect("opens");
    let (epoch, texts) = go_on(&clustered, "b");
    assert!(epoch > lone, "{epoch} after {lone}");
    assert_eq!(texts[texts.len() - 2..], ["a", "b"]);
    // The node that was alone is refused from then on, and so is another.
    assert!(!first.answers());
    let refused = wait_for(before_alone(place));
    assert!(
        matches!(&refused, Err(LoneFailure::Clustered(nodes)) if nodes == "1"),
        "{refused:?}"
    );

    node.membership.drain();
    cluster.until(Duration::from_secs(30), "left", |_| {
        node.when(Told::Left).is_some()
    });
    let (again, texts) = go_on(&alone(), "c");
    assert!(again > epoch, "{again} after {epoch}");
    assert_eq!(texts[texts.len() - 3..], ["a", "b", "c"]);

    // The map is there already, with epochs that were passed meanwhile.
    let node = Node::start(place, 2);
    held(&cluster, &node);
    let fence = node.fence.clone();
    let clustered = CqlStore::open(
        place,
        Epoch::Held(Arc::new(move |shard| fence.epoch(shard))),
    );
    let (epoch, texts) = go_on(&clustered.expect("opens"), "d");
    assert!(epoch > again, "{epoch} after {again}");
    assert_eq!(texts[texts.len() - 4..], ["a", "b", "c", "d"]);
}

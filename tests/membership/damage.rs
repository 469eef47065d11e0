//! A map that cannot be read.

use std::time::Duration;

use crest::cluster::Told;

use crate::cassandra::wait_for;
use crate::rig::{Cluster, Node, nap, session};

async fn write_cell(cluster: &Cluster, cell: &str) -> String {
    let node = &cluster.place.nodes[0];
    let session = session(node).await;
    let table = format!("{}.assignment", cluster.place.lease_keyspace());
    let rows = session
        .query_unpaged(
            format!("SELECT owners FROM {table} WHERE region = 'all'"),
            (),
        )
        .await
        .expect("read")
        .into_rows_result()
        .expect("rows");
    let (before,): (Vec<u8>,) = rows.single_row().expect("one row");
    let update = format!("UPDATE {table} SET owners = {cell} WHERE region = 'all' IF EXISTS");
    session.query_unpaged(update, ()).await.expect("written");
    let hex: String = before.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("0x{hex}")
}

#[test]
fn a_damaged_map_is_told_of_and_never_guessed() {
    let Some(cluster) = Cluster::of(1) else {
        return;
    };
    let node = &cluster.nodes[0];
    cluster.until(Duration::from_secs(10), "all shards held", |it| {
        it.loads() == [256]
    });
    let refusal = || {
        let start = || Node::start(&cluster.place, 2);
        let panic = std::panic::catch_unwind(start).err().expect("refused");
        panic.downcast::<String>().expect("words")
    };

    let whole = wait_for(write_cell(&cluster, "0x0102"));
    let words = refusal();
    assert!(words.contains("row 'all' of"), "{words}");
    assert!(words.contains("put this very version back"), "{words}");
    cluster.until(Duration::from_secs(5), "the view tells of it", |_| {
        let trouble = node.view().trouble.clone();
        trouble.is_some_and(|it| it.contains("cell `owners`"))
    });
    // Nobody but it may change its part of the map, damaged or not: what it has it keeps.
    nap(4_000);
    assert_eq!(node.load(), 256);
    assert!(node.when(Told::FenceLost).is_none());

    wait_for(write_cell(&cluster, "0x02ff"));
    let words = refusal();
    assert!(words.contains("format 2"), "{words}");
    assert!(words.contains("install the Crest that wrote it"), "{words}");

    wait_for(write_cell(&cluster, &whole));
    cluster.until(Duration::from_secs(5), "the trouble is over", |_| {
        node.view().trouble.is_none()
    });
    cluster.judge();
}

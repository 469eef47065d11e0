//! Three real nodes with Cassandra and NATS, harmed under load: nothing acknowledged is lost, doubled
//! or out of order, no shard ever has two owners, and conversations are served again in seconds.
//!
//! `fault` does the harm, `round` surrounds it with load and judges, `epochs` reads from the nodes'
//! logs who could act for what. The short set runs with all tests; the long one, with its seeds
//! printed, by `make test-cluster`. Both need Java, Maven and nats-server; `CREST_SKIP_CQL=1` or
//! `CREST_SKIP_NATS=1` leaves them out.

mod epochs;
mod fault;
mod round;

use std::io::Write;
use std::path::PathBuf;

use crest_loadtest::rig::{Cluster, Faketime, Partition, Plan};

use fault::Fault;

/// Switches the long set on; its value is the seed, or 0 for a fresh one.
const LONG: &str = "CREST_CLUSTER_LONG";
/// Faults of the long set with commas between; all where it is not set.
const ONLY: &str = "CREST_CLUSTER_ONLY";

fn wanted() -> bool {
    ["CREST_SKIP_CQL", "CREST_SKIP_NATS"]
        .iter()
        .all(|name| std::env::var(name).is_err())
}

fn plan() -> Plan {
    let environment = [
        // What `epochs` reads.
        ("CREST__LOG__JSON", "true"),
        // The optimised build hashes as it should; here nobody waits for it.
        ("CREST__AUTH__DEV", "true"),
        ("CREST__AUTH__HASH_MEMORY_KIB", "64"),
        ("CREST__AUTH__HASH_PASSES", "1"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Plan {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_crest")),
        cassandra: PathBuf::from(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/ops/dev/cassandra/cassandra"
        )),
        nodes: 3,
        stores: 1,
        environment: environment.to_vec(),
        ..Plan::default()
    }
}

/// Past the test harness, which keeps what passing tests print to itself.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// One cluster goes through all of them; each leaves it whole.
async fn go_through(plan: &Plan, faults: &[Fault], seed: u64) {
    let mut cluster = Cluster::start(plan).await.expect("the cluster starts");
    let mut broken = Vec::new();
    for (number, fault) in faults.iter().enumerate() {
        // Far apart: neighbouring seeds would draw some of the same message ids.
        let seed = seed + number as u64 * 1_000_003;
        let went = round::go(&mut cluster, *fault, seed).await;
        if let Err(why) = went.and_then(|()| epochs::check(&cluster)) {
            say(&format!("BROKEN under {fault:?} (seed {seed}): {why:#}"));
            broken.push(fault);
        }
    }
    if !broken.is_empty() {
        let kept = cluster.keep();
        panic!("{broken:?}: logs are kept in {}", kept.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_a_suspended_and_three_drained_nodes_lose_nothing() {
    if !wanted() {
        return;
    }
    go_through(&plan(), &fault::SHORT, 618).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_long_set_loses_nothing() {
    let Ok(seed) = std::env::var(LONG) else {
        return;
    };
    let seed = match seed.parse() {
        Ok(0) | Err(_) => rand::random::<u32>().into(),
        Ok(seed) => seed,
    };
    say(&format!("the long set; again with {LONG}={seed}"));
    let plan = Plan {
        shims: Some(seed),
        groups: Partition::is_possible(),
        clocks: Faketime::is_possible(),
        ..plan()
    };
    let possible = |fault: &Fault| match fault {
        Fault::OffStore => plan.groups,
        Fault::ClockJump => plan.clocks,
        _ => true,
    };
    let named = |fault: &Fault| match std::env::var(ONLY) {
        Ok(names) => names.split(',').any(|name| name == format!("{fault:?}")),
        Err(_) => true,
    };
    let wanted = fault::LONG.into_iter().filter(named);
    let (faults, left_out): (Vec<Fault>, Vec<Fault>) = wanted.partition(possible);
    if !left_out.is_empty() {
        say(&format!(
            "left out, for lack of root or libfaketime: {left_out:?}"
        ));
    }
    go_through(&plan, &faults, seed).await;
}

//! Fifty kills at random moments under load, and one at each named point: nothing acknowledged is
//! lost, doubled or out of order, and the node is ready again within 3 s.

use std::path::PathBuf;

use crest_loadtest::drive::{Kill, kill};
use crest_loadtest::scenario::Login;

fn plan(rounds: u32, points: bool) -> Kill {
    let login = |login: &str, password: &str| Login {
        login: login.to_owned(),
        password: password.to_owned(),
    };
    Kill {
        binary: PathBuf::from(env!("CARGO_BIN_EXE_crest")),
        rounds,
        seed: 618,
        points,
        customers: 8,
        agents: ["lin", "zhao", "sato"]
            .map(|name| login(name, "demo-agent"))
            .to_vec(),
        supervisor: login("sun", "demo-supervisor"),
        tenant: "demo".to_owned(),
        load_ms: (100, 400),
        // The promise is 3 s, for the optimised build on a machine of its own.
        ready_within: std::time::Duration::from_secs(15),
        quiet: true,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_kills_at_random_moments_lose_nothing() {
    let killed = kill(&plan(50, false)).await.expect("the rounds ran");
    assert!(killed.is_well(), "{}", killed.summary());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_at_each_named_point_loses_nothing() {
    let killed = kill(&plan(10, true)).await.expect("the rounds ran");
    assert!(killed.is_well(), "{}", killed.summary());
}

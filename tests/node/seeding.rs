//! `crest seed` on a store of its own, and the node that then serves it.

use std::path::Path;
use std::process::{Command, Output};

use crest_loadtest::client::{Agent, Customer, Server, Setting, Supervisor};

use crate::node::Node;

fn seed(folder: &Path, tenants: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crest"))
        .args(["seed", "--tenants", tenants, "--data"])
        .arg(folder)
        .args(["--set", "auth.dev=true", "--set", "log.level=warn"])
        .args([
            "--set",
            "auth.hash_memory_kib=64",
            "--set",
            "auth.hash_passes=1",
        ])
        .output()
        .expect("the binary is built for this test")
}

fn words(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    said + &String::from_utf8_lossy(&output.stderr)
}

#[tokio::test]
async fn every_seeded_tenant_has_its_own_people_on_one_node() {
    let folder = std::env::temp_dir().join(format!("crest-seeding-{}", std::process::id()));
    let first = seed(&folder, "3");
    assert!(first.status.success(), "{}", words(&first));
    assert_eq!(
        words(&first),
        "tenants demo to demo-3: 3 installed, 0 were there already\n"
    );
    assert_eq!(
        words(&seed(&folder, "3")),
        "tenants demo to demo-3: 0 installed, 3 were there already\n"
    );

    let node = Node::on(&folder, &[]);
    let server = Server::at(&node.url).expect("its own address");
    for tenant in ["demo", "demo-2", "demo-3"] {
        let setting = Setting::new(server.clone(), tenant);
        let agent = Agent::connect(&setting, "lin", "demo-agent").await;
        agent
            .expect("the same people in each")
            .leave_the_line()
            .await;
        let customer = Customer::connect(&setting, "customer")
            .await
            .expect("welcome");
        let answered = customer.say("在吗").await.expect("an answer");
        assert!(answered.seq().is_some(), "{answered:?}");
        customer.leave_the_line().await;
    }
    let elsewhere = Setting::new(server, "demo-4");
    let unknown = Supervisor::log_in(&elsewhere, "sun", "demo-supervisor").await;
    assert!(unknown.is_err(), "nobody asked for a fourth");

    let refused = seed(&folder, "4");
    assert!(
        !refused.status.success(),
        "a node has the store: {}",
        words(&refused)
    );
}

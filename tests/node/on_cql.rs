//! A node whose logs are in a CQL server.

use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use crest::store::cql::Place;
use crest_loadtest::client::{Answer, Customer, Server, Setting, get};
use crest_schema::frame::Id;

use crate::cassandra::{self, Keyspaces};
use crate::node::Node;
use crate::talk_to_it::{Scene, serve_a_customer};

type Environment = Vec<(&'static str, String)>;

fn crest(arguments: &[&str], folder: &Path, environment: &Environment) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_crest"))
        .args(arguments)
        .arg("--data")
        .arg(folder)
        .env("CREST__SERVER__LISTEN", "127.0.0.1:0")
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .output();
    output.expect("the binary is built for this test")
}

/// With cheap hashes: this test measures something else.
const SEED: [&str; 9] = [
    "seed",
    "--tenants",
    "3",
    "--set",
    "auth.dev=true",
    "--set",
    "auth.hash_memory_kib=64",
    "--set",
    "auth.hash_passes=1",
];

fn start(folder: &Path, environment: &Environment) -> Node {
    let borrowed: Vec<_> = environment
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    Node::on(folder, &borrowed)
}

#[test]
fn a_node_serves_from_cql_and_finds_everything_after_a_kill() {
    if !cassandra::wanted() {
        return;
    }
    let _dropped_at_the_end = Keyspaces;
    let folder = std::env::temp_dir().join(format!("crest-on-cql-{}", std::process::id()));
    let place = cassandra::place(&folder);
    cassandra::wait_for(serve_and_kill(&folder, &place));
}

/// A change from elsewhere is known here within a second, and a moment for what follows from it.
async fn serves_the_tenant_soon(server: &Server, tenant: &str) {
    let setting = Setting::new(server.clone(), tenant);
    let within = Instant::now() + Duration::from_secs(2);
    loop {
        let said = match Customer::connect(&setting, "customer").await {
            Ok(customer) => customer.say("在吗").await.map(|said| said.answer),
            Err(error) => Err(error),
        };
        match said {
            Ok(Answer::Ack { .. }) => return,
            other => assert!(Instant::now() < within, "{other:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn serve_and_kill(folder: &Path, place: &Place) {
    let environment: Environment = vec![
        ("CREST__STORE__ENGINE", "cql".to_owned()),
        ("CREST__STORE__CQL_NODES", place.nodes.join(",")),
        ("CREST__STORE__CQL_KEYSPACE", place.keyspace.clone()),
    ];
    let refused = crest(&["serve"], folder, &environment);
    let words = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success());
    assert!(words.contains("run `crest migrate --store cql`"), "{words}");
    for said in ["0001_log", "nothing to apply"] {
        let migrated = crest(&["migrate", "--store", "cql"], folder, &environment);
        let words = String::from_utf8_lossy(&migrated.stdout).into_owned();
        assert!(migrated.status.success() && words.contains(said), "{words}");
    }

    let node = serve_a_customer(Scene::around(start(folder, &environment))).await;
    let server = Server::at(&node.url).unwrap();
    let ready = get(&server, "/readyz", None).await.unwrap();
    assert_eq!(ready.status, 200, "{ready:?}");

    let second = crest(&["serve"], folder, &environment);
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(words.contains("in use by another process"), "{words}");

    // The desk takes shops from elsewhere while a node serves it, and lies in no file.
    for said in ["2 installed", "0 installed"] {
        let seeded = crest(&SEED, folder, &environment);
        let words = String::from_utf8_lossy(&seeded.stdout).into_owned();
        assert!(words.contains(said), "{words}{seeded:?}");
    }
    assert!(!folder.join("desk.db").exists());
    serves_the_tenant_soon(&server, "demo-3").await;

    let scene = Scene::around(node);
    let customer = scene.customer("yu").await;
    let mut conversation: Option<Id> = None;
    for words in ["一", "二", "三"] {
        match customer.say(words).await.unwrap().answer {
            Answer::Ack {
                conversation: in_it,
                ..
            } => conversation = Some(in_it),
            other => panic!("{other:?}"),
        }
    }
    customer.leave_the_line().await;
    let Scene { node, setting } = scene;
    node.kill();
    let node = start(folder, &environment);
    let server = Server::at(&node.url).unwrap();
    let setting = Setting {
        servers: server.into(),
        ..setting
    };
    let conversation = conversation.expect("acknowledged");
    let mut node = Scene { node, setting }.judge(&[conversation]).await;
    node.signal("-TERM");
    let ended = node.ended(Duration::from_secs(30));
    assert!(ended.is_some_and(|status| status.success()));
    let verified = crest(&["verify"], folder, &environment);
    let words = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(
        words.contains("verify is for the embedded store"),
        "{words}"
    );
}

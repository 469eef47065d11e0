//! `crest copy`, from one engine to the other and back, killed half-way each time.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crest::store::cql::Place;
use crest_loadtest::client::{Answer, Server, Setting};
use crest_schema::frame::Id;
use rusqlite::{Connection, OpenFlags};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;

use crate::cassandra::{self, Keyspaces};
use crate::node::Node;
use crate::talk_to_it::{Scene, serve_a_customer};

const CUSTOMERS: usize = 60;
/// Logs at the target when the copy is killed; there are more than twice as many.
const HALF_WAY: i64 = 30;

struct Ends {
    first: PathBuf,
    second: PathBuf,
    place: Place,
}

impl Ends {
    fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("CREST__STORE__CQL_NODES", self.place.nodes.join(",")),
            ("CREST__STORE__CQL_KEYSPACE", self.place.keyspace.clone()),
        ]
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crest"));
        command.args(arguments).envs(self.environment());
        command
    }

    fn copy(&self, from: &str, to: &str) -> Command {
        self.command(&["copy", "--tenant", "demo", "--from", from, "--to", to])
    }

    fn serve_cql(&self) -> Node {
        let mut environment = self.environment();
        environment.push(("CREST__STORE__ENGINE", "cql".to_owned()));
        let borrowed: Vec<_> = environment
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let folder = self.first.with_extension("cql");
        Node::on(&folder, &borrowed)
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        for folder in [&self.first, &self.second] {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    out + &String::from_utf8_lossy(&output.stderr)
}

fn succeeds(mut command: Command) -> String {
    let output = command.output().expect("the binary is built for this test");
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

fn fails(mut command: Command) -> String {
    let output = command.output().expect("the binary is built for this test");
    assert!(!output.status.success(), "{}", said(&output));
    said(&output)
}

/// Ends it as a power cut would, as soon as the count is reached.
async fn kill_half_way(mut command: Command, count: impl AsyncFn() -> i64) {
    let mut child: Child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary is built for this test");
    let begun = Instant::now();
    while count().await < HALF_WAY {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "it copies nothing"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    child.kill().expect("a child of ours");
    let status = child.wait().expect("a child of ours");
    assert!(!status.success(), "it had ended before it was killed");
}

/// Of the report's line: events in all, and those written by this run.
fn events(report: &str) -> (u64, u64) {
    let line = report
        .lines()
        .find(|line| line.contains("equal at both ends; "))
        .unwrap_or_else(|| panic!("{report}"));
    let number = |before: &str| {
        let head = line.split(before).next().expect("a first part");
        let digits = head.rsplit(' ').next().expect("a last word");
        digits.parse().unwrap_or_else(|why| panic!("{line}: {why}"))
    };
    (number(" events"), number(" written now"))
}

fn digest(report: &str) -> &str {
    let line = report.lines().find(|line| line.contains("digest"));
    line.unwrap_or_else(|| panic!("{report}")).trim()
}

fn stop(mut node: Node) {
    node.signal("-TERM");
    let ended = node.ended(Duration::from_secs(30));
    assert!(ended.is_some_and(|status| status.success()));
    node.kill();
}

#[test]
fn a_tenant_moves_to_cql_and_back_whole_although_each_copy_is_killed_half_way() {
    if !cassandra::wanted() {
        return;
    }
    let _dropped_at_the_end = Keyspaces;
    let first = std::env::temp_dir().join(format!("crest-copying-{}", std::process::id()));
    let ends = Ends {
        second: first.with_extension("back"),
        place: cassandra::place(&first),
        first,
    };
    cassandra::wait_for(there_and_back(ends));
}

async fn there_and_back(ends: Ends) {
    let (scene, mut conversations) = talk(&ends).await;
    let Scene { node, setting } = scene;
    stop(node);
    let first = ends.first.display().to_string();
    let second = ends.second.display().to_string();

    let words = fails(ends.copy(&first, "cql"));
    assert!(words.contains("crest migrate --store cql"), "{words}");
    succeeds(ends.command(&["migrate", "--store", "cql"]));
    let session = session(&ends.place).await;
    let markers = async || count(&session, &ends.place.keyspace, "marker").await;
    kill_half_way(ends.copy(&first, "cql"), &markers).await;
    let there = succeeds(ends.copy(&first, "cql"));
    let (all, now) = events(&there);
    assert!(0 < now && now < all, "{there}");
    let words = fails(ends.copy(&first, "cql"));
    assert!(words.contains("has the tenant demo already"), "{words}");

    // It is served there with all that was said, and goes on.
    let node = ends.serve_cql();
    let setting = Setting {
        servers: Server::at(&node.url).unwrap().into(),
        ..setting
    };
    let scene = Scene { node, setting };
    let setting = scene.setting.clone();
    conversations.push(say(&scene, "newcomer", &["在吗", "谢谢"]).await);
    stop(scene.judge(&conversations).await);

    let before = markers().await;
    kill_half_way(ends.copy("cql", &second), async || names(&ends.second)).await;
    let back = succeeds(ends.copy("cql", &second));
    let (more, now) = events(&back);
    assert!(all < more && 0 < now && now < more, "{there}{back}");
    assert_ne!(digest(&there), digest(&back));
    assert_eq!(markers().await, before, "a source is left as it is");
    assert!(Node::verify(&ends.second).contains("whole"));
    let words = fails(ends.command(&["copy", "--tenant", "no", "--from", "cql", "--to", &second]));
    assert!(words.contains("no tenant no; it has: demo"), "{words}");

    let node = Node::on(&ends.second, &[]);
    let setting = Setting {
        servers: Server::at(&node.url).unwrap().into(),
        ..setting
    };
    let scene = Scene { node, setting };
    say(&scene, "customer-7", &["回来了"]).await;
    stop(scene.node);
}

/// A node on a folder, with conversations of all kinds in it.
async fn talk(ends: &Ends) -> (Scene, Vec<Id>) {
    let node = serve_a_customer(Scene::around(Node::on(&ends.first, &[]))).await;
    let scene = Scene::around(node);
    let mut conversations = Vec::new();
    for number in 0..CUSTOMERS {
        let name = format!("customer-{number}");
        conversations.push(say(&scene, &name, &["怎么退定金", "多久到账", "谢谢"]).await);
    }
    (scene, conversations)
}

async fn say(scene: &Scene, name: &str, words: &[&str]) -> Id {
    let customer = scene.customer(name).await;
    let mut conversation = None;
    for words in words {
        match customer.say(words).await.unwrap().answer {
            Answer::Ack {
                conversation: in_it,
                ..
            } => conversation = Some(in_it),
            other => panic!("{other:?}"),
        }
    }
    customer.leave_the_line().await;
    conversation.expect("acknowledged")
}

async fn session(place: &Place) -> Session {
    SessionBuilder::new()
        .known_nodes(&place.nodes)
        .build()
        .await
        .expect("a session")
}

async fn count(session: &Session, keyspace: &str, table: &str) -> i64 {
    let text = format!("SELECT count(*) FROM {keyspace}.{table}");
    let rows = session.query_unpaged(text, ()).await.expect("counted");
    let rows = rows.into_rows_result().expect("rows");
    rows.first_row::<(i64,)>().expect("a row").0
}

/// Logs in a folder's store; 0 while it has none.
fn names(folder: &Path) -> i64 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Ok(file) = Connection::open_with_flags(folder.join("log.sqlite3"), flags) else {
        return 0;
    };
    let counted = file.query_row("SELECT count(*) FROM log_name", [], |row| row.get(0));
    counted.unwrap_or(0)
}

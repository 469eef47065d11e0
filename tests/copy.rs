//! Copying a tenant between two embedded stores: what is refused, and what is not done twice. The way
//! to CQL and back is in tests/node/copying.rs.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use crest::copy::{CopyFailure, End, Report, copy};
use crest::desk::{DeskStore, Group, Installation, SqliteDesk, Tenant, TenantSettings};
use crest::store::{Durability, EmbeddedStore, Inventory};
use crest_actors::ids::{AgentId, AgentKey, Millis, Seq, TenantId};
use crest_actors::ports::{Append, Done, LogId, LogStore, Record};

fn folder(name: &str) -> PathBuf {
    let name = format!("crest-copy-{}-{name}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

fn shop() -> TenantId {
    TenantId::new("shop")
}

fn ledger(agent: &str) -> LogId {
    LogId::Ledger(AgentKey {
        tenant: shop(),
        agent: AgentId::new(agent),
    })
}

fn wait<T: Send + 'static>(call: impl FnOnce(Done<T>)) -> T {
    let (sender, receiver) = mpsc::channel();
    call(Box::new(move |value| drop(sender.send(value))));
    receiver.recv().expect("an answer")
}

/// Appends one event a body; one that begins with `=` is a base.
fn write(folder: &Path, log: &LogId, bodies: &[&str]) {
    let store = EmbeddedStore::open(folder, Durability::Synced).expect("opens");
    let last = store.whole(log).expect("read").len() as u64;
    let token = wait(|done| store.activate(log.clone(), done));
    let append = Append {
        log: log.clone(),
        token: token.expect("activated").token,
        first: Seq(last + 1),
        records: bodies
            .iter()
            .map(|body| Record {
                body: body.as_bytes().to_vec(),
                base: body.starts_with('='),
            })
            .collect(),
        summary: None,
    };
    assert_eq!(wait(|done| store.submit(vec![append], done)), Ok(vec![]));
}

fn events(folder: &Path, log: &LogId) -> Vec<String> {
    let store = EmbeddedStore::open(folder, Durability::Synced).expect("opens");
    let events = store.whole(log).expect("read").into_iter();
    events
        .map(|it| String::from_utf8(it.record.body).expect("text"))
        .collect()
}

fn install(folder: &Path) {
    let desk = SqliteDesk::open(folder).expect("opens");
    let group: Group = serde_json::from_str(r#"{"id": "g", "name": "g"}"#).expect("a group");
    let installation = Installation {
        tenant: Tenant {
            id: shop(),
            settings: TenantSettings::new("Shop", "g"),
        },
        keys: Vec::new(),
        groups: vec![group],
        staff: Vec::new(),
        articles: Vec::new(),
        canned: Vec::new(),
        at: Millis(0),
    };
    let installing = desk.install(installation);
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime
        .expect("a runtime")
        .block_on(installing)
        .expect("installed");
}

fn move_it(from: &Path, to: &Path) -> Result<Report, CopyFailure> {
    let end = |folder: &Path| End::Embedded(folder.to_owned());
    copy(&end(from), &end(to), &shop(), &|_, _| Ok(None), &|_, _| {})
}

#[test]
fn everything_before_a_base_comes_along_and_what_is_there_is_not_written_again() {
    let (from, to) = (folder("all"), folder("all-there"));
    install(&from);
    write(&from, &ledger("lin"), &["a", "=b", "c"]);
    write(&from, &ledger("wang"), &["x"]);
    // As an earlier copy left it.
    write(&to, &ledger("lin"), &["a"]);
    let report = move_it(&from, &to).unwrap();
    let logs = &report.logs;
    assert_eq!((logs.ledgers, logs.events, logs.written), (2, 4, 3));
    assert_eq!(events(&to, &ledger("lin")), ["a", "=b", "c"]);
    assert_eq!(report.desk.groups, 1);
    assert!(matches!(move_it(&from, &to), Err(CopyFailure::There(_))));
    let back = folder("all-back");
    let again = move_it(&to, &back).unwrap();
    assert_eq!((again.logs.digest, again.logs.written), (logs.digest, 4));
    for folder in [from, to, back] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn events_of_another_origin_are_left_alone_and_the_tenant_does_not_come() {
    let (from, to) = (folder("other"), folder("other-there"));
    install(&from);
    write(&from, &ledger("lin"), &["a", "b"]);
    write(&to, &ledger("lin"), &["a", "other"]);
    let conflict = move_it(&from, &to).unwrap_err();
    assert!(matches!(conflict, CopyFailure::Conflict(_)), "{conflict}");
    assert!(
        conflict.to_string().contains("ledger shop/lin"),
        "{conflict}"
    );
    assert_eq!(events(&to, &ledger("lin")), ["a", "other"]);
    // Longer than the source is no copy of it either.
    write(&from, &ledger("wang"), &["x"]);
    let longer = folder("longer");
    write(&longer, &ledger("wang"), &["x", "y"]);
    let conflict = move_it(&from, &longer).unwrap_err();
    assert!(matches!(conflict, CopyFailure::Conflict(_)), "{conflict}");
    install(&to);
    install(&longer); // which succeeds only where the tenant does not exist
    for folder in [from, to, longer] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_mistaken_end_is_told_and_nothing_is_made() {
    let from = folder("mistaken");
    let nowhere = folder("nowhere");
    install(&from);
    let missing = move_it(&nowhere, &from).unwrap_err();
    assert!(matches!(missing, CopyFailure::NoStore(_)), "{missing}");
    assert!(!nowhere.exists());
    assert!(matches!(move_it(&from, &from), Err(CopyFailure::Same)));
    // A desk whose logs are elsewhere is taken without any.
    let report = move_it(&from, &nowhere).unwrap();
    assert_eq!((report.logs.events, report.desk.groups), (0, 1));
    assert!(!from.join("log.sqlite3").exists());
    for folder in [from, nowhere] {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

//! kill -9 again and again: what was acknowledged is there, nothing else is torn.
//!
//! Each test runs itself in a child process, which appends and prints what was acknowledged until
//! it dies; the parent then reads the store.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use crest::fault::FAULT_VARIABLE;
use crest::store::{Durability, EmbeddedStore};
use crest_actors::ids::Token;

use crate::harness::*;

/// Set in the child: the directory it appends in.
const CHILD_VARIABLE: &str = "CREST_TEST_APPEND_IN";
const LOGS: u64 = 7;
const IN_FLIGHT_MAX: usize = 40;

#[test]
fn acknowledged_events_survive_kill_9_at_any_moment() {
    if append_as_child() {
        return;
    }
    let directory = Directory::new();
    let mut acknowledged = HashMap::new();
    let mut random = Random::seeded();
    for _ in 0..20 {
        let deadly = 1 + random.below(400);
        let mut child = start("kill_9_at_any_moment", directory.path(), None);
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut seen = 0;
        for line in output.lines() {
            seen += u64::from(note(&line.expect("text"), &mut acknowledged));
            if seen == deadly {
                child.kill().expect("killed");
            }
        }
        child.wait().expect("ended");
        check(directory.path(), &acknowledged);
    }
}

#[test]
fn acknowledged_events_survive_death_at_every_named_point() {
    if append_as_child() {
        return;
    }
    for point in ["before_write", "after_write", "after_sync"] {
        let directory = Directory::new();
        let mut acknowledged = HashMap::new();
        for pass in [1, 2, 17] {
            let fault = format!("{point}:{pass}");
            let mut child = start("at_every_named_point", directory.path(), Some(&fault));
            let output = BufReader::new(child.stdout.take().expect("piped"));
            for line in output.lines() {
                note(&line.expect("text"), &mut acknowledged);
            }
            assert!(!child.wait().expect("ended").success(), "{fault} struck");
            check(directory.path(), &acknowledged);
        }
        assert!(!acknowledged.is_empty());
    }
}

fn start(test: &str, directory: &Path, fault: Option<&str>) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args([test, "--nocapture", "--test-threads=1"])
        .env(CHILD_VARIABLE, directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(fault) = fault {
        command.env(FAULT_VARIABLE, fault);
    }
    command.spawn().expect("starts")
}

/// In the child: appends until killed, printing `ack LOG SEQ`.
fn append_as_child() -> bool {
    let Ok(directory) = std::env::var(CHILD_VARIABLE) else {
        return false;
    };
    let store = EmbeddedStore::open(Path::new(&directory), Durability::Synced).expect("opens");
    let mut ends: Vec<(Token, u64)> = (0..LOGS)
        .map(|n| {
            let activation = activate(&store, &conversation(n)).expect("activated");
            let last = activation.records.last().map_or(0, |stored| stored.seq.0);
            (activation.token, last)
        })
        .collect();
    let (permits, returned) = mpsc::channel();
    (0..IN_FLIGHT_MAX).for_each(|_| permits.send(()).expect("kept"));
    for turn in 0.. {
        returned.recv().expect("kept");
        let n = turn % LOGS;
        let (token, last) = &mut ends[n as usize];
        let first = *last + 1;
        *last += 1 + turn % 3;
        let texts: Vec<String> = (first..=*last).map(|seq| text(n, seq)).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let batch = vec![append(&conversation(n), *token, first, &texts)];
        let (permits, last) = (permits.clone(), *last);
        let done = move |outcome| {
            assert_eq!(outcome, Ok(vec![]));
            let mut output = std::io::stdout().lock();
            writeln!(output, "ack {n} {last}").expect("the parent reads");
            permits.send(()).expect("kept");
        };
        crest_actors::ports::LogStore::submit(&store, batch, Box::new(done));
    }
    true
}

fn text(log: u64, seq: u64) -> String {
    format!("{log}:{seq}:{}", "x".repeat((seq % 300) as usize))
}

/// Takes an acknowledgement down; a line may be cut short by the death of its writer.
fn note(line: &str, acknowledged: &mut HashMap<u64, u64>) -> bool {
    let Some((log, seq)) = line
        .strip_prefix("ack ")
        .and_then(|rest| rest.split_once(' '))
    else {
        return false;
    };
    let (log, seq): (u64, u64) = (log.parse().expect("log"), seq.parse().expect("seq"));
    let newest: &mut u64 = acknowledged.entry(log).or_default();
    *newest = seq.max(*newest);
    true
}

fn check(directory: &Path, acknowledged: &HashMap<u64, u64>) {
    let store = EmbeddedStore::open(directory, Durability::Synced).expect("opens");
    for n in 0..LOGS {
        let records = read(&store, &conversation(n), 0, usize::MAX).expect("read");
        let expected: Vec<String> = (1..=records.len() as u64).map(|seq| text(n, seq)).collect();
        assert_eq!(bodies(&records), expected);
        let newest = acknowledged.get(&n).copied().unwrap_or(0);
        assert!(
            records.len() as u64 >= newest,
            "{n}: {newest} was acknowledged"
        );
    }
    let report = store
        .verify(&mut |_, _| Ok(None), &mut |_, _| {})
        .expect("read to the end");
    assert_eq!(report.problems, [""; 0]);
}

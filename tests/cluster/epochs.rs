//! Who could act for each shard, and when, by the nodes' own words: two owners at a time are never
//! found, and a shard's epochs only rise.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use crest_loadtest::rig::Cluster;
use serde_json::Value;

/// One word of one node about its shards. Times by the machine's boot clock, which all share.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    /// Of one life: everything before it is over.
    Began,
    Took(Vec<(u8, u64)>),
    LetGo(Vec<u8>),
    Lost,
}

/// A stretch for which a node could act for a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hold {
    node: usize,
    epoch: u64,
    from_ms: u64,
    /// `None`: until its lease ended, of which no log tells.
    to_ms: Option<u64>,
}

/// Reads all logs of the cluster so far.
pub fn check(cluster: &Cluster) -> anyhow::Result<()> {
    let mut holds: BTreeMap<u8, Vec<Hold>> = BTreeMap::new();
    let mut took = 0;
    for (node, process) in cluster.nodes.iter().enumerate() {
        let text = std::fs::read_to_string(process.log())?;
        for (shard, hold) in follow(node, &words(&text)?) {
            took += 1;
            holds.entry(shard).or_default().push(hold);
        }
    }
    ensure!(took >= 256, "the logs tell of {took} shards taken only");
    for (shard, holds) in &mut holds {
        judge(holds).with_context(|| format!("shard {shard}"))?;
    }
    Ok(())
}

fn words(log: &str) -> anyhow::Result<Vec<(u64, Word)>> {
    let mut words = Vec::new();
    for line in log.lines().filter(|line| line.starts_with('{')) {
        let line: Value = serde_json::from_str(line).with_context(|| line.to_owned())?;
        let fields = &line["fields"];
        let message = fields["message"].as_str().unwrap_or_default();
        let at = || fields["boot_ms"].as_u64().context("no time");
        match message {
            "shards changed hands" => {
                let of = |name: &str| spans(fields[name].as_str().unwrap_or_default());
                let gone = of("let_go")?.into_iter().map(|(shard, _)| shard);
                words.push((at()?, Word::LetGo(gone.collect())));
                words.push((at()?, Word::Took(of("took")?)));
            }
            _ if message.starts_with("the lease ended before") => words.push((at()?, Word::Lost)),
            _ if message.starts_with("the CQL store is open") => words.push((0, Word::Began)),
            _ => {}
        }
    }
    Ok(words)
}

/// `0-4@7 9@8`.
fn spans(text: &str) -> anyhow::Result<Vec<(u8, u64)>> {
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let (shards, epoch) = word.split_once('@').unwrap_or((word, "0"));
        let (first, last) = shards.split_once('-').unwrap_or((shards, shards));
        let epoch = epoch.parse()?;
        found.extend((first.parse()?..=last.parse::<u8>()?).map(|shard| (shard, epoch)));
    }
    Ok(found)
}

fn follow(node: usize, words: &[(u64, Word)]) -> Vec<(u8, Hold)> {
    let mut open: BTreeMap<u8, Hold> = BTreeMap::new();
    let mut holds = Vec::new();
    for (at_ms, word) in words {
        let ended = |(shard, hold): (u8, Hold), to_ms| (shard, Hold { to_ms, ..hold });
        match word {
            // Whoever was killed could act until then, of which it could not tell.
            Word::Began => holds.extend(std::mem::take(&mut open)),
            // One that was suspended lost it before it could say so.
            Word::Lost => holds.extend(std::mem::take(&mut open)),
            Word::LetGo(shards) => {
                for shard in shards {
                    let hold = open.remove_entry(shard);
                    holds.extend(hold.map(|hold| ended(hold, Some(*at_ms))));
                }
            }
            Word::Took(taken) => {
                for (shard, epoch) in taken {
                    let hold = Hold {
                        node,
                        epoch: *epoch,
                        from_ms: *at_ms,
                        to_ms: None,
                    };
                    // Taken again under its epoch after the lease was renewed.
                    let before = open.insert(*shard, hold);
                    holds.extend(before.map(|hold| ended((*shard, hold), Some(*at_ms))));
                }
            }
        }
    }
    holds.extend(open);
    holds
}

fn judge(holds: &mut [Hold]) -> anyhow::Result<()> {
    holds.sort_by_key(|hold| (hold.from_ms, hold.epoch));
    for pair in holds.windows(2) {
        let [before, after] = pair else { continue };
        if after.node != before.node && after.epoch <= before.epoch {
            bail!(
                "epoch {} after epoch {}: {pair:?}",
                after.epoch,
                before.epoch
            );
        }
        if after.epoch < before.epoch {
            bail!("epochs fall: {pair:?}");
        }
        if before.to_ms.is_some_and(|ended| ended > after.from_ms) {
            bail!("two owners at a time: {pair:?}");
        }
    }
    Ok(())
}

#[test]
fn two_owners_and_falling_epochs_are_found_and_a_move_is_not() {
    let line = |node: u64, boot_ms: u64, took: &str, let_go: &str| {
        let fields = serde_json::json!({"message": "shards changed hands", "node": node,
            "boot_ms": boot_ms, "took": took, "let_go": let_go});
        serde_json::json!({ "fields": fields }).to_string()
    };
    let judged = |first: &[String], second: &[String]| {
        let mut holds: Vec<Hold> = Vec::new();
        for (node, lines) in [first, second].into_iter().enumerate() {
            let words = words(&lines.join("\n")).unwrap();
            let of_seven = follow(node, &words).into_iter().filter(|it| it.0 == 7);
            holds.extend(of_seven.map(|it| it.1));
        }
        judge(&mut holds)
    };
    let first = [line(1, 100, "0-9@1", ""), line(1, 500, "", "7")];
    assert!(judged(&first, &[line(2, 510, "7@2", "")]).is_ok());
    assert!(judged(&first, &[line(2, 490, "7@2", "")]).is_err());
    assert!(judged(&first, &[line(2, 510, "7@1", "")]).is_err());
    assert_eq!(spans("0-2@7 9@8").unwrap().len(), 4);
}

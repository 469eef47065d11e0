//! The order of a queue, from the logs: nobody is given an agent past somebody ahead.

use std::collections::{BTreeMap, HashMap};

use crest_schema::frame::Id;

use super::anomaly::{Anomaly, Promise, Report};
use super::fact::Kind;
use super::log::Transcript;

/// Waits that began or ended so shortly before an offer may not have been known to the queue when it
/// picked: announcements and picks cross on their way.
const CROSSING_MS: u64 = 1_000;

/// One conversation in one queue, from entering to leaving.
struct Wait {
    conversation: Id,
    seq: u64,
    /// Unix milliseconds moved back by the boost: the smallest is served first.
    key: i64,
    from: u64,
    /// `u64::MAX` while it lasts.
    to: u64,
    offered: bool,
    particular: bool,
}

/// Adds every overtaking to the report. Waits with wishes of their own (skills, a preferred agent) are
/// passed over lawfully and left out, as are those who were passed on by an agent a moment ago, and
/// those who had waited for less than `away_ms`: the node that spoke for them may have been gone.
///
/// Takes time in proportion to offers times the logarithm of waits.
pub(super) fn check(transcripts: &[Transcript], away_ms: u64, report: &mut Report) {
    let mut queues: HashMap<&str, Vec<Wait>> = HashMap::new();
    for transcript in transcripts {
        walk(transcript, &mut queues);
    }
    for waits in queues.into_values() {
        overtaken(waits, CROSSING_MS.saturating_add(away_ms), report);
    }
}

fn walk<'a>(transcript: &'a Transcript, queues: &mut HashMap<&'a str, Vec<Wait>>) {
    let mut open: Option<(&str, Wait)> = None;
    for entry in &transcript.entries {
        let stays = matches!(
            entry.fact.kind,
            Kind::Message
                | Kind::Edited
                | Kind::Recalled
                | Kind::Whisper
                | Kind::BotTurned
                | Kind::GivenBack
                | Kind::Rated
        );
        if !stays && let Some((group, mut wait)) = open.take() {
            wait.to = entry.at;
            wait.offered = entry.fact.kind == Kind::Offered;
            queues.entry(group).or_default().push(wait);
        }
        if let Some(line) = &entry.in_line {
            let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX / 2);
            let wait = Wait {
                conversation: transcript.conversation,
                seq: entry.seq,
                key: signed(line.enqueued_at) - signed(line.boost_ms),
                from: entry.at,
                to: u64::MAX,
                offered: false,
                particular: line.particular,
            };
            open = Some((line.group.as_str(), wait));
        }
    }
    if let Some((group, wait)) = open {
        queues.entry(group).or_default().push(wait);
    }
}

/// Sweeps over the queue by time, holding who surely waits at each offer by key.
fn overtaken(waits: Vec<Wait>, crossing_ms: u64, report: &mut Report) {
    let mut edges: Vec<(u64, Edge, usize)> = Vec::new();
    for (index, wait) in waits.iter().enumerate() {
        let (from, to) = (
            wait.from.saturating_add(crossing_ms),
            wait.to.saturating_sub(crossing_ms),
        );
        if !wait.particular && from < to {
            edges.push((from, Edge::Begins, index));
            edges.push((to, Edge::Ends, index));
        }
        if wait.offered {
            edges.push((wait.to, Edge::Offered, index));
        }
    }
    edges.sort_unstable();
    let mut standing: BTreeMap<(i64, Id), usize> = BTreeMap::new();
    for (_, edge, index) in edges {
        let wait = &waits[index];
        let place = (wait.key, wait.conversation);
        match edge {
            Edge::Begins => {
                standing.insert(place, index);
            }
            Edge::Ends => {
                standing.remove(&place);
            }
            Edge::Offered => {
                let first = standing.first_key_value();
                if let Some((ahead, passed)) = first.filter(|(ahead, _)| ahead.0 < place.0) {
                    let other = &waits[*passed];
                    let detail = format!(
                        "offered while {} was {} ms ahead and stayed behind",
                        other.conversation,
                        place.0 - ahead.0
                    );
                    let anomaly = Anomaly::new(Promise::QueueOrder, detail);
                    report.add(anomaly.at(wait.conversation, wait.seq));
                }
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Ends,
    Offered,
    Begins,
}

#[cfg(test)]
#[path = "queueing_tests.rs"]
mod tests;

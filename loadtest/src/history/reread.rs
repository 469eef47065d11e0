//! Transcripts read twice: the second reading begins with the first.

use std::collections::HashMap;

use crest_schema::frame::Id;

use super::anomaly::{Anomaly, Promise, Report};
use super::fact::digest;
use super::log::Transcript;

/// Compares by digests of every byte of every event; adds what differs to the report.
pub fn compare(before: &[Transcript], after: &[Transcript], report: &mut Report) {
    let after: HashMap<Id, &Transcript> = after.iter().map(|it| (it.conversation, it)).collect();
    for first in before {
        let length = first.entries.len();
        let again = after.get(&first.conversation);
        let again = again.map_or(0, |again| first_of(again, length));
        report.reread += 1;
        if again != first_of(first, length) {
            let detail = format!("its first {length} events read differently the second time");
            let anomaly = Anomaly::new(Promise::Reread, detail);
            report.add(anomaly.of(first.conversation));
        }
    }
}

/// One digest over the first `length` events, in order.
fn first_of(transcript: &Transcript, length: usize) -> u64 {
    let wholes = transcript.entries.iter().take(length);
    digest(&wholes.map(|entry| entry.fact.whole).collect::<Vec<u64>>())
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn more_than_before_is_well_and_a_change_or_a_loss_is_not() {
        let before = sample::run(1).history.transcripts;
        let told = |after: &[Transcript]| {
            let mut report = Report::default();
            compare(&before, after, &mut report);
            (report.reread, report.total())
        };
        let count = before.len() as u64;
        assert_eq!(told(&before), (count, 0));
        let mut shorter = before.clone();
        shorter[0].entries.pop();
        assert_eq!(told(&shorter), (count, 1));
        let mut changed = before.clone();
        changed[0].entries[1].fact.whole ^= 1;
        assert_eq!(told(&changed), (count, 1));
        assert_eq!(told(&before[1..]), (count, 1));
        let mut first = before.clone();
        first[0].entries.pop();
        let mut report = Report::default();
        compare(&first, &before, &mut report);
        assert_eq!(report.total(), 0);
    }
}

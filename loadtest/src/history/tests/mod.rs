//! A correct run passes; every seeded mutant of it is caught, for the reason it was made for.

mod mutants;
pub(super) mod sample;

use super::{Report, check};

const SEEDS: u64 = 20;

#[test]
fn a_correct_run_shows_no_anomaly() {
    for seed in 0..SEEDS {
        let run = sample::run(seed);
        let report = check(&run.history);
        assert_eq!(report.anomalies, [], "seed {seed}");
        assert!(report.acknowledged > 20, "seed {seed} acknowledges little");
        assert!(report.events > 100, "seed {seed} is short");
    }
}

#[test]
fn a_report_keeps_the_first_of_many_and_counts_all() {
    let mut run = sample::run(1);
    run.history.transcripts.clear();
    let report: Report = check(&run.history);
    assert!(report.total() > Report::KEPT);
    assert!(report.anomalies.len() as u64 <= Report::KEPT * report.broken.len() as u64);
}

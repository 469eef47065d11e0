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

#[test]
fn reports_of_two_tenants_join_into_one_that_names_them() {
    let broken = |tenant| {
        let mut run = sample::run(1);
        run.history.transcripts.clear();
        check(&run.history).of_tenant(tenant)
    };
    let (first, second) = (broken("demo"), broken("demo-2"));
    let mut both = first.clone();
    both.join(second.clone());
    assert_eq!(both.total(), first.total() + second.total());
    assert_eq!(both.acknowledged, 2 * first.acknowledged);
    assert_eq!(both.observations, 2 * first.observations);
    for promise in both.broken.keys() {
        let kept = both.anomalies.iter().filter(|it| it.promise == *promise);
        assert!(kept.count() as u64 <= Report::KEPT);
    }
    let mut clean = check(&sample::run(2).history);
    clean.join(second);
    assert!(
        clean.words().contains(" of demo-2 in "),
        "{}",
        clean.words()
    );
}

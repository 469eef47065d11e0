//! A run as a page of text.

use std::fmt::Write as _;

use crate::drive::{Outcome, Waits};

use super::{tenants, word};

/// For the terminal and for `summary.txt`.
pub fn summary(outcome: &Outcome) -> String {
    let mut page = String::new();
    let scenario = &outcome.scenario;
    let _ = writeln!(
        page,
        "{} (seed {}): {:.1} s\n{}\n",
        scenario.name, scenario.seed, outcome.lasted_s, scenario.about
    );
    latencies(outcome, &mut page);
    waits(outcome, &mut page);
    tenants::lines(outcome, &mut page);
    steps(outcome, &mut page);
    for (count, number) in &outcome.counts {
        let _ = writeln!(page, "{:<20} {number:>8}", word(count));
    }
    for (refusal, number) in &outcome.refusals {
        let _ = writeln!(page, "refused {refusal:<12} {number:>8}");
    }
    let _ = writeln!(
        page,
        "{:<20} {:>7.0}%\n{:<20} {:>7.0}%",
        "machine_busy",
        outcome.machine_busy * 100.0,
        "of it the harness",
        outcome.own_share * 100.0
    );
    let _ = writeln!(page, "\n{}", outcome.history.words());
    for words in &outcome.failures {
        let _ = writeln!(page, "FAILED: {words}");
    }
    for words in &outcome.missed {
        let _ = writeln!(page, "MISSED: {words}");
    }
    for words in &outcome.doubts {
        let _ = writeln!(page, "DOUBTFUL: {words}");
    }
    page
}

fn latencies(outcome: &Outcome, page: &mut String) {
    let _ = writeln!(
        page,
        "{:<14} {:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "latency, ms", "count", "mean", "p50", "p90", "p99", "p99.9", "max"
    );
    for (latency, it) in &outcome.latencies_ms {
        let _ = writeln!(
            page,
            "{:<14} {:>8} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1} {:>9.1}",
            word(latency),
            it.count,
            it.mean,
            it.p50,
            it.p90,
            it.p99,
            it.p999,
            it.max
        );
    }
    let _ = writeln!(page);
}

fn waits(outcome: &Outcome, page: &mut String) {
    let queueing = &outcome.queueing;
    for (name, it) in [("standard", &queueing.standard), ("VIP", &queueing.vip)] {
        if *it != Waits::default() {
            let _ = writeln!(
                page,
                "waits, {name:<9} {:>6} served, {:>5} gave up; p50 {:.1} s, p95 {:.1} s, max {:.1} s",
                it.served, it.gave_up, it.p50_s, it.p95_s, it.max_s
            );
        }
    }
    let estimates = &queueing.estimates;
    if let Some(share) = estimates.right_share() {
        let _ = writeln!(
            page,
            "estimates        {:.1} % of {} within max(60 s, 25 %); of {} waits longer than 60 s, {}",
            share * 100.0,
            estimates.told,
            estimates.told_long,
            estimates.right_long
        );
    }
    let _ = writeln!(page);
}

fn steps(outcome: &Outcome, page: &mut String) {
    if outcome.steps.is_empty() {
        return;
    }
    let _ = writeln!(
        page,
        "{:<12} {:>12} {:>12} {:>10} {:>10}",
        "arrivals/s", "messages/s", "answered/s", "p50, ms", "p99, ms"
    );
    for step in &outcome.steps {
        let _ = writeln!(
            page,
            "{:<12.1} {:>12.1} {:>12.1} {:>10.1} {:>10.1}{}",
            step.arrivals_per_s,
            step.offered_per_s,
            step.answered_per_s,
            step.ack_p50_ms,
            step.ack_p99_ms,
            if step.holds { "" } else { "  breaks" }
        );
    }
    let words = match outcome.knee() {
        Some(knee) => format!(
            "knee: {:.0} messages a second ({:.1} arrivals a second) at p99 {:.1} ms",
            knee.offered_per_s, knee.arrivals_per_s, knee.ack_p99_ms
        ),
        None => "knee: below the first step".to_owned(),
    };
    let _ = writeln!(page, "{words}\n");
}

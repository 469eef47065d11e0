//! The folder that a run leaves behind.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::plots::plots;
use super::{html, word};
use crate::drive::{Outcome, Times};

/// Ticks of a histogram's listing in each halving of what is left.
const TICKS: u32 = 5;

/// Writes `result.json`, `summary.txt` and, where there is any, `evidence.txt` into the directory,
/// which is made if missing.
pub fn write(
    directory: &Path,
    result: &impl Serialize,
    summary: &str,
    evidence: &str,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory)
        .with_context(|| format!("{} cannot be made", directory.display()))?;
    let json = serde_json::to_vec_pretty(result)?;
    std::fs::write(directory.join("result.json"), json)?;
    std::fs::write(directory.join("summary.txt"), summary)?;
    if !evidence.is_empty() {
        std::fs::write(directory.join("evidence.txt"), evidence)?;
    }
    Ok(())
}

/// All of [`write`], and a run's histograms (`*.hgrm`), plots (`*.svg`, `*.png`) and `report.html`, which
/// needs no other file.
pub fn write_run(directory: &Path, outcome: &Outcome) -> anyhow::Result<()> {
    let summary = super::summary(outcome);
    write(directory, outcome, &summary, &outcome.evidence)?;
    for (latency, times) in &outcome.times {
        let name = format!("{}.hgrm", word(latency).replace('_', "-"));
        std::fs::write(directory.join(name), listing(times))?;
    }
    let mut pictures = Vec::new();
    for plot in plots(outcome) {
        let svg = plot.chart.svg()?;
        std::fs::write(directory.join(format!("{}.svg", plot.file)), &svg)?;
        plot.chart
            .png(&directory.join(format!("{}.png", plot.file)))?;
        pictures.push((plot.says, svg));
    }
    let page = html::page(outcome, &pictures)?;
    std::fs::write(directory.join("report.html"), page)?;
    Ok(())
}

/// The listing that plotters of HdrHistogram read, in milliseconds.
fn listing(times: &Times) -> String {
    let histogram = times.histogram();
    let mut page = format!(
        "{:>12} {:>14} {:>10} {:>14}\n\n",
        "Value", "Percentile", "TotalCount", "1/(1-Percentile)"
    );
    let mut count = 0;
    for value in histogram.iter_quantiles(TICKS) {
        count += value.count_since_last_iteration();
        let share = value.quantile_iterated_to();
        let _ = write!(
            page,
            "{:>12.3} {share:>14.12} {count:>10}",
            value.value_iterated_to() as f64 / 1_000.0
        );
        let _ = match share < 1.0 {
            true => writeln!(page, " {:>14.2}", 1.0 / (1.0 - share)),
            false => writeln!(page),
        };
    }
    let _ = writeln!(
        page,
        "#[Mean    = {:>12.3}, StdDeviation   = {:>12.3}]",
        histogram.mean() / 1_000.0,
        histogram.stdev() / 1_000.0
    );
    let _ = writeln!(
        page,
        "#[Max     = {:>12.3}, Total count    = {:>12}]",
        histogram.max() as f64 / 1_000.0,
        histogram.len()
    );
    page
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_listing_ends_with_every_value_counted() {
        let mut times = Times::default();
        for ms in 1..=1_000 {
            times.record(Duration::from_millis(ms));
        }
        let page = listing(&times);
        let last = page.lines().rev().nth(2).expect("lines");
        let fields: Vec<&str> = last.split_whitespace().collect();
        assert_eq!(fields[1..], ["1.000000000000", "1000"]);
        assert!(page.contains("Total count    =         1000]"), "{page}");
    }
}

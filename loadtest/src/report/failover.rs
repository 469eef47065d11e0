//! What a failover leaves behind: JSON, a page of text and two plots.

use std::path::Path;

use super::chart::{BLUE, Chart, GREEN, GREY, Line, Look, ORANGE, Scale};
use super::folder::write;
use crate::drive::FailedOver;

/// Writes `result.json`, `summary.txt`, perhaps `evidence.txt`, and both plots as `*.svg` and `*.png`
/// into the directory, which is made if missing.
pub fn write_failover(directory: &Path, it: &FailedOver) -> anyhow::Result<()> {
    write(directory, it, &it.summary(), &it.evidence)?;
    for (file, chart) in [
        ("failover-acks", acks(it)),
        ("failover-accepting", accepting(it)),
    ] {
        std::fs::write(directory.join(format!("{file}.svg")), chart.svg()?)?;
        chart.png(&directory.join(format!("{file}.png")))?;
    }
    Ok(())
}

/// Around the fault, which is at 0.
fn acks(it: &FailedOver) -> Chart {
    let (before_s, after_s) = (it.scenario.steady_s, it.scenario.after_s);
    let from_s = it.fault_s - before_s;
    let seen = it
        .course
        .iter()
        .filter(|at| at.at_s >= from_s && at.at_s < it.fault_s + after_s);
    let line = |name, colour, of: fn(&crate::drive::Pace) -> f64| {
        let points = seen.clone().map(|at| (at.at_s - from_s, of(at)));
        Line::new(name, colour, points.collect())
    };
    let mut lines = vec![
        line("messages due", GREY, |at| at.due_per_s),
        line("messages acknowledged", BLUE, |at| at.acked_per_s),
    ];
    let values = lines.iter().flat_map(|line| line.points.iter());
    let highest = values.map(|(_, value)| *value).fold(1.0, f64::max);
    let y = Scale::linear("a second", highest);
    let fault = vec![(before_s, 0.0), (before_s, y.top())];
    lines.push(Line::new("a node is killed", ORANGE, fault).looks(Look::Dashed));
    Chart {
        title: "Acknowledgements while a node dies".to_owned(),
        x: Scale::time("seconds", before_s + after_s),
        y,
        right: None,
        lines,
    }
}

fn accepting(it: &FailedOver) -> Chart {
    let acceptance = &it.acceptance;
    let end = it.scenario.after_s.min(15.0);
    let line = |name, colour, of: fn(&crate::drive::Accepting) -> f64| {
        let points = acceptance.curve.iter().filter(|at| at.at_s <= end);
        let points = points.map(|at| (at.at_s, of(at) * 100.0));
        Line::new(name, colour, points.collect())
    };
    Chart {
        title: format!(
            "Conversations that accept messages: 99 % after {:.1} s",
            acceptance.p99_ms / 1e3
        ),
        x: Scale::time("seconds after the node was killed", end),
        y: Scale::linear("share, %", 100.0),
        right: None,
        lines: vec![
            line("of those that had something to say by then", BLUE, |at| {
                at.share
            }),
            line("heard since the fault, of all", GREY, |at| at.heard).looks(Look::Dashed),
            Line::new("99 %", GREEN, vec![(0.0, 99.0), (end, 99.0)]).looks(Look::Dashed),
        ],
    }
}

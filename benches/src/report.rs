//! Rows as they are kept and shown.

use std::fmt::Write as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::measure::Spread;

/// One measured line: a kind of work in one shape.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    /// Number of the row in the table of aims, such as `4a`.
    pub number: String,
    pub work: String,
    /// What the figures count, such as `acks/s`.
    pub unit: String,
    pub figures: Vec<Figure>,
    pub ratios: Vec<Ratio>,
    /// How far the figures can be believed, and what was left out.
    pub notes: Vec<String>,
    /// When, on which commit, and how loaded the machine was just before.
    #[serde(default)]
    pub taken: Taken,
}

/// One server's absolute figure.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    pub name: String,
    pub value: Spread,
    /// The same work a second of the server's CPU, where it has a process of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of_cpu: Option<f64>,
    /// 50th and 99th percentile in milliseconds, where times were taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50_p99_ms: Option<(f64, f64)>,
}

/// The product against one other, or against a number.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ratio {
    pub against: String,
    pub value: Spread,
    /// The same ratio of work a second of server CPU: what others' load on the machine hardly moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by_cpu: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aim: Option<Aim>,
}

/// What the value is to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

/// The circumstances of a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    pub at: String,
    pub commit: String,
    /// Share of the machine's CPU time that others used just before, 0 to 1.
    pub busy_before: f64,
}

/// Where the rows came about, and how.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Run {
    pub machine: String,
    pub command: String,
    pub rows: Vec<Row>,
}

/// Above it the figures of a row are provisional.
const QUIET: f64 = 0.05;

impl Ratio {
    pub fn new(against: &str, value: Spread, aim: Option<Aim>) -> Self {
        Self {
            against: against.to_owned(),
            value,
            by_cpu: None,
            aim,
        }
    }

    fn verdict(&self) -> String {
        match self.aim {
            None => "shown".to_owned(),
            Some(aim) if aim.met(self.value.median) => format!("{aim} met"),
            Some(aim) => format!("{aim} **missed**"),
        }
    }
}

impl Aim {
    pub fn met(self, value: f64) -> bool {
        match self {
            Aim::AtLeast(aim) => value >= aim,
            Aim::AtMost(aim) => value <= aim,
        }
    }
}

impl std::fmt::Display for Aim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Aim::AtLeast(aim) => write!(f, "≥ {}", short(*aim)),
            Aim::AtMost(aim) => write!(f, "≤ {}", short(*aim)),
        }
    }
}

impl Row {
    /// The product's own figure against an aim that is a number.
    pub fn absolute(number: &str, work: &str, unit: &str, value: Spread, aim: Option<Aim>) -> Self {
        let figure = Figure {
            name: "crest".to_owned(),
            value,
            of_cpu: None,
            p50_p99_ms: None,
        };
        Self {
            number: number.to_owned(),
            work: work.to_owned(),
            unit: unit.to_owned(),
            figures: vec![figure],
            ratios: vec![Ratio::new("(absolute)", value, aim)],
            notes: Vec::new(),
            taken: Taken::default(),
        }
    }

    /// The same with words about it.
    pub fn noted(mut self, note: String) -> Self {
        self.notes.push(note);
        self
    }

    /// Lines of the table: one a ratio, figures beside the one they belong to.
    pub fn lines(&self) -> String {
        let mut out = String::new();
        let ours = self.figures.first().map(Figure::words).unwrap_or_default();
        let (number, work, unit) = (&self.number, &self.work, &self.unit);
        for ratio in &self.ratios {
            let theirs = self.figures.iter().find(|it| it.name == ratio.against);
            let theirs = theirs.map(Figure::words).unwrap_or_default();
            let Spread { median, low, high } = ratio.value;
            let (median, low, high) = (short(median), short(low), short(high));
            let by_cpu = ratio.by_cpu.map(short).unwrap_or_default();
            let (against, verdict) = (&ratio.against, ratio.verdict());
            let _ = writeln!(
                out,
                "| {number} | {work} | {unit} | {ours} | {against} | {theirs} | {median} ({low}–{high}) | {by_cpu} | {verdict} |"
            );
        }
        out
    }
}

impl Figure {
    fn words(&self) -> String {
        let mut words = short(self.value.median);
        if let Some(of_cpu) = self.of_cpu {
            let _ = write!(words, " ({} a CPU s)", short(of_cpu));
        }
        if let Some((p50, p99)) = self.p50_p99_ms {
            let _ = write!(words, ", p50 {} p99 {} ms", short(p50), short(p99));
        }
        words
    }
}

const HEAD: &str = "| row | work | figure | crest | against | its figure | ratio (quartiles) | by CPU | aim |\n\
                    | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";

impl Run {
    /// The whole as Markdown.
    pub fn table(&self) -> String {
        let (machine, command) = (&self.machine, &self.command);
        let mut out = format!("{machine}.\n\n    {command}\n\n{HEAD}");
        self.rows.iter().for_each(|row| out += &row.lines());
        out += "\nNotes:\n\n";
        for row in &self.rows {
            let Taken {
                at,
                commit,
                busy_before,
            } = &row.taken;
            let noisy = match *busy_before > QUIET {
                true => ", so provisional",
                false => "",
            };
            let _ = writeln!(
                out,
                "- {}, {}: {at}, commit {commit}, machine {:.0} % busy with other work just before{noisy}",
                row.number,
                row.work,
                busy_before * 100.0
            );
            for note in &row.notes {
                let _ = writeln!(out, "  - {note}");
            }
        }
        out
    }

    /// Writes `results.json` into the folder and the table between the marks of `RESULTS.md` beside it.
    pub fn keep(&self, benches: &Path) -> anyhow::Result<()> {
        const BEGIN: &str = "<!-- table: `make bench` writes it -->";
        const END: &str = "<!-- end of table -->";
        let results = benches.join("results");
        std::fs::create_dir_all(&results)?;
        let json = serde_json::to_string_pretty(self)? + "\n";
        std::fs::write(results.join("results.json"), json)?;
        let path = benches.join("RESULTS.md");
        let text = std::fs::read_to_string(&path)?;
        let (before, rest) = text
            .split_once(BEGIN)
            .ok_or_else(|| anyhow::anyhow!("{} has no mark {BEGIN}", path.display()))?;
        let after = rest.split_once(END).map_or("", |(_, after)| after);
        let table = self.table();
        std::fs::write(&path, format!("{before}{BEGIN}\n{table}{END}{after}"))?;
        Ok(())
    }
}

/// Three digits or so, thousands by letter.
fn short(value: f64) -> String {
    match value.abs() {
        big if big >= 999_500.0 => format!("{:.2} M", value / 1e6),
        big if big >= 9_995.0 => format!("{:.0} k", value / 1e3),
        big if big >= 999.5 => format!("{:.2} k", value / 1e3),
        big if big >= 99.5 => format!("{value:.0}"),
        big if big >= 9.95 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_names_what_it_missed() {
        let row = Row {
            number: "1".to_owned(),
            work: "send".to_owned(),
            unit: "acks/s".to_owned(),
            figures: Vec::new(),
            ratios: vec![
                Ratio::new("bare", Spread::one(0.5), Some(Aim::AtLeast(0.75))),
                Ratio::new("ws", Spread::one(1.5), Some(Aim::AtLeast(1.2))),
            ],
            notes: Vec::new(),
            taken: Taken::default(),
        };
        let lines = row.lines();
        assert!(
            lines.contains("| bare |  | 0.50 (0.50–0.50) |  | ≥ 0.75 **missed** |"),
            "{lines}"
        );
        assert!(
            lines.contains("| ws |  | 1.50 (1.50–1.50) |  | ≥ 1.20 met |"),
            "{lines}"
        );
    }

    #[test]
    fn numbers_are_short() {
        let words = [0.754, 12.34, 123.4, 1_234.0, 45_678.0, 1_400_000.0].map(short);
        assert_eq!(words, ["0.75", "12.3", "123", "1.23 k", "46 k", "1.40 M"]);
    }
}

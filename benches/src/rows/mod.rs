//! The rows of the table, one file each kind of work.

mod append;
mod coalescing;
mod contenders;
mod fanout;
mod knee;
mod knowledge;
mod memory;
mod overload;
mod relay;
mod resident;
mod scene;
mod send;
mod stalled;
mod storm;
mod surge;

use crate::report::Row;

pub use scene::Scene;
pub use surge::Surge;

/// Rows in the order of the table; each name may stand on the command line.
pub const ROWS: [&str; 15] = [
    "1", "1s", "3", "3b", "4a", "4b", "5", "6", "7", "8", "9", "10", "11", "12", "14",
];

/// Measures one of [`ROWS`]. Rows 1 and 2 come from one run.
pub fn measure(name: &str, scene: &Scene) -> anyhow::Result<Vec<Row>> {
    match name {
        "1" | "2" => send::rows(scene),
        "1s" => send::shown(scene),
        "3" => append::rows(scene),
        "3b" => relay::rows(scene),
        "4a" => fanout::paced(scene),
        "4b" => fanout::burst(scene),
        "5" => coalescing::rows(scene),
        "6" => memory::rows(scene),
        "7" => resident::rows(scene),
        "8" => knee::rows(scene),
        "9" => storm::rows(scene),
        "10" => stalled::rows(scene),
        "11" => surge::rows(scene),
        "12" => knowledge::rows(scene),
        "14" => overload::rows(scene),
        other => anyhow::bail!("there is no row {other}; there are {}", ROWS.join(", ")),
    }
}

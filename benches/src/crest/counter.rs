//! What a node says about itself.

use std::net::SocketAddr;
use std::time::Duration;

use super::http;

/// A node folds its counters every five seconds: after this one stands still, what was done is in it.
pub const FOLDED: Duration = Duration::from_secs(6);

/// A counter of `/metrics`, with its labels as they are written there; 0 until it first counts.
pub fn counter(server: SocketAddr, name: &str) -> anyhow::Result<f64> {
    let metrics = http::text(server, "/metrics")?;
    let values = metrics.lines().filter_map(|line| {
        let value = line.strip_prefix(name)?.strip_prefix(' ')?;
        value.parse::<f64>().ok()
    });
    Ok(values.sum())
}

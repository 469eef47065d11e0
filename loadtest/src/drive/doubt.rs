//! May the figures be believed? Judged from what the harness itself needed.

use super::measured::{Count, Latency, Measured};
use super::sample::Sample;

/// Above this the harness was late itself (99th percentile, in milliseconds): its lateness is inside
/// every latency it tells.
const LAG_MS: f64 = 20.0;
/// A second in which more of the machine was in use left nothing for either side.
const FULL: f64 = 0.95;
/// Seconds of that kind above this share of a run make it doubtful.
const FULL_SHARE: f64 = 0.2;
/// The harness may use at most this share of the machine: beyond it the server competes with it.
const OWN_SHARE: f64 = 0.5;

/// Why the figures are to be doubted; empty where they are not.
pub(super) fn doubts(measured: &Measured, samples: &[Sample], cores: f64) -> Vec<String> {
    let mut doubts = Vec::new();
    let lag = measured.latencies.get(&Latency::OwnLag);
    let lag = lag.map_or(0.0, |lag| lag.ms_at(0.99));
    if lag > LAG_MS {
        doubts.push(format!(
            "the harness itself was {lag:.0} ms late at the 99th percentile; {LAG_MS:.0} ms are tolerable"
        ));
    }
    let seconds = samples.len().max(1) as f64;
    let mean = |of: fn(&Sample) -> f64| samples.iter().map(of).sum::<f64>() / seconds;
    let busy = mean(|it| it.machine_busy);
    let server = mean(|it| it.server_cores) / cores;
    let own = mean(|it| it.own_cores) / cores;
    let full = samples.iter().filter(|it| it.machine_busy > FULL).count() as f64;
    if full / seconds > FULL_SHARE {
        doubts.push(format!(
            "the machine was full in {full:.0} of {seconds:.0} seconds: the server took {:.0} % of it, \
             the harness {:.0} %, others {:.0} %",
            server * 100.0,
            own * 100.0,
            (busy - server - own).max(0.0) * 100.0
        ));
    }
    if own > OWN_SHARE {
        doubts.push(format!(
            "the harness used {:.0} % of the machine, which the server then lacked",
            own * 100.0
        ));
    }
    let no_room = measured.counts.get(&Count::NoRoom).copied().unwrap_or(0);
    if no_room > 0 {
        doubts.push(format!(
            "{no_room} customers found no socket in their process: set harness.processes higher"
        ));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn sample(machine_busy: f64, own_cores: f64) -> Sample {
        Sample {
            machine_busy,
            own_cores,
            ..Sample::default()
        }
    }

    #[test]
    fn a_calm_run_is_believed() {
        let measured = Measured::lasting(Duration::from_secs(10));
        assert!(doubts(&measured, &[sample(0.4, 0.3); 10], 2.0).is_empty());
    }

    #[test]
    fn own_lag_a_full_machine_and_own_work_are_each_told() {
        let mut measured = Measured::lasting(Duration::from_secs(10));
        let lag = measured.latencies.entry(Latency::OwnLag).or_default();
        lag.record(Duration::from_millis(80));
        let told = doubts(&measured, &[sample(0.99, 1.4); 10], 2.0);
        assert_eq!(told.len(), 3, "{told:?}");
    }
}

//! Is the harness itself fast enough? Its figures are worth nothing otherwise.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinHandle;
use tokio::time::sleep_until;

use super::measured::Latency;
use super::meter::Meter;

/// Between two looks.
const TICK: Duration = Duration::from_millis(5);

/// Ticks until dropped and records how late each tick is.
pub(super) struct LagWatch(JoinHandle<()>);

impl LagWatch {
    pub fn start(meter: Meter) -> Self {
        Self(tokio::spawn(async move {
            let mut due = Instant::now() + TICK;
            loop {
                sleep_until(due.into()).await;
                let late = due.elapsed();
                meter.record(Latency::OwnLag, late);
                due = Instant::now() + TICK;
            }
        }))
    }
}

impl Drop for LagWatch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Processor time of this process so far.
pub(super) fn own_cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

//! The clock that leases are counted on. The one impure file of the cluster.

use rustix::time::{ClockId, clock_gettime};

use super::process::BootMs;

/// Goes on while the machine is suspended, which `Instant` does not on Linux: a process that wakes
/// up must see that its lease is over. Elsewhere the monotonic clock does the same.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// Milliseconds since this machine started, suspended or not.
pub fn boot_now() -> BootMs {
    let time = clock_gettime(CLOCK);
    BootMs(time.tv_sec as u64 * 1_000 + time.tv_nsec as u64 / 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_time_since_the_machine_started() {
        let text = std::fs::read_to_string("/proc/uptime").expect("uptime");
        let seconds: f64 = text
            .split_whitespace()
            .next()
            .and_then(|it| it.parse().ok())
            .expect("seconds");
        let now = boot_now();
        assert!(now.since(BootMs((seconds * 1_000.0) as u64)) < 5_000);
        assert!(boot_now() >= now);
    }
}

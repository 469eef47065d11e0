//! What the run ran on.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// For the report; empty text where the system does not tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    pub processor: String,
    pub cores: u32,
    pub memory_bytes: u64,
    pub kernel: String,
    /// Of the working directory, marked where it has changes.
    pub commit: String,
    /// Unix seconds.
    pub at: u64,
}

impl Machine {
    pub fn this() -> Self {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            processor: after(&read("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
            memory_bytes: after(&read("/proc/meminfo"), "MemTotal")
                .split_whitespace()
                .next()
                .and_then(|kilobytes| kilobytes.parse::<u64>().ok())
                .map_or(0, |kilobytes| kilobytes * 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            commit: commit().unwrap_or_default(),
            at: since.map_or(0, |since| since.as_secs()),
        }
    }
}

impl Machine {
    /// Such as `2026-11-11 00:00 UTC`.
    pub fn date(&self) -> String {
        let (year, month, day) = civil(self.at / 86_400);
        let minutes = self.at % 86_400 / 60;
        let (hour, minute) = (minutes / 60, minutes % 60);
        format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
    }
}

/// Year, month and day of so many days after 1970-01-01, counted in years that begin in March, so that
/// a leap day is the last of its year.
fn civil(days: u64) -> (u64, u64, u64) {
    let since = days + 719_468;
    let (era, of_era) = (since / 146_097, since % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

/// The value of the first line `key: value`.
fn after(text: &str, key: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let mut values = lines.filter(|(found, _)| found.trim() == key);
    values
        .next()
        .map_or_else(String::new, |(_, value)| value.trim().to_owned())
}

fn commit() -> Option<String> {
    let git = std::process::Command::new("git")
        .args(["describe", "--always", "--dirty", "--abbrev=12"])
        .output()
        .ok()?;
    let said = String::from_utf8(git.stdout).ok()?;
    git.status.success().then(|| said.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_403, (2025, 11, 11)),
        ] {
            assert_eq!(civil(days), date);
        }
    }

    #[test]
    fn a_value_is_found_by_its_whole_key() {
        let text = "MemTotalish: 1 kB\nMemTotal:       2048 kB\n";
        assert_eq!(after(text, "MemTotal"), "2048 kB");
        assert_eq!(after(text, "SwapTotal"), "");
    }
}

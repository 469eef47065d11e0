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
    fn a_value_is_found_by_its_whole_key() {
        let text = "MemTotalish: 1 kB\nMemTotal:       2048 kB\n";
        assert_eq!(after(text, "MemTotal"), "2048 kB");
        assert_eq!(after(text, "SwapTotal"), "");
    }
}

//! Named points at which a test can make the process die, as a power cut would.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The environment variable that arms one point: `CREST_FAULT=after_write:17` ends the process at
/// the 17th pass of `after_write`.
pub const FAULT_VARIABLE: &str = "CREST_FAULT";

struct Armed {
    name: String,
    passes_left: AtomicU64,
}

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

/// Marks a point. Unarmed it costs one load; armed and due, the process aborts without unwinding.
///
/// Points of the store: `before_write`, `after_write` (rows handed to the disk, not synced),
/// `after_sync` (synced, not yet acknowledged).
pub fn fault_point(name: &str) {
    let armed = ARMED.get_or_init(|| armed(std::env::var(FAULT_VARIABLE).ok()?.as_str()));
    if let Some(fault) = armed
        && fault.name == name
        && fault.passes_left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

/// A setting that cannot be read ends the process: a fault test that arms nothing would prove nothing.
fn armed(setting: &str) -> Option<Armed> {
    let parsed = setting
        .split_once(':')
        .and_then(|(name, pass)| Some((name, pass.parse().ok().filter(|pass| *pass > 0)?)));
    let Some((name, pass)) = parsed else {
        panic!("{FAULT_VARIABLE} must read point:pass, got {setting:?}");
    };
    Some(Armed {
        name: name.to_owned(),
        passes_left: AtomicU64::new(pass),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_names_a_point_and_a_pass() {
        let fault = armed("after_write:17").expect("armed");
        assert_eq!(fault.name, "after_write");
        assert_eq!(fault.passes_left.into_inner(), 17);
    }

    #[test]
    #[should_panic(expected = "must read point:pass")]
    fn a_setting_that_arms_nothing_is_refused() {
        armed("after_write:0");
    }
}

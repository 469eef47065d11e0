//! A node cut off from a port by the kernel's packet filter. Needs root and iptables.

use std::process::{Command, Stdio};

use anyhow::{Context, bail};

/// What the processes of a group send to a port of this machine is lost without a word, until the value
/// ends.
pub struct Partition {
    rule: Vec<String>,
}

impl Partition {
    pub fn begin(group: u32, port: u16) -> anyhow::Result<Self> {
        let rule = format!(
            "OUTPUT -p tcp -d 127.0.0.0/8 --dport {port} -m owner --gid-owner {group} -j DROP"
        );
        let rule: Vec<String> = rule.split(' ').map(str::to_owned).collect();
        let status = iptables("-I", &rule).context("iptables does not start")?;
        if !status.success() {
            bail!("iptables refuses a rule, with {status}; this needs root");
        }
        Ok(Self { rule })
    }

    /// Whether this machine lets us.
    pub fn is_possible() -> bool {
        Self::begin(u32::MAX - 1, 1).is_ok()
    }
}

impl Drop for Partition {
    fn drop(&mut self) {
        let _ = iptables("-D", &self.rule);
    }
}

fn iptables(what: &str, rule: &[String]) -> std::io::Result<std::process::ExitStatus> {
    Command::new("iptables")
        .arg("-w")
        .arg(what)
        .args(rule)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
}

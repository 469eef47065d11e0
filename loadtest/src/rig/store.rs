//! Apache Cassandra on temporary data, one node or three.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::ports::free_ports;

/// Ports that the script takes from its base on: CQL, node to node, one JMX a node.
const PORTS: u16 = 6;

/// Ends with its value, and also when this process is killed.
pub struct Store {
    directory: PathBuf,
    nodes: Vec<String>,
    /// Stops the servers and removes their data once its standard input is closed.
    guard: Child,
}

impl Store {
    /// `script` is ops/dev/cassandra/cassandra; 1 or 3 nodes. Returns once each answers.
    pub fn start(script: &Path, nodes: u8, directory: &Path) -> anyhow::Result<Self> {
        let port = free_ports(PORTS)?;
        let started = Command::new(script)
            .args(["start", "--nodes", &nodes.to_string()])
            .args(["--port", &port.to_string(), "--dir"])
            .arg(directory)
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("{} does not start", script.display()))?;
        if !started.status.success() {
            bail!("{}", String::from_utf8_lossy(&started.stderr));
        }
        let end = "cat >/dev/null; \"$0\" stop --dir \"$1\"";
        let guard = Command::new("setsid")
            .args(["sh", "-c", end])
            .arg(script)
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        Ok(Self {
            directory: directory.to_owned(),
            nodes: (1..=nodes)
                .map(|it| format!("127.0.0.{it}:{port}"))
                .collect(),
            guard,
        })
    }

    /// `host:port` of each.
    pub fn nodes(&self) -> &[String] {
        &self.nodes
    }

    /// Stops them in their tracks: connections stay, nothing is answered.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal(Signal::STOP)
    }

    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        for number in 1..=self.nodes.len() {
            let pid = self.directory.join(format!("node{number}/pid"));
            let pid = std::fs::read_to_string(&pid)?.trim().parse()?;
            let pid = Pid::from_raw(pid).context("a process has a number above 0")?;
            kill_process(pid, signal)?;
        }
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // One that stands still would not hear that it is to end.
        let _ = self.resume();
        drop(self.guard.stdin.take());
        let _ = self.guard.wait();
    }
}

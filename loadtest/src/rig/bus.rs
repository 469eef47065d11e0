//! A NATS server that can be killed and started again on its port.

use std::net::TcpStream;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

use super::ports::free_port;

const START: Duration = Duration::from_secs(10);

pub struct Bus {
    port: u16,
    child: Option<Child>,
}

impl Bus {
    /// `nats-server` of the path, or where Debian puts it.
    pub async fn start() -> anyhow::Result<Self> {
        let mut bus = Self {
            port: free_port()?,
            child: None,
        };
        bus.launch().await?;
        Ok(bus)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub async fn launch(&mut self) -> anyhow::Result<()> {
        let start = |program: &str| {
            Command::new(program)
                .args(["-a", "127.0.0.1", "-p", &self.port.to_string()])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
        };
        let child = start("nats-server").or_else(|_| start("/usr/sbin/nats-server"));
        self.child = Some(child.context("nats-server is missing: apt-get install nats-server")?);
        let until = Instant::now() + START;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if Instant::now() > until {
                bail!("nats-server does not listen within {START:?}");
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }
}

//! A node on fresh data, with limits that a benchmark does not run into.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::http;
use crate::drive::{Scratch, Server};

const START: Duration = Duration::from_secs(60);

/// When a message is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    /// Once it is synced: the default of the product.
    Synced,
    /// Once it is written to the system: `store.durability = "relaxed"`.
    Written,
}

/// How a node is set, where it is not by default.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub ack: Ack,
    /// `limits.write_bytes`, where it is not the default.
    pub write_bytes: Option<u32>,
}

impl From<Ack> for Setting {
    fn from(ack: Ack) -> Self {
        Self {
            ack,
            write_bytes: None,
        }
    }
}

/// A running node; its data go with its server.
pub struct Node {
    pub server: Server,
    pub address: SocketAddr,
}

impl Node {
    /// Starts `binary` and waits until it is ready. `data` is made, and removed with the node.
    pub fn start(binary: &Path, data: PathBuf, setting: Setting) -> anyhow::Result<Self> {
        let data = Scratch::new(data)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let log = std::fs::File::create(data.path().join("log"))?;
        let durability = match setting.ack {
            Ack::Synced => "full",
            Ack::Written => "relaxed",
        };
        let mut command = Command::new(binary);
        command
            .arg("serve")
            .env("CREST__SERVER__LISTEN", address.to_string())
            .env("CREST__STORE__PATH", data.path().join("data"))
            .env("CREST__STORE__DURABILITY", durability)
            .env("CREST__LIMITS__FRAMES_PER_S", "100000")
            .env("CREST__LIMITS__FRAMES_BURST", "100000")
            .env("CREST__LIMITS__PING_MS", "600000")
            .env("CREST__LIMITS__SLOW_READER_MS", "600000")
            // Hundreds of agents log in, and their passwords are nobody's.
            .env("CREST__AUTH__DEV", "true")
            .env("CREST__AUTH__HASH_MEMORY_KIB", "8")
            .env("CREST__AUTH__HASH_PASSES", "1")
            .env("CREST__LOG__LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        if let Some(bytes) = setting.write_bytes {
            command.env("CREST__LIMITS__WRITE_BYTES", bytes.to_string());
        }
        let mut node = Self {
            server: Server::spawn(&mut command)?.with_data(data),
            address,
        };
        node.ready()
            .with_context(|| format!("{} is not ready", binary.display()))?;
        Ok(node)
    }

    fn ready(&mut self) -> anyhow::Result<()> {
        let start = Instant::now();
        while start.elapsed() < START {
            if http::get(self.address, "/readyz", None).is_ok() {
                return Ok(());
            }
            if self.server.has_ended() {
                bail!("it has ended: {}", self.log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        bail!("no answer in {START:?}")
    }

    /// What it said on its standard error.
    fn log(&self) -> String {
        let log = self.server.data().map(|data| data.join("log"));
        log.and_then(|log| std::fs::read_to_string(log).ok())
            .unwrap_or_default()
    }
}

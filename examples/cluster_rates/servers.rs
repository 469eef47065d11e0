//! The servers that are measured on: started here and ended with it, or given.

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use crest::config::Secret;
use crest::store::cql::{Place, Retention, migrate};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/ops/dev/cassandra/cassandra");
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Cql {
    pub address: String,
    /// Of the one that was started.
    directory: Option<PathBuf>,
}

impl Cql {
    pub fn start(given: Option<String>) -> anyhow::Result<Self> {
        if let Some(address) = given {
            return Ok(Self {
                address,
                directory: None,
            });
        }
        let directory = std::env::temp_dir().join(format!("crest-rates-{}", std::process::id()));
        let port = free_ports()?;
        eprintln!("starting Cassandra");
        let started = Command::new(SCRIPT)
            .args(["start", "--port", &port.to_string(), "--dir"])
            .arg(&directory)
            .output()
            .context(SCRIPT)?;
        let words = String::from_utf8_lossy(&started.stderr).into_owned();
        ensure!(started.status.success(), words);
        Ok(Self {
            address: format!("127.0.0.1:{port}"),
            directory: Some(directory),
        })
    }
}

impl Drop for Cql {
    fn drop(&mut self) {
        let Some(directory) = &self.directory else {
            return;
        };
        let mut stop = Command::new(SCRIPT);
        let stopped = stop.args(["stop", "--dir"]).arg(directory).output();
        if stopped.is_ok_and(|it| it.status.success()) {
            let _ = std::fs::remove_dir_all(directory);
        } else {
            eprintln!("Cassandra in {} may still run", directory.display());
        }
    }
}

pub struct Nats {
    pub url: String,
    child: Option<Child>,
}

impl Nats {
    pub fn start(given: Option<String>) -> anyhow::Result<Self> {
        if let Some(url) = given {
            return Ok(Self { url, child: None });
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &port.to_string()])
            .stderr(Stdio::null())
            .spawn()
            .context("nats-server; install it, or name a running one with --nats")?;
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "nats-server does not answer");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Self {
            url: format!("nats://127.0.0.1:{port}"),
            child: Some(child),
        })
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A keyspace of this run's, made; dropped with it.
pub struct Keyspace(pub Place);

impl Keyspace {
    pub fn make(server: &str, name: &str) -> anyhow::Result<Self> {
        let place = Place {
            nodes: vec![server.to_owned()],
            keyspace: format!("crest_rates_{name}_{}", std::process::id()),
            user: String::new(),
            password: Secret::new(""),
            replication: 1,
            retention: Retention::FOR_EVER,
        };
        block_on(migrate(&place))??;
        Ok(Self(place))
    }

    pub async fn session(&self) -> anyhow::Result<Session> {
        let session = SessionBuilder::new().known_nodes(&self.0.nodes);
        let session = session.build().await?;
        session.use_keyspace(&self.0.keyspace, false).await?;
        Ok(session)
    }

    async fn drop_all(&self) -> anyhow::Result<()> {
        let session = self.session().await?;
        for end in ["", "_lease", "_desk"] {
            let text = format!("DROP KEYSPACE IF EXISTS {}{end}", self.0.keyspace);
            session.query_unpaged(text, ()).await?;
        }
        Ok(())
    }
}

impl Drop for Keyspace {
    fn drop(&mut self) {
        if !matches!(block_on(self.drop_all()), Ok(Ok(()))) {
            eprintln!("keyspace {} stays", self.0.keyspace);
        }
    }
}

/// Runs to its end what needs a runtime, on one thread as the store does.
pub fn block_on<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    Ok(runtime.enable_all().build()?.block_on(work))
}

/// A port that is free together with the two after it.
fn free_ports() -> anyhow::Result<u16> {
    for _ in 0..100 {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let after = [port.saturating_add(1), port.saturating_add(2)];
        let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
        if port < 65_000 && after.iter().all(free) {
            return Ok(port);
        }
    }
    anyhow::bail!("no three free ports in a row")
}

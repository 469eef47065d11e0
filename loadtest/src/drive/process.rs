//! A server of the harness's own: a temporary data directory, a free port, ends with the run.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use super::sample::resident_bytes;
use crate::client::Server;
use crate::rig::free_port;

/// First start: eight passwords are hashed and the knowledge of every tenant is indexed.
const FIRST_START: Duration = Duration::from_secs(60);
/// Two hundred tenants with their knowledge take some 5 s.
const SEED: Duration = Duration::from_secs(60);
/// A planned stop takes at most 30 s by promise.
const STOP: Duration = Duration::from_secs(35);

/// A server process that can be killed and started again on the same data and port.
pub struct Process {
    binary: PathBuf,
    directory: PathBuf,
    pub server: Server,
    child: Option<Child>,
    environment: Vec<(String, String)>,
    /// The group that it runs in, instead of this process's.
    pub group: Option<u32>,
    /// Data that is removed with the process.
    temporary: bool,
}

impl Process {
    /// Starts `binary serve` on fresh data with so many tenants and waits until it is ready.
    pub async fn start(binary: &Path, tenants: u32) -> anyhow::Result<Self> {
        let directory =
            std::env::temp_dir().join(format!("crest-loadtest-{:016x}", rand::random::<u64>()));
        let mut process = Self::on(binary, directory, Vec::new())?;
        process.temporary = true;
        // A node seeds the first tenant by itself.
        if tenants > 1 {
            process.seed(tenants).await?;
        }
        process.launch(None)?;
        process.ready(FIRST_START).await?;
        Ok(process)
    }

    /// A server on data of one's own, with settings in its environment; not yet started.
    pub fn on(
        binary: &Path,
        directory: PathBuf,
        environment: Vec<(String, String)>,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&directory)?;
        Ok(Self {
            binary: binary.to_owned(),
            directory,
            server: Server::at(&format!("http://127.0.0.1:{}", free_port()?))?,
            child: None,
            environment,
            group: None,
            temporary: false,
        })
    }

    async fn seed(&self, tenants: u32) -> anyhow::Result<()> {
        self.command_to_end(&["seed", "--tenants", &tenants.to_string()])
            .await
    }

    /// Another command of the binary's on the same data, which must succeed.
    pub async fn command_to_end(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let name = arguments.join(" ");
        let mut command = self.command()?;
        command.args(arguments);
        let running = command
            .spawn()
            .with_context(|| format!("{} does not start", self.binary.display()))?
            .wait_with_output();
        let ended = timeout(SEED, running).await;
        let ended = ended.with_context(|| format!("{name} takes longer than {SEED:?}"))??;
        if !ended.status.success() {
            bail!("{name} ended with {}:\n{}", ended.status, self.last_words());
        }
        Ok(())
    }

    /// The binary on its data, its words in the log.
    fn command(&self) -> anyhow::Result<Command> {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log())?;
        let mut command = Command::new(&self.binary);
        command
            .env("CREST__SERVER__LISTEN", &self.server.authority)
            .env("CREST__STORE__PATH", self.directory.join("data"))
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .env_remove("CREST_FAULT")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true);
        if let Some(group) = self.group {
            command.gid(group);
        }
        Ok(command)
    }

    /// Starts the process on its data, with `CREST_FAULT` set where one is given.
    pub fn launch(&mut self, fault: Option<&str>) -> anyhow::Result<()> {
        let mut command = self.command()?;
        command.arg("serve");
        if let Some(fault) = fault {
            command.env("CREST_FAULT", fault);
        }
        let child = command
            .spawn()
            .with_context(|| format!("{} does not start", self.binary.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until it is ready; an error, also where it ends instead, carries the end of its own words.
    pub async fn ready(&mut self, within: Duration) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        match self.ready_or_ended(within).await {
            Ok(false) => Ok(begun.elapsed()),
            Ok(true) => bail!("the server has ended; it said:\n{}", self.last_words()),
            Err(why) => Err(why.context(format!("the server said:\n{}", self.last_words()))),
        }
    }

    /// Waits until it is ready or has ended by itself. Returns whether it has ended.
    pub async fn ready_or_ended(&mut self, within: Duration) -> anyhow::Result<bool> {
        let server = self.server.clone();
        let Some(child) = &mut self.child else {
            return Ok(true);
        };
        tokio::select! {
            status = child.wait() => {
                status?;
                self.child = None;
                Ok(true)
            }
            ready = server.ready(within) => ready.map(|_| false),
        }
    }

    /// Ends it as a power cut would, for the process.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Waits for it to end by itself. `None` where it does not.
    pub async fn ended(&mut self, within: Duration) -> anyhow::Result<Option<ExitStatus>> {
        let Some(child) = &mut self.child else {
            return Ok(None);
        };
        match timeout(within, child.wait()).await {
            Ok(status) => {
                self.child = None;
                Ok(Some(status?))
            }
            Err(_) => Ok(None),
        }
    }

    /// Asks it to stop, and waits until it has.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.end().await
    }

    /// Nothing where it has ended.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        if let Some(pid) = self.pid().and_then(|pid| Pid::from_raw(pid as i32)) {
            kill_process(pid, signal)?;
        }
        Ok(())
    }

    /// Asks it to stop, and waits until it has.
    pub async fn end(&mut self) -> anyhow::Result<()> {
        self.signal(Signal::TERM)?;
        let status = self.ended(STOP).await?;
        match status {
            Some(status) if status.success() => Ok(()),
            Some(status) => bail!("the server ended with {status}:\n{}", self.last_words()),
            None => bail!("the server did not stop within {STOP:?} of SIGTERM"),
        }
    }

    /// `None` once it has ended.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Resident memory of the server.
    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        let pid = self.pid().context("the server runs")?;
        resident_bytes(pid).context("/proc names VmRSS")
    }

    /// Asks it to stop, waits until it has, and starts it again on the same data.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.end().await?;
        self.launch(None)?;
        self.ready(FIRST_START).await?;
        Ok(())
    }

    /// Keeps the data directory, for whoever looks for what went wrong.
    pub fn keep(&mut self) -> &Path {
        self.temporary = false;
        &self.directory
    }

    /// What it says, over all its lives.
    pub fn log(&self) -> PathBuf {
        self.directory.join("server.log")
    }

    fn last_words(&self) -> String {
        let log = std::fs::read(self.log()).unwrap_or_default();
        let from = log.len().saturating_sub(2_000);
        String::from_utf8_lossy(&log[from..]).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.temporary {
            // Nobody can be told any more; the system clears its temporary files some day.
            let _ = std::fs::remove_dir_all(&self.directory);
        }
    }
}

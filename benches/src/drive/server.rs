//! A server under test: a child process on the servers' core, ended with its value.

use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, bail};

use crate::sys;

/// Where every server runs, and where the client does.
pub const SERVER_CORE: usize = 0;
pub const CLIENT_CORE: usize = 1;
/// Longest start: an interpreter's, on a busy machine.
const START: Duration = Duration::from_secs(30);

/// A running child. Dropping it kills it by its id, waits for its end and removes its data.
pub struct Server {
    child: Child,
    /// Some end when their input does.
    input: Option<ChildStdin>,
    /// Removed after the child, by the order of these fields.
    data: Option<Scratch>,
}

/// A directory that lives as long as the value.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new(path: PathBuf) -> std::io::Result<Self> {
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nobody can be told any more; it lies in a directory of such.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A child that has said `listening PORT` on its standard output.
pub struct Started {
    pub server: Server,
    pub address: SocketAddr,
    pub output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts the command on the servers' core; input and output stay as the command has them.
    pub fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        // SAFETY: only async-signal-safe calls between fork and exec.
        unsafe { command.pre_exec(|| sys::prepare_child(SERVER_CORE)) };
        let child = command
            .spawn()
            .with_context(|| format!("{:?} does not start", command.get_program()))?;
        Ok(Self {
            child,
            input: None,
            data: None,
        })
    }

    /// Ties a directory to the server's life.
    pub fn with_data(mut self, data: Scratch) -> Self {
        self.data = Some(data);
        self
    }

    /// Its directory, if it has one.
    pub fn data(&self) -> Option<&Path> {
        self.data.as_ref().map(Scratch::path)
    }

    /// Writes a line to its input.
    pub fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.input.as_mut().context("its input is not a pipe")?;
        Ok(writeln!(input, "{line}")?)
    }

    /// Starts a command that says where it listens.
    pub fn start(command: &mut Command) -> anyhow::Result<Started> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = Self::spawn(command)?;
        server.input = server.child.stdin.take();
        let output = server.child.stdout.take().context("its output is a pipe")?;
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            // Some write their log here as well.
            let read = loop {
                line.clear();
                let read = output.read_line(&mut line);
                if line.starts_with("listening ") || !matches!(read, Ok(1..)) {
                    break read;
                }
            };
            // The other end is gone only after a time-out that was already told.
            let _ = said.send((read, line, output));
        });
        let (read, line, output) = heard.recv_timeout(START).with_context(|| {
            format!("{:?} does not say where it listens", command.get_program())
        })?;
        read?;
        let port = line
            .trim()
            .strip_prefix("listening ")
            .map(str::parse::<u16>);
        let Some(Ok(port)) = port else {
            bail!("{:?} said {line:?}", command.get_program());
        };
        Ok(Started {
            server,
            address: SocketAddr::from(([127, 0, 0, 1], port)),
            output,
        })
    }

    /// CPU time used so far, all threads together.
    pub fn cpu(&self) -> anyhow::Result<Duration> {
        Ok(sys::cpu_of(self.child.id())?)
    }

    pub fn resident_bytes(&self) -> anyhow::Result<u64> {
        Ok(sys::resident_bytes(self.child.id())?)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, or it ends now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

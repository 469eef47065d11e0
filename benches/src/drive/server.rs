//! A server under test: a child process on the servers' core, ended with its value.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
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

/// A running child. Dropping it kills it by its id and waits for its end.
pub struct Server {
    child: Child,
}

/// A child that has said `listening PORT` on its standard output.
pub struct Started {
    pub server: Server,
    pub address: SocketAddr,
    pub input: ChildStdin,
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
        Ok(Self { child })
    }

    /// Starts a command that says where it listens.
    pub fn start(command: &mut Command) -> anyhow::Result<Started> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut server = Self::spawn(command)?;
        let input = server.child.stdin.take().context("its input is a pipe")?;
        let output = server.child.stdout.take().context("its output is a pipe")?;
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = String::new();
            let read = output.read_line(&mut line);
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
            input,
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

//! Peers: other people's servers doing the same work. One that is not installed is skipped with a word.

pub mod centrifuge_frames;
pub mod ejabberd;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::drive::{Server, Started};

/// A server that is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    Centrifuge,
    /// `ws` on Node; what `server.js` is told to be.
    WsEcho,
    WsFanout,
    /// uWebSockets (C++) behind callbacks in Python: its memory is looked at, not its speed.
    Socketify,
}

impl Peer {
    pub fn name(self) -> &'static str {
        match self {
            Peer::Centrifuge => "centrifuge",
            Peer::WsEcho | Peer::WsFanout => "ws",
            Peer::Socketify => "uWebSockets",
        }
    }

    /// Starts it, or says what is missing. `peers` is the folder benches/peers.
    pub fn start(self, peers: &Path) -> anyhow::Result<Result<Started, String>> {
        let missing = |what: &str| Ok(Err(format!("{} is skipped: {what}", self.name())));
        let mut command = match self {
            Peer::Centrifuge => {
                let binary = centrifuge(peers);
                if !binary.exists() {
                    return missing("install Go and run `make peers`");
                }
                let mut command = Command::new(binary);
                command.env("GOMAXPROCS", "1");
                command
            }
            Peer::WsEcho | Peer::WsFanout => {
                let folder = peers.join("ws");
                if !folder.join("node_modules/ws").exists() {
                    return missing("install Node and run `make peers`");
                }
                let mut command = Command::new("node");
                let role = if self == Peer::WsEcho {
                    "echo"
                } else {
                    "fanout"
                };
                command.current_dir(folder).args(["server.js", role]);
                command
            }
            Peer::Socketify => {
                let folder = peers.join("socketify");
                let python = folder.join(".venv/bin/python");
                if !python.exists() {
                    return missing("install Python and run `make peers`");
                }
                let mut command = Command::new(python);
                command.arg(folder.join("server.py"));
                command
            }
        };
        Ok(Ok(Server::start(&mut command)?))
    }
}

/// Where `make peers` puts it.
fn centrifuge(peers: &Path) -> PathBuf {
    peers.join("centrifuge/centrifuge")
}

//! Peers: other people's servers doing the same work. One that is not installed is skipped with a word.

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
}

impl Peer {
    pub fn name(self) -> &'static str {
        match self {
            Peer::Centrifuge => "centrifuge",
            Peer::WsEcho | Peer::WsFanout => "ws",
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
        };
        Ok(Ok(Server::start(&mut command)?))
    }
}

/// Where `make peers` puts it.
fn centrifuge(peers: &Path) -> PathBuf {
    peers.join("centrifuge/centrifuge")
}

/// The centrifuge protocol, as protobuf, as far as a benchmark speaks it.
pub mod centrifuge_frames {
    /// Command {id, connect: {}}.
    pub fn connect() -> Vec<u8> {
        delimited(&[&[8, 1][..], &field(4, &[])].concat())
    }

    /// Command {id, subscribe: {channel}}.
    pub fn subscribe(channel: &str) -> Vec<u8> {
        delimited(&[&[8, 2][..], &field(5, &field(1, channel.as_bytes()))].concat())
    }

    /// Command {id, rpc: {data}}.
    pub fn rpc(data: &[u8]) -> Vec<u8> {
        delimited(&[&[8, 3][..], &field(13, &field(1, data))].concat())
    }

    /// Command {id, publish: {channel, data}}.
    pub fn publish(channel: &str, data: &[u8]) -> Vec<u8> {
        let body = [field(1, channel.as_bytes()), field(2, data)].concat();
        delimited(&[&[8, 3][..], &field(7, &body)].concat())
    }

    fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2][..], &varint(bytes.len()), bytes].concat()
    }

    fn delimited(bytes: &[u8]) -> Vec<u8> {
        [varint(bytes.len()), bytes.to_vec()].concat()
    }

    fn varint(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value >= 0x80 {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }
}

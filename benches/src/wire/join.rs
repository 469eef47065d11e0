//! Opening a WebSocket the blocking way; speed does not matter yet.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};

/// A server that takes longer to shake hands is broken.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Connects and upgrades `path`. The stream still blocks, with a time-out.
pub fn join(server: SocketAddr, path: &str) -> anyhow::Result<TcpStream> {
    join_with(server, path, None)
}

/// The request that opens a WebSocket.
pub fn upgrade(server: SocketAddr, path: &str, protocol: Option<&str>) -> String {
    let protocol = protocol.map_or_else(String::new, |it| {
        format!("sec-websocket-protocol: {it}\r\n")
    });
    format!(
        "GET {path} HTTP/1.1\r\nhost: {server}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n{protocol}\r\n"
    )
}

/// [`join`] with a subprotocol.
pub fn join_with(
    server: SocketAddr,
    path: &str,
    protocol: Option<&str>,
) -> anyhow::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(upgrade(server, path, protocol).as_bytes())?;
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to somebody else.
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream
            .read_exact(&mut byte)
            .context("the upgrade breaks off")?;
        head.extend(byte);
    }
    if !head.starts_with(b"HTTP/1.1 101") {
        bail!("no upgrade: {}", String::from_utf8_lossy(&head));
    }
    Ok(stream)
}

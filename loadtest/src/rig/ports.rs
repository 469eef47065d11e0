//! Ports that nobody uses, as of a moment ago.

use std::net::TcpListener;

use anyhow::bail;

/// One, for a server that may be stopped and started again on it: no client is given it meanwhile.
pub fn free_port() -> anyhow::Result<u16> {
    free_ports(1)
}

/// The first of so many in a row, below those that the system gives to clients.
pub fn free_ports(count: u16) -> anyhow::Result<u16> {
    for _ in 0..200 {
        let first = 20_000 + rand::random::<u16>() % 12_000;
        if (first..first + count).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return Ok(first);
        }
    }
    bail!("there are no {count} free ports in a row")
}

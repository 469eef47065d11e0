//! Where the server is.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::time::{Instant, sleep};

use super::http;

/// An address such as `127.0.0.1:8080`; plain HTTP and WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub authority: String,
    /// Own addresses to connect from, 127.0.0.1 and up; 0 leaves it to the system.
    addresses: u8,
}

impl Server {
    /// Reads `http://host:port`, with or without a slash at the end.
    pub fn at(url: &str) -> anyhow::Result<Self> {
        let Some(rest) = url.strip_prefix("http://") else {
            bail!("{url:?} does not begin with http://");
        };
        let authority = rest.trim_end_matches('/');
        if authority.is_empty() || authority.contains('/') {
            bail!("{url:?} is not http://host:port");
        }
        let port = if authority.contains(':') { "" } else { ":80" };
        Ok(Self {
            authority: format!("{authority}{port}"),
            addresses: 0,
        })
    }

    /// Connects from so many addresses of this machine, at random: one address has some 28,000 ports.
    /// For servers on this machine only; for others nothing changes.
    pub fn from_addresses(mut self, count: u8) -> Self {
        self.addresses = if self.is_local() { count } else { 0 };
        self
    }

    /// Whether it runs on this machine, whose clock is then ours.
    pub fn is_local(&self) -> bool {
        self.authority.starts_with("127.") || self.authority.starts_with("localhost:")
    }

    /// A connection of TCP.
    pub async fn dial(&self) -> std::io::Result<TcpStream> {
        if self.addresses < 2 {
            return TcpStream::connect(&self.authority).await;
        }
        let to = lookup_host(&self.authority)
            .await?
            .find(SocketAddr::is_ipv4)
            .ok_or(std::io::ErrorKind::AddrNotAvailable)?;
        let last = 1 + rand::random::<u8>() % self.addresses;
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into())?;
        socket.connect(to).await
    }

    /// Waits until `/readyz` says 200. Returns how long it took.
    pub async fn ready(&self, within: Duration) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        loop {
            let said = match http::get(self, "/readyz", None).await {
                Ok(reply) if reply.status == 200 => return Ok(begun.elapsed()),
                Ok(reply) => format!("answers {}: {}", reply.status, reply.body),
                Err(error) => format!("{error:#}"),
            };
            if begun.elapsed() >= within {
                return Err(anyhow::anyhow!(said))
                    .with_context(|| format!("{} is not ready after {within:?}", self.authority));
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

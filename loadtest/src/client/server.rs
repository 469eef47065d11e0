//! Where the servers are.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, bail};
use rand::RngExt;
use rand::rngs::StdRng;
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

/// The nodes of one installation, at least one: each serves any client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Servers(Vec<Server>);

impl Servers {
    /// Reads addresses as [`Server::at`] does.
    pub fn at<Url: AsRef<str>>(urls: &[Url]) -> anyhow::Result<Self> {
        let servers: anyhow::Result<Vec<Server>> =
            urls.iter().map(|url| Server::at(url.as_ref())).collect();
        Self::of(servers?)
    }

    pub fn of(servers: Vec<Server>) -> anyhow::Result<Self> {
        if servers.is_empty() {
            bail!("no server is named");
        }
        Ok(Self(servers))
    }

    /// Whom to ask while nobody is expected to be down.
    pub fn first(&self) -> &Server {
        &self.0[0]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Server> {
        self.0.iter()
    }

    /// As [`Server::from_addresses`].
    pub fn from_addresses(self, count: u8) -> Self {
        let servers = self.0.into_iter();
        Self(servers.map(|it| it.from_addresses(count)).collect())
    }

    /// Where a client begins.
    pub(super) fn any(&self, rng: &mut StdRng) -> usize {
        match self.0.len() {
            1 => 0,
            all => rng.random_range(0..all),
        }
    }

    /// Where a client goes that could not stay there: elsewhere, if there is anywhere else.
    pub(super) fn other_than(&self, left: usize, rng: &mut StdRng) -> usize {
        match self.0.len() {
            1 => 0,
            all => (left + rng.random_range(1..all)) % all,
        }
    }

    pub(super) fn number(&self, index: usize) -> &Server {
        &self.0[index]
    }
}

impl From<Server> for Servers {
    fn from(server: Server) -> Self {
        Self(vec![server])
    }
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

    pub fn url(&self) -> String {
        format!("http://{}", self.authority)
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

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn whoever_leaves_a_server_goes_to_another_and_alone_comes_back() {
        let mut rng = StdRng::seed_from_u64(1);
        let three = ["http://a", "http://b", "http://c"];
        let servers = Servers::at(&three).expect("addresses");
        let met: std::collections::BTreeSet<usize> =
            (0..50).map(|_| servers.other_than(1, &mut rng)).collect();
        assert_eq!(met.into_iter().collect::<Vec<_>>(), [0, 2]);
        let alone = Servers::at(&three[..1]).expect("an address");
        assert_eq!(alone.other_than(0, &mut rng), 0);
        assert!(Servers::at::<&str>(&[]).is_err());
    }
}

//! What the keys of `[cluster]` mean together.

use std::net::IpAddr;

use super::keys::Cluster;

/// Where a NATS server is.
pub type NatsServer = async_nats::ServerAddr;

impl Cluster {
    /// The servers of the bus; none where this node is alone. `Err` says what to put right.
    pub fn servers(&self) -> Result<Vec<NatsServer>, &'static str> {
        if self.nats_url.is_empty() {
            return Ok(Vec::new());
        }
        let urls = self.nats_url.split(',').map(|url| url.trim().parse());
        let servers: Vec<NatsServer> = urls.collect::<Result<_, _>>().map_err(|_| UNREADABLE)?;
        if servers
            .iter()
            .any(|server| server.is_websocket() || server.host().is_empty())
        {
            return Err(UNREADABLE);
        }
        if servers
            .iter()
            .any(|server| server.has_user_pass() || server.password().is_some())
        {
            return Err(
                "cluster.nats_url holds a password and would be shown; use cluster.nats_user and cluster.nats_password",
            );
        }
        if !self.allow_plaintext_bus && servers.iter().any(|server| self.is_exposed(server)) {
            return Err(
                "cluster.nats_url leads off this machine unencrypted: write tls://, name the servers' authority in cluster.nats_ca, or set cluster.allow_plaintext_bus = true on a closed network",
            );
        }
        let letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if !(1..=32).contains(&self.name.len()) || !self.name.bytes().all(letter) {
            return Err(
                "cluster.name must be 1 to 32 small letters, digits, - and _: it is part of every subject",
            );
        }
        if self.nats_user.is_empty() != self.nats_password.expose().is_none() {
            return Err(
                "cluster.nats_user and cluster.nats_password go together: give both or neither",
            );
        }
        Ok(servers)
    }

    /// Must every connection be encrypted, whatever the URL says?
    pub fn requires_tls(&self) -> bool {
        !self.nats_ca.is_empty()
    }

    fn is_exposed(&self, server: &NatsServer) -> bool {
        let here = server.host() == "localhost"
            || (server.host().parse::<IpAddr>()).is_ok_and(|address| address.is_loopback());
        !here && !server.tls_required() && !self.requires_tls()
    }
}

const UNREADABLE: &str =
    "cluster.nats_url is not a list of NATS servers, such as tls://nats.internal:4222";

//! Where the server is.

use std::time::Duration;

use anyhow::{Context, bail};
use tokio::time::{Instant, sleep};

use super::http;

/// An address such as `127.0.0.1:8080`; plain HTTP and WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub authority: String,
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
        })
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

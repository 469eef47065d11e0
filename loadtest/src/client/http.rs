//! The little HTTP/1.1 that tickets and logins need: one request a connection, JSON both ways.

use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::Server;

/// Longest answer taken: tickets are 200 bytes, pages of the desk some 100 KiB.
const REPLY_BYTES: u64 = 4 * 1024 * 1024;
/// Longest wait for an answer, a password's hash included.
const TIMEOUT: Duration = Duration::from_secs(15);

/// What the server answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub status: u16,
    /// The JSON body, or the text of one that is not JSON.
    pub body: Value,
}

impl Reply {
    /// The body of a success; anything else is an error in the server's own words.
    pub fn success(self, of: &str) -> anyhow::Result<Value> {
        if !(200..300).contains(&self.status) {
            bail!("{of} answers {}: {}", self.status, self.body);
        }
        Ok(self.body)
    }
}

/// `POST path` with a JSON body; `bearer` is a staff session.
pub async fn post(
    server: &Server,
    path: &str,
    bearer: Option<&str>,
    body: &Value,
) -> anyhow::Result<Reply> {
    exchange(server, "POST", path, bearer, &body.to_string()).await
}

/// `PUT path` with a JSON body.
pub async fn put(
    server: &Server,
    path: &str,
    bearer: Option<&str>,
    body: &Value,
) -> anyhow::Result<Reply> {
    exchange(server, "PUT", path, bearer, &body.to_string()).await
}

/// `GET path`.
pub async fn get(server: &Server, path: &str, bearer: Option<&str>) -> anyhow::Result<Reply> {
    exchange(server, "GET", path, bearer, "").await
}

async fn exchange(
    server: &Server,
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: &str,
) -> anyhow::Result<Reply> {
    let authority = &server.authority;
    let bearer = bearer.map_or_else(String::new, |it| format!("authorization: Bearer {it}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n{bearer}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let talk = async {
        let mut stream = server.dial().await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::with_capacity(1024);
        stream.take(REPLY_BYTES).read_to_end(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = timeout(TIMEOUT, talk)
        .await
        .context("no answer in time")?
        .with_context(|| format!("{method} {path}"))?;
    read(&answer).with_context(|| format!("{method} {path}"))
}

fn read(answer: &[u8]) -> anyhow::Result<Reply> {
    let split = answer.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(split) = split else {
        bail!("the answer ends inside its head");
    };
    let head = std::str::from_utf8(&answer[..split]).context("the head is not text")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .context("the answer has no status")?;
    let chunked = head
        .to_ascii_lowercase()
        .contains("transfer-encoding: chunked");
    let body = &answer[split + 4..];
    let body = if chunked {
        joined(body)?
    } else {
        body.to_vec()
    };
    let text = String::from_utf8(body).context("the body is not text")?;
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(Reply { status, body })
}

/// The chunks of a chunked body, put together.
fn joined(mut rest: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n");
        let line = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok());
        let (Some(end), Some(line)) = (end, line) else {
            bail!("a chunk without its length");
        };
        let size = line.split(';').next().unwrap_or(line).trim();
        let size = usize::from_str_radix(size, 16).context("a chunk's length")?;
        if size == 0 {
            return Ok(body);
        }
        let chunk = rest.get(end + 2..end + 2 + size);
        body.extend_from_slice(chunk.context("the answer ends inside a chunk")?);
        rest = rest
            .get(end + 4 + size..)
            .context("a chunk without its end")?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_or_in_chunks() {
        let whole = read(b"HTTP/1.1 201 Created\r\ncontent-length: 14\r\n\r\n{\"ticket\":\"a\"}");
        let chunked = b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n\
            5\r\n{\"tic\r\n9;x=y\r\nket\":\"a\"}\r\n0\r\n\r\n";
        let expected = Reply {
            status: 201,
            body: serde_json::json!({"ticket": "a"}),
        };
        assert_eq!(whole.unwrap(), expected);
        assert_eq!(read(chunked).unwrap(), expected);
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        assert!(read(b"HTTP/1.1 200 OK\r\n").is_err());
        assert!(joined(b"ff\r\nshort\r\n").is_err());
    }
}

//! The little HTTP that tickets, logins and hiring need: one request a connection, JSON both ways.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::Value;

const TIMEOUT: Duration = Duration::from_secs(20);

/// `GET path`, answered with success.
pub fn get(server: SocketAddr, path: &str, bearer: Option<&str>) -> anyhow::Result<Value> {
    Ok(json(&exchange(server, "GET", path, bearer, "")?))
}

/// `GET path`, answered with success and text.
pub fn text(server: SocketAddr, path: &str) -> anyhow::Result<String> {
    exchange(server, "GET", path, None, "")
}

/// `POST path`, answered with success.
pub fn post(
    server: SocketAddr,
    path: &str,
    bearer: Option<&str>,
    body: &Value,
) -> anyhow::Result<Value> {
    Ok(json(&exchange(
        server,
        "POST",
        path,
        bearer,
        &body.to_string(),
    )?))
}

fn json(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or(Value::Null)
}

fn exchange(
    server: SocketAddr,
    method: &str,
    path: &str,
    bearer: Option<&str>,
    body: &str,
) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    let bearer = bearer.map_or_else(String::new, |it| format!("authorization: Bearer {it}\r\n"));
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {server}\r\nconnection: close\r\n{bearer}\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no head")?;
    let status = head.split(' ').nth(1).context("no status")?;
    if !status.starts_with('2') {
        bail!("{method} {path} answers {status}: {body}");
    }
    Ok(body.to_owned())
}

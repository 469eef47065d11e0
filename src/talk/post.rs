//! One HTTP POST of JSON: hyper's client, since the server's hyper is linked already and reads every
//! framing of an answer; a client library for two small requests would bring TLS and a pool along.

use std::time::Duration;

use axum::body::Body;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::failure::TalkError;
use super::limits::{ANSWER_BYTES, CONNECT_MS};

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub authority: String,
    connect: String,
}

impl Address {
    /// Reads `http://host:port`. TLS is left to what stands before the server.
    pub fn parse(url: &str) -> Result<Self, TalkError> {
        let refuse = |why| TalkError::Url {
            url: url.to_owned(),
            why,
        };
        let uri: Uri = url.parse().map_err(|_| refuse("it is no URL"))?;
        match uri.scheme_str() {
            Some("http") => {}
            Some("https") => return Err(refuse("this client has no TLS; name the http address")),
            _ => return Err(refuse("it begins with http://")),
        }
        let authority = uri.authority().ok_or_else(|| refuse("it names no host"))?;
        let port = authority.port_u16().unwrap_or(80);
        Ok(Self {
            authority: authority.to_string(),
            connect: format!("{}:{port}", authority.host()),
        })
    }

    pub async fn connect(&self) -> Result<TcpStream, TalkError> {
        let connecting = TcpStream::connect(&self.connect);
        let stream = self.in_time(connecting).await?;
        let stream = stream.map_err(|source| TalkError::Unreachable {
            address: self.authority.clone(),
            source,
        })?;
        let _ = stream.set_nodelay(true); // slower without, but no worse
        Ok(stream)
    }

    pub async fn in_time<T>(&self, future: impl Future<Output = T>) -> Result<T, TalkError> {
        let within = Duration::from_millis(CONNECT_MS);
        timeout(within, future)
            .await
            .map_err(|_| TalkError::TimedOut {
                address: self.authority.clone(),
            })
    }

    /// Posts `body` and reads the answer, as `bearer` where there is one.
    pub async fn post(
        &self,
        path: &str,
        bearer: Option<&str>,
        body: &Value,
    ) -> Result<Value, TalkError> {
        let stream = self.connect().await?;
        let broken = |why: String| TalkError::Http {
            address: self.authority.clone(),
            why,
        };
        let exchange = async {
            let io = TokioIo::new(stream);
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io)
                .await
                .map_err(|error| broken(error.to_string()))?;
            let driver = tokio::spawn(connection);
            let mut request = Request::post(path)
                .header(HOST, &self.authority)
                .header(CONTENT_TYPE, "application/json");
            if let Some(bearer) = bearer {
                request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
            }
            let request = request
                .body(Body::from(body.to_string()))
                .map_err(|error| broken(error.to_string()))?;
            let answer = sender
                .send_request(request)
                .await
                .map_err(|error| broken(error.to_string()))?;
            let status = answer.status();
            let bytes = axum::body::to_bytes(Body::new(answer.into_body()), ANSWER_BYTES)
                .await
                .map_err(|error| broken(error.to_string()))?;
            driver.abort();
            read(status, &bytes).map_err(|error| error.unwrap_or_else(broken))
        };
        self.in_time(exchange).await?
    }
}

type Unread = Result<TalkError, String>;

/// The answer's JSON, or the words of its problem.
fn read(status: StatusCode, bytes: &[u8]) -> Result<Value, Unread> {
    let value: Option<Value> = serde_json::from_slice(bytes).ok();
    if status.is_success() {
        return value.ok_or_else(|| Err("the answer is not JSON".to_owned()));
    }
    let word = |name: &str| value.as_ref()?.get(name)?.as_str().map(str::to_owned);
    let words = match (word("title"), word("detail")) {
        (Some(title), Some(detail)) => format!("{title}: {detail}"),
        (Some(words), None) | (None, Some(words)) => words,
        (None, None) => format!("status {status}"),
    };
    Err(Ok(TalkError::Refused {
        status: status.as_u16(),
        words,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_http_with_a_host() {
        let parsed = Address::parse("http://localhost:8080/").unwrap();
        assert_eq!(parsed.authority, "localhost:8080");
        assert_eq!(Address::parse("http://shop").unwrap().connect, "shop:80");
        for wrong in ["https://shop", "shop:8080", "ws://shop", "", "http://"] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_problem_is_read_for_its_words() {
        let problem = br#"{"title": "Name or password is wrong", "detail": "Check both."}"#;
        let Err(Ok(error)) = read(StatusCode::UNAUTHORIZED, problem) else {
            panic!("a problem is no answer");
        };
        assert_eq!(
            error.to_string(),
            "the server refused: Name or password is wrong: Check both."
        );
        assert!(!error.temporary());
        assert!(read(StatusCode::OK, b"<html>").is_err());
    }
}

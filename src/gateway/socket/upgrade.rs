//! From an HTTP request to a WebSocket connection (RFC 6455 §4.2).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    CONNECTION, HeaderName, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use axum::response::IntoResponse;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::serve::Seat;
use super::transport::Transport;

/// The one subprotocol spoken here.
pub const SUBPROTOCOL: &str = "crest.v1.msgpack";

/// Why a request does not become a WebSocket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("a WebSocket starts with GET over HTTP/1.1")]
    Method,
    #[error("send the headers `Upgrade: websocket` and `Connection: Upgrade`")]
    NotAnUpgrade,
    #[error("send `Sec-WebSocket-Version: 13`")]
    Version,
    #[error("`Sec-WebSocket-Key` must be 16 bytes in base64")]
    Key,
    #[error("offer the subprotocol `crest.v1.msgpack` in `Sec-WebSocket-Protocol`")]
    Subprotocol,
    #[error("this site's origin is not allowed; ask the shop's admin to list it")]
    Origin,
    #[error("this connection cannot be upgraded; speak HTTP/1.1 to the server itself")]
    Unsupported,
}

impl Refused {
    pub fn status(self) -> StatusCode {
        match self {
            Refused::Method => StatusCode::METHOD_NOT_ALLOWED,
            Refused::NotAnUpgrade | Refused::Version => StatusCode::UPGRADE_REQUIRED,
            Refused::Key | Refused::Subprotocol | Refused::Unsupported => StatusCode::BAD_REQUEST,
            Refused::Origin => StatusCode::FORBIDDEN,
        }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response<Body> {
        let mut response = (self.status(), self.to_string()).into_response();
        let headers = response.headers_mut();
        match self {
            Refused::Method => {
                headers.insert(axum::http::header::ALLOW, HeaderValue::from_static("GET"));
            }
            Refused::NotAnUpgrade | Refused::Version => {
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            _ => {}
        }
        response
    }
}

/// Answers 101 and hands the connection, with the bytes that came behind the request, to `then`
/// once hyper has let go of it. `allowed` is asked about the `Origin` header where there is one:
/// only browsers send it, and only they are bound by it. A peer that leaves before the answer is
/// written never reaches `then`. Bytes before `hello` are bounded by [`super::serve`]'s head limit.
pub fn upgrade<B>(
    mut request: Request<B>,
    allowed: impl FnOnce(&str) -> bool,
    then: impl FnOnce(Transport, Option<SocketAddr>) + Send + 'static,
) -> Result<Response<Body>, Refused> {
    let accept = check(&request, allowed)?;
    let seat = request.extensions().get::<Arc<Seat>>().cloned();
    if request.extensions().get::<OnUpgrade>().is_none() {
        return Err(Refused::Unsupported);
    }
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        let parts = match upgraded.downcast::<TokioIo<TcpStream>>() {
            Ok(parts) => parts,
            Err(_) => return tracing::error!("an upgraded connection is not a TCP stream"),
        };
        let tcp = parts.io.into_inner();
        let peer = tcp.peer_addr().ok();
        let transport = tcp
            .into_std()
            .and_then(|tcp| Transport::new(tcp, parts.read_buf));
        match transport {
            Ok(transport) => then(transport.seated(seat), peer),
            Err(error) => tracing::debug!(%error, "a peer left during its upgrade"),
        }
    });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    headers.insert(
        SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(SUBPROTOCOL),
    );
    Ok(response)
}

/// The value of `Sec-WebSocket-Accept`, or why there is none.
fn check<B>(
    request: &Request<B>,
    allowed: impl FnOnce(&str) -> bool,
) -> Result<HeaderValue, Refused> {
    let headers = request.headers();
    if request.method() != Method::GET || request.version() != Version::HTTP_11 {
        return Err(Refused::Method);
    }
    let mut upgrades = tokens(headers, UPGRADE);
    let mut connections = tokens(headers, CONNECTION);
    if !upgrades.any(|token| token.eq_ignore_ascii_case("websocket"))
        || !connections.any(|token| token.eq_ignore_ascii_case("upgrade"))
    {
        return Err(Refused::NotAnUpgrade);
    }
    if headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_none_or(|version| version != "13")
    {
        return Err(Refused::Version);
    }
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .filter(|key| is_key(key.as_bytes()));
    let key = key.ok_or(Refused::Key)?;
    if !tokens(headers, SEC_WEBSOCKET_PROTOCOL).any(|token| token == SUBPROTOCOL) {
        return Err(Refused::Subprotocol);
    }
    if let Some(origin) = headers.get(ORIGIN)
        && !origin.to_str().is_ok_and(allowed)
    {
        return Err(Refused::Origin);
    }
    HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|_| Refused::Key)
}

/// The comma-separated words of every header of a name.
fn tokens(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Sixteen bytes in base64: twenty-two digits and the padding.
fn is_key(key: &[u8]) -> bool {
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    matches!(key.strip_suffix(b"=="), Some(digits) if digits.len() == 22 && digits.iter().all(digit))
}

//! The way in: the upgrade request, the listener, and an independent client.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::routing::get;
use bytes::Bytes;
use crest::gateway::socket::serve::{listen, serve};
use crest::gateway::socket::upgrade::{SUBPROTOCOL, upgrade};
use crest::gateway::socket::{SocketLimits, Transport};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::kit::{Frame, Peer, Server, binary, pass, run, settle};

/// A listener whose upgraded connections a gate on this thread adopts.
struct Site {
    server: Server,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Site {
    fn new(limits: SocketLimits) -> Self {
        let server = Server::echo();
        let (upgraded, mut upgrades) = mpsc::unbounded_channel::<Transport>();
        let gate = server.gate.clone();
        tokio::task::spawn_local(async move {
            while let Some(transport) = upgrades.recv().await {
                gate.adopt(transport).unwrap();
            }
        });
        let ws = move |request: Request| async move {
            let then = move |transport, _| drop(upgraded.send(transport));
            match upgrade(request, |origin| origin == "https://shop.example", then) {
                Ok(response) => response,
                Err(refused) => refused.into_response(),
            }
        };
        let slow = || async {
            pass(Duration::from_secs(3)).await;
            "done"
        };
        let router = Router::new()
            .route("/ws", get(ws))
            .route("/slow", get(slow));
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::task::spawn_local(serve(listener, router, limits, async {
            let _ = stopped.await;
        }));
        Self {
            server,
            address,
            stop,
            serving,
        }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends bytes and gives the head of the answer.
    async fn ask(&self, request: &str) -> (TcpStream, String) {
        let mut tcp = self.connect().await;
        tcp.write_all(request.as_bytes()).await.unwrap();
        let head = head(&mut tcp).await;
        (tcp, head)
    }
}

async fn head(tcp: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match tcp.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

const REQUEST: &str = "GET /ws HTTP/1.1\r\nHost: crest\r\nUpgrade: websocket\r\n\
    Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: other, crest.v1.msgpack\r\n\r\n";

#[test]
fn an_independent_client_echoes_and_closes_cleanly() {
    run(async {
        let site = Site::new(SocketLimits::default());
        let mut request = format!("ws://{}/ws", site.address)
            .into_client_request()
            .unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
        let tcp = site.connect().await;
        let (mut client, response) = tokio_tungstenite::client_async(request, tcp).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], SUBPROTOCOL);
        for len in [0, 5, 200, 65_536] {
            let payload = Bytes::from(vec![7; len]);
            client.send(Message::Binary(payload.clone())).await.unwrap();
            assert_eq!(
                client.next().await.unwrap().unwrap(),
                Message::Binary(payload)
            );
        }
        client.close(None).await.unwrap();
        assert!(matches!(
            client.next().await,
            Some(Ok(Message::Close(None)))
        ));
        assert!(
            client.next().await.is_none(),
            "the server ends the connection"
        );
    });
}

#[test]
fn the_answer_is_that_of_the_rfc_and_bytes_behind_the_request_are_kept() {
    run(async {
        let site = Site::new(SocketLimits::default());
        let mut tcp = site.connect().await;
        let bytes = [REQUEST.as_bytes(), &binary(b"early"), &binary(b"bird")[..3]].concat();
        tcp.write_all(&bytes).await.unwrap();
        let head = head(&mut tcp).await;
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        assert!(
            head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="),
            "{head}"
        );
        assert!(
            head.contains("sec-websocket-protocol: crest.v1.msgpack"),
            "{head}"
        );
        let mut peer = Peer(tcp);
        assert_eq!(peer.frame().await, Some(Frame::binary(b"early")));
        peer.write(&binary(b"bird")[3..]).await;
        assert_eq!(peer.frame().await, Some(Frame::binary(b"bird")));
    });
}

#[test]
fn requests_that_are_no_upgrade_are_told_what_to_send() {
    let cases = [
        ("GET /ws", "POST /ws", "405"),
        ("Upgrade: websocket", "Upgrade: h2c", "426"),
        ("keep-alive, Upgrade", "keep-alive", "426"),
        ("Version: 13", "Version: 8", "426"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ==", "400"),
        (
            "dGhlIHNhbXBsZSBub25jZQ==",
            "dGhlIHNhbXBsZSBub25jZQ!!",
            "400",
        ),
        ("crest.v1.msgpack", "crest.v2.msgpack", "400"),
        (
            "Host: crest",
            "Host: crest\r\nOrigin: https://evil.example",
            "403",
        ),
        (
            "Host: crest",
            "Host: crest\r\nOrigin: https://shop.example",
            "101",
        ),
        ("Host: crest", "Host: crest", "101"),
    ];
    run(async {
        let site = Site::new(SocketLimits::default());
        for (from, to, status) in cases {
            let (_tcp, head) = site.ask(&REQUEST.replacen(from, to, 1)).await;
            assert!(
                head.starts_with(&format!("http/1.1 {status} ")),
                "{to}: {head}"
            );
            if status == "426" {
                assert!(head.contains("sec-websocket-version: 13"), "{head}");
            }
        }
    });
}

const SLOW: &str = "GET /slow HTTP/1.1\r\nHost: crest\r\n\r\n";

#[test]
fn connections_beyond_the_limit_are_told_when_to_return_and_seats_come_free() {
    run(async {
        let site = Site::new(SocketLimits {
            connections: 2,
            ..SocketLimits::default()
        });
        let (first, head) = site.ask(REQUEST).await;
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        let (_second, head) = site.ask(REQUEST).await;
        assert!(head.starts_with("http/1.1 101 "), "{head}");
        let (_third, head) = site.ask(REQUEST).await;
        assert!(head.starts_with("http/1.1 503 "), "{head}");
        assert!(head.contains("retry-after: 5\r\n"), "{head}");
        drop(first);
        while site.server.gate.connections() == 2 {
            tokio::task::yield_now().await;
        }
        let (_fourth, head) = site.ask(REQUEST).await;
        assert!(
            head.starts_with("http/1.1 101 "),
            "an upgraded connection kept its seat: {head}"
        );
    });
}

#[test]
fn a_head_that_does_not_come_ends_the_connection() {
    run(async {
        let site = Site::new(SocketLimits::default());
        let mut tcp = site.connect().await;
        tcp.write_all(&REQUEST.as_bytes()[..40]).await.unwrap();
        let start = tokio::time::Instant::now();
        assert_eq!(tcp.read(&mut [0; 1]).await.unwrap_or(0), 0);
        assert!(start.elapsed() <= Duration::from_secs(11));
    });
}

#[test]
fn a_head_too_large_is_refused() {
    run(async {
        let site = Site::new(SocketLimits::default());
        let cookie = format!("Host: crest\r\nCookie: {}", "x".repeat(20_000));
        let (_tcp, head) = site.ask(&REQUEST.replace("Host: crest", &cookie)).await;
        assert!(head.starts_with("http/1.1 431 "), "{head}");
    });
}

#[test]
fn shutdown_lets_requests_end_and_leaves_upgraded_connections_alone() {
    run(async {
        let site = Site::new(SocketLimits::default());
        let (tcp, _) = site.ask(REQUEST).await;
        let mut slow = site.connect().await;
        slow.write_all(SLOW.as_bytes()).await.unwrap();
        let mut idle = site.connect().await;
        settle().await;
        site.stop.send(()).unwrap();
        let answer = head(&mut slow).await;
        assert!(answer.starts_with("http/1.1 200 "), "{answer}");
        assert_eq!(idle.read(&mut [0; 1]).await.unwrap_or(0), 0);
        site.serving.await.unwrap();
        assert!(TcpStream::connect(site.address).await.is_err());
        let mut peer = Peer(tcp);
        peer.write(&binary(b"still here")).await;
        assert_eq!(peer.frame().await, Some(Frame::binary(b"still here")));
    });
}

#[test]
fn shutdown_does_not_wait_for_ever() {
    run(async {
        let limits = SocketLimits {
            shutdown: Duration::from_secs(1),
            ..SocketLimits::default()
        };
        let site = Site::new(limits);
        let mut slow = site.connect().await;
        slow.write_all(SLOW.as_bytes()).await.unwrap();
        settle().await;
        site.stop.send(()).unwrap();
        let start = tokio::time::Instant::now();
        site.serving.await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(2));
        assert_eq!(head(&mut slow).await, "");
    });
}

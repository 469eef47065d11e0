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

use crate::kit::{Frame, Peer, Server, binary, run};

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
            tokio::time::sleep(Duration::from_secs(3)).await;
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

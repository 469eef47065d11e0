//! A connection by hand: every frame as it comes, nothing sent that a test does not send.

use std::time::Duration;

use crest_loadtest::client::{Identity, Server};
use crest_schema::frame::client::{Empty, Hello, Resume, Send};
use crest_schema::frame::{Body, ClientFrame, Id, ServerFrame};
use crest_schema::{SUBPROTOCOL, ServerKind};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, Stream, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// Longest wait for a frame; nothing here is slow, the machine may be.
const SOON: Duration = Duration::from_secs(60);

pub type Answer = (Option<u32>, ServerFrame<'static>);

/// One WebSocket.
pub struct Wire {
    socket: WebSocketStream<TcpStream>,
    next_ref: u32,
}

/// How the server ended a connection.
#[derive(Debug, PartialEq)]
pub struct Ended {
    pub code: u16,
    pub reason: String,
    pub bye: Option<crest_schema::frame::server::Bye<'static>>,
}

impl Wire {
    pub async fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(&server.authority).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = format!("ws://{}/ws", server.authority)
            .into_client_request()
            .unwrap();
        request.headers_mut().insert(
            "sec-websocket-protocol",
            HeaderValue::from_static(SUBPROTOCOL),
        );
        let (socket, _) = tokio_tungstenite::client_async(request, stream)
            .await
            .unwrap();
        Self {
            socket,
            next_ref: 1,
        }
    }

    /// Opened, greeted and welcomed.
    pub async fn connect(server: &Server, who: &mut Identity, resume: &[(Id, u64)]) -> Self {
        let mut wire = Self::open(server).await;
        wire.hello(server, who, resume).await;
        wire.until_kind(ServerKind::Welcome).await;
        wire
    }

    pub async fn hello(&mut self, server: &Server, who: &mut Identity, resume: &[(Id, u64)]) {
        let ticket = who.ticket(server).await.unwrap();
        self.greet(ticket, resume).await;
    }

    pub async fn greet(&mut self, ticket: String, resume: &[(Id, u64)]) {
        let resume = resume.iter().map(|&(conversation, after)| Resume {
            conversation,
            after,
        });
        let hello = Hello {
            ticket,
            client: None,
            language: None,
            group: None,
            resume: resume.collect(),
        };
        self.send(ClientFrame::Hello(hello)).await;
    }

    /// Sends a frame under a ref of its own, which is returned.
    pub async fn send(&mut self, frame: ClientFrame) -> u32 {
        let reference = self.next_ref;
        self.next_ref += 1;
        self.raw(frame.encode(Some(reference))).await;
        reference
    }

    pub fn tcp(&self) -> &TcpStream {
        self.socket.get_ref()
    }

    /// The two directions, so that writing does not wait for reading.
    pub fn halves(self) -> (Writing, Reading) {
        let next_ref = self.next_ref;
        let (sink, stream) = self.socket.split();
        (Writing { sink, next_ref }, Reading { stream })
    }

    /// Both directions of one connection together again. Refs go on far from those used meanwhile.
    pub fn of(writing: Writing, reading: Reading) -> Self {
        let socket = writing.sink.reunite(reading.stream);
        Self {
            socket: socket.expect("halves of one connection"),
            next_ref: writing.next_ref + 1_000_000,
        }
    }

    pub async fn raw(&mut self, bytes: bytes::Bytes) {
        self.socket.send(Message::Binary(bytes)).await.unwrap();
    }

    pub async fn say(&mut self, words: &str) -> u32 {
        let send = Send {
            conversation: None,
            id: Id(rand::random()),
            body: Body::Text(words.to_owned().into()),
        };
        self.send(ClientFrame::Send(send)).await
    }

    /// Sends a frame and waits for its answer; what comes before it is passed over.
    pub async fn ask(&mut self, frame: ClientFrame) -> ServerFrame<'static> {
        let reference = self.send(frame).await;
        self.answer(reference).await
    }

    pub async fn answer(&mut self, reference: u32) -> ServerFrame<'static> {
        self.until(|(of, frame)| (*of == Some(reference)).then(|| frame.clone()))
            .await
    }

    /// The code of the error that a frame is answered with.
    pub async fn refusal(&mut self, frame: ClientFrame) -> u16 {
        match self.ask(frame).await {
            ServerFrame::Error(error) => error.code,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// The answer of a frame, or how the connection ended instead.
    pub async fn try_ask(&mut self, frame: ClientFrame) -> Result<ServerFrame<'static>, Ended> {
        let reference = self.next_ref;
        self.next_ref += 1;
        let _ = self.try_raw(frame.encode(Some(reference))).await;
        loop {
            if let (Some(of), frame) = self.next().await?
                && of == reference
            {
                return Ok(frame);
            }
        }
    }

    /// Greets, and returns what comes first.
    pub async fn try_greet(&mut self, ticket: String) -> Result<Answer, Ended> {
        let hello = Hello {
            ticket,
            client: None,
            language: None,
            group: None,
            resume: Vec::new(),
        };
        let _ = self
            .try_raw(ClientFrame::Hello(hello).encode(Some(0)))
            .await;
        self.next().await
    }

    /// Says something, unless the connection has ended.
    pub async fn try_say(&mut self, words: &str) -> bool {
        let send = Send {
            conversation: None,
            id: Id(rand::random()),
            body: Body::Text(words.to_owned().into()),
        };
        let reference = self.next_ref;
        self.next_ref += 1;
        self.try_raw(ClientFrame::Send(send).encode(Some(reference)))
            .await
    }

    async fn try_raw(&mut self, bytes: bytes::Bytes) -> bool {
        self.socket.send(Message::Binary(bytes)).await.is_ok()
    }

    pub async fn until_kind(&mut self, kind: ServerKind) -> ServerFrame<'static> {
        self.until(|(_, frame)| (frame.kind() == kind).then(|| frame.clone()))
            .await
    }

    /// The first frame that `wanted` likes; those before it are passed over.
    pub async fn until<T>(&mut self, mut wanted: impl FnMut(&Answer) -> Option<T>) -> T {
        let mut passed = Vec::new();
        loop {
            match self.next().await {
                Ok(answer) => match wanted(&answer) {
                    Some(found) => return found,
                    None => passed.push(answer.1.kind().name()),
                },
                Err(ended) => panic!("{ended:?} after {passed:?}"),
            }
        }
    }

    pub async fn ended(&mut self) -> Ended {
        loop {
            if let Err(ended) = self.next().await {
                return ended;
            }
        }
    }

    /// The next frame, or how the connection ended.
    pub async fn next(&mut self) -> Result<Answer, Ended> {
        next(&mut self.socket).await
    }

    /// Asks for a person, which opens a conversation; returns it.
    pub async fn ask_human(&mut self) -> Id {
        match self.ask(ClientFrame::AskHuman(Empty {})).await {
            ServerFrame::Ack(ack) => ack.conversation,
            other => panic!("not recorded: {other:?}"),
        }
    }
}

pub struct Writing {
    sink: SplitSink<WebSocketStream<TcpStream>, Message>,
    next_ref: u32,
}

impl Writing {
    pub async fn feed(&mut self, bytes: bytes::Bytes) {
        self.sink.feed(Message::Binary(bytes)).await.unwrap();
    }

    pub async fn flush(&mut self) {
        self.sink.flush().await.unwrap();
    }
}

pub struct Reading {
    stream: SplitStream<WebSocketStream<TcpStream>>,
}

impl Reading {
    pub async fn next(&mut self) -> Result<Answer, Ended> {
        next(&mut self.stream).await
    }
}

type Read = Result<Message, tokio_tungstenite::tungstenite::Error>;

async fn next(stream: &mut (impl Stream<Item = Read> + Unpin)) -> Result<Answer, Ended> {
    let mut bye = None;
    loop {
        let message = tokio::time::timeout(SOON, stream.next()).await;
        match message.expect("a frame in time") {
            Some(Ok(Message::Binary(bytes))) => match ServerFrame::decode(&bytes).unwrap() {
                (_, ServerFrame::Bye(said)) => bye = Some(said),
                answer => return Ok(answer),
            },
            Some(Ok(Message::Close(said))) => {
                let said = said.expect("the server says why");
                return Err(Ended {
                    code: said.code.into(),
                    reason: said.reason.to_string(),
                    bye,
                });
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                return Err(Ended {
                    code: 1006,
                    reason: String::new(),
                    bye,
                });
            }
        }
    }
}

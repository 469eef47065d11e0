//! A line on a socket: connects, comes back, and hands frames to whoever uses the client.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crest_schema::SUBPROTOCOL;
use crest_schema::codes;
use crest_schema::frame::{ClientFrame, ServerFrame};
use crest_schema::limits::SERVER_FRAME_BYTES;
use futures_util::{SinkExt, StreamExt};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

use super::call::{Answered, Call, Pending};
use super::line::{Line, Output, RoleOf};
use super::reconnect::Reconnect;
use super::{Identity, Server};
use crate::history::Witness;

/// Frames waiting for the user of a client; beyond it the socket is read no more, as by any client
/// that cannot keep up. Commands are taken all the same: the user may be busy giving one.
const INCOMING: usize = 4_096;
/// Of these, handed over without the connection's task.
const HANDED: usize = 64;
/// Commands waiting for the connection's task.
const ORDERS: usize = 1_024;
/// From TCP to the end of the upgrade.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection that lived so long begins counting its attempts anew.
const LIVED: Duration = Duration::from_secs(60);
/// Bytes read from a socket at once: most frames are smaller, and there are thousands of sockets.
const READ_BYTES: usize = 8 * 1024;

/// What happened on the wire, in order.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    pub at: Instant,
    pub connection: u32,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub enum What {
    Frame(Box<ServerFrame<'static>>),
    /// The connection is gone; another one is being made.
    Lost(Lost),
    /// No other connection will be made.
    Over(Lost),
}

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// 1006 where nothing was said.
    pub code: u16,
    pub reason: String,
}

enum Order {
    Call(Call),
    Ephemeral(ClientFrame),
    Settle,
    /// Cut the socket without a word, as a failing network does.
    Cut,
    Close,
}

/// One person's client: connected, or on its way back.
pub struct Client {
    orders: mpsc::Sender<Order>,
    incoming: mpsc::Receiver<Incoming>,
    unanswered: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Client {
    pub(super) fn start(
        server: Server,
        identity: Identity,
        role: RoleOf,
        witness: Witness,
        reconnect: Reconnect,
        seed: u64,
    ) -> Self {
        let (orders, given) = mpsc::channel(ORDERS);
        let (shown, incoming) = mpsc::channel(HANDED);
        let (count, unanswered) = watch::channel(0);
        let link = Link {
            server,
            identity,
            line: Line::new(role, witness),
            reconnect,
            rng: StdRng::seed_from_u64(seed),
            orders: given,
            shown,
            backlog: VecDeque::new(),
            count,
            retry_after_ms: None,
        };
        Self {
            orders,
            incoming,
            unanswered,
            task: tokio::spawn(link.run()),
        }
    }

    /// Gives a command away and returns at once; what comes back yields the answer.
    pub async fn start_call(&self, frame: ClientFrame) -> anyhow::Result<Pending> {
        let (call, pending) = Call::new(frame);
        let given = self.orders.send(Order::Call(call)).await;
        given.ok().context("the client is over")?;
        Ok(pending)
    }

    /// Sends a command, again where need be, until it is answered.
    pub async fn call(&self, frame: ClientFrame) -> anyhow::Result<Answered> {
        let pending = self.start_call(frame).await?;
        pending.await.context("the client is over")
    }

    /// Sends what is never answered, if the connection stands.
    pub async fn ephemeral(&self, frame: ClientFrame) {
        let _ = self.orders.send(Order::Ephemeral(frame)).await;
    }

    /// What came next; `None` once the client is over and everything was taken.
    pub async fn next(&mut self) -> Option<Incoming> {
        self.incoming.recv().await
    }

    /// The first frame that `wanted` likes; those before it are passed over.
    pub async fn expect<T>(
        &mut self,
        within: Duration,
        mut wanted: impl FnMut(&ServerFrame<'static>) -> Option<T>,
    ) -> anyhow::Result<T> {
        let mut passed = Vec::new();
        let search = async {
            while let Some(incoming) = self.incoming.recv().await {
                match incoming.what {
                    What::Frame(frame) => match wanted(&frame) {
                        Some(found) => return Ok(found),
                        None => passed.push(frame.kind().name()),
                    },
                    What::Over(lost) => bail!("closed with {}: {}", lost.code, lost.reason),
                    What::Lost(_) => passed.push("(lost)"),
                }
            }
            bail!("the client is over")
        };
        match timeout(within, search).await {
            Ok(found) => found,
            Err(_) => bail!("not within {within:?}; there came {passed:?}"),
        }
    }

    /// Commands without an answer, as of a moment ago.
    pub fn unanswered(&self) -> usize {
        *self.unanswered.borrow()
    }

    /// Tells the checker that this connection should have seen everything by now.
    pub async fn settle(&self) {
        let _ = self.orders.send(Order::Settle).await;
    }

    /// Cuts the connection without a word; the client comes back by itself.
    pub async fn cut(&self) {
        let _ = self.orders.send(Order::Cut).await;
    }

    /// Says goodbye and ends.
    pub async fn close(mut self) {
        let _ = self.orders.send(Order::Close).await;
        // The task may be waiting for room among what nobody takes any more.
        self.incoming.close();
        let _ = (&mut self.task).await;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Socket = WebSocketStream<TcpStream>;

struct Link {
    server: Server,
    identity: Identity,
    line: Line,
    reconnect: Reconnect,
    rng: StdRng,
    orders: mpsc::Receiver<Order>,
    shown: mpsc::Sender<Incoming>,
    backlog: VecDeque<Incoming>,
    count: watch::Sender<usize>,
    /// From the `bye` of the connection.
    retry_after_ms: Option<u32>,
}

/// Why the talk on one connection stopped.
enum Stop {
    /// By the server or the network.
    Lost(Lost),
    /// By whoever uses the client.
    Closed,
}

impl Link {
    async fn run(mut self) {
        let mut attempt = 0;
        loop {
            let begun = Instant::now();
            let stop = match self.connect().await {
                Ok(mut socket) => {
                    let stop = self.talk(&mut socket).await;
                    if matches!(stop, Stop::Closed) {
                        let _ = timeout(HANDSHAKE, socket.close(None)).await;
                    }
                    stop
                }
                Err(error) => Stop::Lost(Lost {
                    code: 1006,
                    reason: format!("{error:#}"),
                }),
            };
            self.line.lost();
            let Stop::Lost(lost) = stop else { return };
            if !codes::reconnects(lost.code) {
                self.show(What::Over(lost));
                while !self.backlog.is_empty() {
                    hand(self.shown.reserve().await, &mut self.backlog);
                }
                return;
            }
            if begun.elapsed() >= LIVED {
                attempt = 0;
            }
            let share = self.rng.random_range(0.0..1.0);
            let pause = self
                .reconnect
                .pause(attempt, share, self.retry_after_ms.take());
            attempt += 1;
            self.show(What::Lost(lost));
            if self.pause(pause).await {
                return;
            }
        }
    }

    /// Waits, taking orders meanwhile. Returns whether the client is to end.
    async fn pause(&mut self, pause: Duration) -> bool {
        let until = sleep(pause);
        tokio::pin!(until);
        loop {
            tokio::select! {
                () = &mut until => return false,
                permit = self.shown.reserve(), if !self.backlog.is_empty() => {
                    hand(permit, &mut self.backlog);
                }
                order = self.orders.recv() => match order {
                    Some(Order::Call(call)) => {
                        self.line.take(call);
                        self.counted();
                    }
                    Some(Order::Ephemeral(_) | Order::Settle | Order::Cut) => {}
                    Some(Order::Close) | None => return true,
                },
            }
        }
    }

    async fn connect(&mut self) -> anyhow::Result<Socket> {
        let ticket = self.identity.ticket(&self.server).await?;
        let mut socket = timeout(HANDSHAKE, upgrade(&self.server))
            .await
            .context("no upgrade in time")??;
        let hello = self.line.greet(ticket, Instant::now());
        socket.send(Message::Binary(hello)).await?;
        Ok(socket)
    }

    async fn talk(&mut self, socket: &mut Socket) -> Stop {
        let shown = self.shown.clone();
        let mut due: Option<Instant> = None;
        loop {
            let at = due.unwrap_or_else(|| Instant::now() + Duration::from_secs(3_600));
            let mut output = Output::default();
            tokio::select! {
                permit = shown.reserve(), if !self.backlog.is_empty() => {
                    hand(permit, &mut self.backlog);
                    continue;
                }
                message = socket.next(), if self.backlog.len() < INCOMING => match self.take(message, &mut output) {
                    Ok(()) => {}
                    Err(lost) => return Stop::Lost(lost),
                },
                order = self.orders.recv() => match order {
                    Some(Order::Call(call)) => self.line.take(call),
                    Some(Order::Ephemeral(frame)) => self.line.ephemeral(&frame, &mut output),
                    Some(Order::Settle) => self.line.settle(),
                    Some(Order::Cut) => return Stop::Lost(Lost {
                        code: 1006,
                        reason: "cut".to_owned(),
                    }),
                    Some(Order::Close) | None => return Stop::Closed,
                },
                () = sleep_until(at.into()), if due.is_some() => {}
            }
            due = self.line.pump(Instant::now(), &mut output);
            self.counted();
            for bytes in output.frames.drain(..) {
                if let Err(error) = socket.feed(Message::Binary(bytes)).await {
                    return Stop::Lost(broken(error.to_string()));
                }
            }
            if let Err(error) = socket.flush().await {
                return Stop::Lost(broken(error.to_string()));
            }
            for frame in output.shown {
                if let ServerFrame::Bye(bye) = &frame {
                    self.retry_after_ms = bye.retry_after_ms;
                }
                self.show(What::Frame(Box::new(frame)));
            }
            if output.broken {
                return Stop::Lost(broken("a frame that cannot be read".to_owned()));
            }
        }
    }

    fn take(
        &mut self,
        message: Option<Result<Message, tokio_tungstenite::tungstenite::Error>>,
        output: &mut Output,
    ) -> Result<(), Lost> {
        match message {
            Some(Ok(Message::Binary(bytes))) => {
                self.line.arrived(&bytes, Instant::now(), output);
                Ok(())
            }
            Some(Ok(Message::Close(said))) => Err(Lost {
                code: said.as_ref().map_or(1005, |said| said.code.into()),
                reason: said.map_or_else(String::new, |said| said.reason.to_string()),
            }),
            Some(Ok(_)) => Ok(()),
            Some(Err(error)) => Err(broken(error.to_string())),
            None => Err(broken("the stream ended".to_owned())),
        }
    }

    fn counted(&self) {
        self.count.send_if_modified(|count| {
            let unanswered = self.line.unanswered();
            std::mem::replace(count, unanswered) != unanswered
        });
    }

    fn show(&mut self, what: What) {
        self.backlog.push_back(Incoming {
            at: Instant::now(),
            connection: self.line.connection(),
            what,
        });
    }
}

/// Gives the oldest to the user. One that went away takes nothing any more.
fn hand(
    permit: Result<mpsc::Permit<'_, Incoming>, mpsc::error::SendError<()>>,
    backlog: &mut VecDeque<Incoming>,
) {
    match (permit, backlog.pop_front()) {
        (Ok(permit), Some(incoming)) => permit.send(incoming),
        (Ok(_), None) => {}
        (Err(_), _) => backlog.clear(),
    }
}

fn broken(reason: String) -> Lost {
    Lost { code: 1006, reason }
}

async fn upgrade(server: &Server) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(&server.authority).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{}/ws", server.authority).into_client_request()?;
    let protocol = HeaderValue::from_static(SUBPROTOCOL);
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_message_size(Some(SERVER_FRAME_BYTES))
        .max_frame_size(Some(SERVER_FRAME_BYTES));
    let (socket, _) =
        tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await?;
    Ok(socket)
}

//! A line on a socket: connects, comes back, and hands frames to whoever uses the client.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crest_schema::codes;
use crest_schema::frame::{ClientFrame, ServerFrame};
use futures_util::{SinkExt, StreamExt};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;

use super::call::{Answered, Call, Pending};
use super::line::{Line, Output, RoleOf};
use super::reconnect::Reconnect;
use super::socket::{Socket, upgrade};
use super::{Identity, Servers};
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
    /// Cut the socket without a word, as a failing process does.
    Cut,
    /// Leave the socket open and silent for ever, as a network that vanished does.
    Vanish,
    /// Read nothing for so long.
    Stall(Duration),
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
        servers: Servers,
        identity: Identity,
        role: RoleOf,
        witness: Witness,
        reconnect: Reconnect,
        seed: u64,
    ) -> Self {
        let (orders, given) = mpsc::channel(ORDERS);
        let (shown, incoming) = mpsc::channel(HANDED);
        let (count, unanswered) = watch::channel(0);
        let mut rng = StdRng::seed_from_u64(seed);
        let link = Link {
            at: servers.any(&mut rng),
            servers,
            identity,
            line: Line::new(role, witness),
            reconnect,
            rng,
            orders: given,
            shown,
            backlog: VecDeque::new(),
            count,
            retry_after_ms: None,
            stalled_until: None,
            silent: Vec::new(),
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

    /// Leaves the connection open and silent, neither read nor written, until the client ends; it
    /// comes back by itself on another.
    pub async fn vanish(&self) {
        let _ = self.orders.send(Order::Vanish).await;
    }

    /// Reads nothing from the socket for so long, as a client that cannot keep up.
    pub async fn stall(&self, lasting: Duration) {
        let _ = self.orders.send(Order::Stall(lasting)).await;
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

struct Link {
    servers: Servers,
    /// Which of them this connection is to, or the next one will be.
    at: usize,
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
    /// The socket is not read before.
    stalled_until: Option<Instant>,
    /// Sockets that are neither read nor closed any more.
    silent: Vec<Socket>,
}

/// Why the talk on one connection stopped.
enum Stop {
    /// By the server or the network.
    Lost(Lost),
    /// By whoever uses the client.
    Closed,
    /// The network is gone, and nobody on the other side can know.
    Vanished,
}

impl Link {
    async fn run(mut self) {
        let mut attempt = 0;
        loop {
            let begun = Instant::now();
            let lost = match self.connect().await {
                Ok(mut socket) => {
                    let stop = self.talk(&mut socket).await;
                    match stop {
                        Stop::Closed => {
                            let _ = timeout(HANDSHAKE, socket.close(None)).await;
                            return;
                        }
                        Stop::Vanished => {
                            self.silent.push(socket);
                            broken("the network vanished")
                        }
                        Stop::Lost(lost) => lost,
                    }
                }
                Err(error) => broken(format!("{error:#}")),
            };
            self.line.lost();
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
            self.at = self.servers.other_than(self.at, &mut self.rng);
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
                    Some(
                        Order::Ephemeral(_)
                        | Order::Settle
                        | Order::Cut
                        | Order::Vanish
                        | Order::Stall(_),
                    ) => {}
                    Some(Order::Close) | None => return true,
                },
            }
        }
    }

    async fn connect(&mut self) -> anyhow::Result<Socket> {
        self.stalled_until = None;
        let server = self.servers.number(self.at);
        let ticket = self.identity.ticket(server).await?;
        let mut socket = timeout(HANDSHAKE, upgrade(server))
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
                message = socket.next(), if self.backlog.len() < INCOMING && self.stalled_until.is_none() => match self.take(message, &mut output) {
                    Ok(()) => {}
                    Err(lost) => return Stop::Lost(lost),
                },
                order = self.orders.recv() => match order {
                    Some(Order::Call(call)) => self.line.take(call),
                    Some(Order::Ephemeral(frame)) => self.line.ephemeral(&frame, &mut output),
                    Some(Order::Settle) => self.line.settle(),
                    Some(Order::Cut) => return Stop::Lost(broken("cut")),
                    Some(Order::Vanish) => return Stop::Vanished,
                    Some(Order::Stall(lasting)) => {
                        self.stalled_until = Some(Instant::now() + lasting);
                    }
                    Some(Order::Close) | None => return Stop::Closed,
                },
                () = sleep_until(at.into()), if due.is_some() => {}
                () = until(self.stalled_until) => self.stalled_until = None,
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
                return Stop::Lost(broken("a frame that cannot be read"));
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
            None => Err(broken("the stream ended")),
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

fn broken(reason: impl Into<String>) -> Lost {
    Lost {
        code: 1006,
        reason: reason.into(),
    }
}

/// Never, where no time is given.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

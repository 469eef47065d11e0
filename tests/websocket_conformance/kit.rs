//! A gate with logic that echoes, and a peer that writes and reads raw bytes.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use crest::gateway::socket::{Closed, Flow, Gate, Handler, Kind, SocketLimits, Transport};
use crest_actors::ids::SessionId;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

/// What the logic was told, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    Opened,
    Message(Vec<u8>),
    Drained,
    Limited(Duration),
    Closed(Closed),
}

type Script = dyn Fn(&Gate, SessionId, &[u8]) -> Flow;

/// Logic that notes every call and answers messages by a script.
pub struct Logic {
    gate: Gate,
    script: Box<Script>,
    pub told: RefCell<Vec<Told>>,
}

impl Handler for Logic {
    fn opened(&self, _: SessionId) {
        self.told.borrow_mut().push(Told::Opened);
    }

    fn message(&self, id: SessionId, payload: &[u8]) -> Flow {
        self.told.borrow_mut().push(Told::Message(payload.to_vec()));
        (self.script)(&self.gate, id, payload)
    }

    fn drained(&self, id: SessionId) {
        self.told.borrow_mut().push(Told::Drained);
        let _ = self.gate.send(id, Bytes::from_static(b"gap"), Kind::Must);
    }

    fn rate_limited(&self, _: SessionId, retry_after: Duration) {
        self.told.borrow_mut().push(Told::Limited(retry_after));
    }

    fn closed(&self, _: SessionId, why: Closed) {
        self.told.borrow_mut().push(Told::Closed(why));
    }
}

pub fn echo(gate: &Gate, id: SessionId, payload: &[u8]) -> Flow {
    let _ = gate.send(id, Bytes::copy_from_slice(payload), Kind::Must);
    Flow::Continue
}

/// A gate on this thread.
pub struct Server {
    pub gate: Gate,
    pub logic: Rc<Logic>,
}

impl Server {
    pub fn new(
        limits: SocketLimits,
        script: impl Fn(&Gate, SessionId, &[u8]) -> Flow + 'static,
    ) -> Self {
        let gate = Gate::new(1, 2, limits);
        let logic = Rc::new(Logic {
            gate: gate.clone(),
            script: Box::new(script),
            told: RefCell::default(),
        });
        gate.start(Rc::clone(&logic) as Rc<dyn Handler>);
        Self { gate, logic }
    }

    pub fn echo() -> Self {
        Self::new(SocketLimits::default(), echo)
    }

    /// A peer whose connection the gate holds.
    pub async fn connect(&self) -> (Peer, SessionId) {
        let (tcp, server) = pair().await;
        let transport = Transport::new(server, Bytes::new()).unwrap();
        (Peer(tcp), self.gate.adopt(transport).unwrap())
    }

    /// A peer on a path that holds about a megabyte and never grows. Less than a few segments of
    /// the loopback would wait for the kernel's own timers, which no paused clock moves.
    pub async fn connect_narrow(&self) -> (Peer, SessionId) {
        let (tcp, server) = pair().await;
        SockRef::from(&tcp)
            .set_recv_buffer_size(512 * 1024)
            .unwrap();
        SockRef::from(&server)
            .set_send_buffer_size(256 * 1024)
            .unwrap();
        let transport = Transport::new(server, Bytes::new()).unwrap();
        (Peer(tcp), self.gate.adopt(transport).unwrap())
    }

    pub fn told(&self) -> Vec<Told> {
        self.logic.told.borrow().clone()
    }

    pub fn messages(&self) -> Vec<Vec<u8>> {
        let told = self.told();
        let messages = told.into_iter().filter_map(|told| match told {
            Told::Message(message) => Some(message),
            _ => None,
        });
        messages.collect()
    }

    pub fn ends(&self) -> Vec<Closed> {
        let told = self.told();
        let ends = told.into_iter().filter_map(|told| match told {
            Told::Closed(why) => Some(why),
            _ => None,
        });
        ends.collect()
    }
}

/// A TCP connection: the peer's end, and the server's.
pub async fn pair() -> (TcpStream, std::net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    peer.set_nodelay(true).unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (peer, server.into_std().unwrap())
}

/// Runs a test on a thread of its own kind, under a paused clock.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test);
}

/// A frame from the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub first: u8,
    pub payload: Vec<u8>,
}

impl Frame {
    pub fn binary(payload: &[u8]) -> Self {
        Self {
            first: 0x82,
            payload: payload.to_vec(),
        }
    }

    /// Number of a Close frame.
    #[track_caller]
    pub fn code(&self) -> u16 {
        assert_eq!(self.first, 0x88, "a Close frame");
        u16::from_be_bytes([self.payload[0], self.payload[1]])
    }
}

/// The client's side of a connection, or the reading half of it.
pub struct Peer<T = TcpStream>(pub T);

impl Peer {
    pub async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }
}

impl<T: AsyncRead + Unpin> Peer<T> {
    /// The next frame; `None` once the server has ended its side.
    pub async fn frame(&mut self) -> Option<Frame> {
        let read = async {
            let mut head = [0; 2];
            self.0.read_exact(&mut head).await.ok()?;
            assert_eq!(head[1] & 0x80, 0, "a server never masks");
            let len = match head[1] {
                126 => u64::from(self.0.read_u16().await.ok()?),
                127 => self.0.read_u64().await.ok()?,
                len => u64::from(len),
            };
            let mut payload = vec![0; len as usize];
            self.0.read_exact(&mut payload).await.ok()?;
            Some(Frame {
                first: head[0],
                payload,
            })
        };
        tokio::time::timeout(Duration::from_secs(600), read)
            .await
            .expect("a frame in time")
    }

    /// The Close frame, after any others, and then the end of the stream.
    pub async fn until_closed(&mut self) -> (Vec<Frame>, Frame) {
        let mut before = Vec::new();
        loop {
            let frame = self.frame().await.expect("a Close frame before the end");
            if frame.first == 0x88 {
                assert_eq!(self.frame().await, None, "nothing follows a Close");
                return (before, frame);
            }
            before.push(frame);
        }
    }
}

/// A client's frame in its shortest form: first byte, then a masked payload.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        len @ 0..=125 => bytes.push(0x80 | len as u8),
        len @ 126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend((len as u16).to_be_bytes());
        }
        len => {
            bytes.push(0x80 | 127);
            bytes.extend((len as u64).to_be_bytes());
        }
    }
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    bytes
}

pub fn binary(payload: &[u8]) -> Vec<u8> {
    masked(0x82, payload)
}

/// Lets this much time pass. Under a paused clock it passes once nobody has anything left to do.
pub async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// Lets everything happen that can without time.
pub async fn settle() {
    pass(Duration::from_millis(1)).await;
}

//! A network that fails on purpose: cuts a WebSocket right after a frame of a given number.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crest_loadtest::client::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How long a cut connection's ends may take to notice.
const NOTICED: Duration = Duration::from_secs(10);

/// Stands between clients and a node.
pub struct Cutter {
    pub server: Server,
    plan: Arc<Plan>,
    accepting: JoinHandle<()>,
}

struct Plan {
    node: String,
    /// After how many frames, of both directions together, each next WebSocket is cut.
    cuts: Mutex<VecDeque<usize>>,
    /// Frames of the WebSocket opened last.
    frames: AtomicUsize,
}

impl Cutter {
    /// The first WebSocket is cut after `cuts[0]` frames, the next after `cuts[1]`, and so on;
    /// those beyond are not.
    pub async fn before(node: &Server, cuts: &[usize]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let plan = Arc::new(Plan {
            node: node.authority.clone(),
            cuts: Mutex::new(cuts.iter().copied().collect()),
            frames: AtomicUsize::new(0),
        });
        let shared = plan.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, shared.clone()));
            }
        });
        Self {
            server: Server::at(&format!("http://{address}")).unwrap(),
            plan,
            accepting,
        }
    }

    /// Cuts that have not happened.
    pub fn left(&self) -> usize {
        self.plan.cuts.lock().unwrap().len()
    }

    /// Frames that the newest WebSocket has carried.
    pub fn frames(&self) -> usize {
        self.plan.frames.load(Ordering::SeqCst)
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One direction: what was read and is no whole unit yet.
struct Lane {
    unread: Vec<u8>,
    in_head: bool,
}

impl Lane {
    fn new(unread: Vec<u8>) -> Self {
        Self {
            unread,
            in_head: true,
        }
    }

    /// The next whole unit: the HTTP head first, then frame by frame. True for a frame.
    fn unit(&mut self) -> Option<(Vec<u8>, bool)> {
        let len = match self.in_head {
            true => self.unread.windows(4).position(|it| it == b"\r\n\r\n")? + 4,
            false => frame_len(&self.unread).filter(|len| *len <= self.unread.len())?,
        };
        let rest = self.unread.split_off(len);
        let unit = std::mem::replace(&mut self.unread, rest);
        Some((unit, !std::mem::take(&mut self.in_head)))
    }
}

/// Bytes of the frame that begins here, head included (RFC 6455 §5.2).
fn frame_len(bytes: &[u8]) -> Option<usize> {
    let (_, rest) = bytes.split_first()?;
    let (second, rest) = rest.split_first()?;
    let (extended, len) = match second & 0x7f {
        126 => (
            2,
            usize::from(u16::from_be_bytes(rest.get(..2)?.try_into().ok()?)),
        ),
        127 => (
            8,
            u64::from_be_bytes(rest.get(..8)?.try_into().ok()?) as usize,
        ),
        len => (0, usize::from(len)),
    };
    let mask = if second & 0x80 != 0 { 4 } else { 0 };
    Some(2 + extended + mask + len)
}

async fn relay(mut client: TcpStream, plan: Arc<Plan>) {
    let Ok(mut node) = TcpStream::connect(&plan.node).await else {
        return;
    };
    let mut first = vec![0; 4 * 1024];
    let Ok(read) = client.read(&mut first).await else {
        return;
    };
    first.truncate(read);
    if !first.starts_with(b"GET /ws") {
        let _ = node.write_all(&first).await;
        let _ = tokio::io::copy_bidirectional(&mut client, &mut node).await;
        return;
    }
    let cut = plan.cuts.lock().unwrap().front().copied();
    let (mut up, mut down) = (Lane::new(first), Lane::new(Vec::new()));
    let mut passed = Passed {
        frames: 0,
        cut,
        plan,
    };
    while passed.on(&mut up, &mut node).await && passed.on(&mut down, &mut client).await {
        let read = tokio::select! {
            read = client.read_buf(&mut up.unread) => read,
            read = node.read_buf(&mut down.unread) => read,
        };
        if !matches!(read, Ok(1..)) {
            break;
        }
    }
    end(client, node).await;
}

/// What one WebSocket has carried.
struct Passed {
    frames: usize,
    cut: Option<usize>,
    plan: Arc<Plan>,
}

impl Passed {
    /// Passes on every whole unit there is; false once the connection is over.
    async fn on(&mut self, lane: &mut Lane, to: &mut TcpStream) -> bool {
        while let Some((unit, is_frame)) = lane.unit() {
            if to.write_all(&unit).await.is_err() {
                return false;
            }
            self.frames += usize::from(is_frame);
            self.plan.frames.store(self.frames, Ordering::SeqCst);
            if is_frame && self.cut == Some(self.frames) {
                self.plan.cuts.lock().unwrap().pop_front();
                return false;
            }
        }
        true
    }
}

/// What was passed on arrives, nothing else does: our sides are shut, what still comes is dropped.
async fn end(mut client: TcpStream, mut node: TcpStream) {
    let _ = tokio::join!(client.shutdown(), node.shutdown());
    let drop_rest = async |stream: &mut TcpStream| {
        let mut rest = [0; 4 * 1024];
        while matches!(stream.read(&mut rest).await, Ok(1..)) {}
    };
    let both = async { tokio::join!(drop_rest(&mut client), drop_rest(&mut node)) };
    let _ = tokio::time::timeout(NOTICED, both).await;
}

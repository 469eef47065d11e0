//! Stands between one node and NATS, and loses, doubles and reorders what the node is told; or
//! swallows what it tells a certain other; or is gone.
//!
//! Knows of NATS's protocol only that `MSG`, `HMSG`, `PUB` and `HPUB` end with the length of what
//! follows, and that everything else is one line.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What is done to frames.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Harm {
    /// Share of frames towards the node that are dropped, doubled or overtaken by the next one, each a
    /// third of it.
    pub bent: f64,
    /// Subjects that contain one of these are never published.
    pub swallowed: Vec<String>,
    /// No connection stands, and none is made.
    pub cut: bool,
}

pub struct Shim {
    port: u16,
    harm: watch::Sender<Harm>,
    bent: Arc<Mutex<u64>>,
    accepting: JoinHandle<()>,
}

impl Shim {
    /// In front of the NATS server at this port.
    pub async fn before(server: u16, seed: u64) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (harm, told) = watch::channel(Harm::default());
        let bent = Arc::default();
        let counted = Arc::clone(&bent);
        let accepting = tokio::spawn(async move {
            let mut lines = JoinSet::new();
            let mut number = seed;
            while let Ok((node, _)) = listener.accept().await {
                number += 1;
                let (told, counted) = (told.clone(), Arc::clone(&counted));
                lines.spawn(async move { between(node, server, told, number, &counted).await });
                while lines.try_join_next().is_some() {}
            }
        });
        Ok(Self {
            port,
            harm,
            bent,
            accepting,
        })
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn does(&self, harm: Harm) {
        self.harm.send_replace(harm);
    }

    /// Frames dropped, doubled, overtaken or swallowed so far.
    pub fn bent(&self) -> u64 {
        *self.bent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Shim {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// An end of either side is an end of both.
async fn between(
    node: TcpStream,
    server: u16,
    mut told: watch::Receiver<Harm>,
    seed: u64,
    bent: &Mutex<u64>,
) -> anyhow::Result<()> {
    if told.borrow().cut {
        return Ok(());
    }
    let server = TcpStream::connect(("127.0.0.1", server)).await?;
    node.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (from_node, to_node) = node.into_split();
    let (from_server, to_server) = server.into_split();
    let (up, down) = (told.clone(), told.clone());
    let rng = StdRng::seed_from_u64(seed);
    tokio::select! {
        ended = upwards(from_node, to_server, up, bent) => ended,
        ended = downwards(from_server, to_node, down, rng, bent) => ended,
        cut = told.wait_for(|harm| harm.cut) => cut.map(drop).context("the shim is gone"),
    }
}

async fn upwards(
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    told: watch::Receiver<Harm>,
    bent: &Mutex<u64>,
) -> anyhow::Result<()> {
    let (mut from, mut to) = (BufReader::new(from), BufWriter::new(to));
    while let Some(frame) = frame(&mut from, ["PUB", "HPUB"]).await? {
        let head = frame.split(|byte| *byte == b'\r').next().unwrap_or(&[]);
        let head = String::from_utf8_lossy(head).into_owned();
        let swallowed = {
            let harm = told.borrow();
            head.contains("PUB ") && harm.swallowed.iter().any(|it| head.contains(it.as_str()))
        };
        match swallowed {
            true => count(bent),
            false => to.write_all(&frame).await?,
        }
        if from.buffer().is_empty() {
            to.flush().await?;
        }
    }
    Ok(())
}

async fn downwards(
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    told: watch::Receiver<Harm>,
    mut rng: StdRng,
    bent: &Mutex<u64>,
) -> anyhow::Result<()> {
    let (mut from, mut to) = (BufReader::new(from), BufWriter::new(to));
    let mut late: Option<Vec<u8>> = None;
    while let Some(frame) = frame(&mut from, ["MSG", "HMSG"]).await? {
        let share = told.borrow().bent;
        let is_message = frame.starts_with(b"MSG ") || frame.starts_with(b"HMSG ");
        let overtaken = late.take();
        let mut copies = 1;
        if is_message && share > 0.0 && rng.random_bool(share) {
            count(bent);
            match rng.random_range(0..3) {
                0 => copies = 0,
                1 => copies = 2,
                _ => {
                    copies = 0;
                    late = Some(frame.clone());
                }
            }
        }
        for _ in 0..copies {
            to.write_all(&frame).await?;
        }
        if let Some(overtaken) = overtaken {
            to.write_all(&overtaken).await?;
        }
        if from.buffer().is_empty() {
            to.flush().await?;
        }
    }
    Ok(())
}

/// One frame as it came; `None` at the end of the stream.
async fn frame(
    from: &mut BufReader<OwnedReadHalf>,
    with_payload: [&str; 2],
) -> anyhow::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    if from.read_until(b'\n', &mut bytes).await? == 0 {
        return Ok(None);
    }
    let line = String::from_utf8_lossy(&bytes).into_owned();
    let mut words = line.split_whitespace();
    let name = words.next().unwrap_or_default();
    if with_payload.iter().any(|it| name.eq_ignore_ascii_case(it)) {
        let length: usize = words.last().context("a length")?.parse()?;
        let head = bytes.len();
        // The payload, and the end of its line.
        bytes.resize(head + length + 2, 0);
        from.read_exact(&mut bytes[head..]).await?;
    }
    Ok(Some(bytes))
}

fn count(bent: &Mutex<u64>) {
    *bent.lock().unwrap_or_else(PoisonError::into_inner) += 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(stream: &mut TcpStream, length: usize) -> String {
        let mut bytes = vec![0; length];
        stream.read_exact(&mut bytes).await.expect("as many bytes");
        String::from_utf8(bytes).expect("text")
    }

    #[tokio::test]
    async fn frames_pass_whole_and_swallowed_subjects_do_not() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let shim = Shim::before(port, 1).await.expect("stands");
        let mut node = TcpStream::connect(("127.0.0.1", shim.port))
            .await
            .expect("there");
        let (mut server, _) = listener.accept().await.expect("connected");
        shim.does(Harm {
            swallowed: vec![".node.2".to_owned()],
            ..Harm::default()
        });
        let said = "CONNECT {}\r\nPUB a.node.2 3\r\nx\ny\r\nPUB a.node.3 5\r\nPUB \n\r\nPING\r\n";
        node.write_all(said.as_bytes()).await.expect("written");
        let heard = "CONNECT {}\r\nPUB a.node.3 5\r\nPUB \n\r\nPING\r\n";
        assert_eq!(read(&mut server, heard.len()).await, heard);
        assert_eq!(shim.bent(), 1);
        let message = "MSG a.node.1 1 2\r\nhi\r\n";
        server.write_all(message.as_bytes()).await.expect("written");
        assert_eq!(read(&mut node, message.len()).await, message);
        shim.does(Harm {
            cut: true,
            ..Harm::default()
        });
        assert_eq!(node.read(&mut [0; 8]).await.expect("closed"), 0);
    }
}

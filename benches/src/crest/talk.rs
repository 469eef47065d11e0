//! A connection while the scene is set: frames one by one.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use crest_schema::frame::client::Hello;
use crest_schema::{ClientFrame, ServerFrame};

use crate::wire::{Opcode, frames, join_with, masked};

const PATIENCE: Duration = Duration::from_secs(30);

/// A welcomed connection.
pub struct Talk {
    pub stream: TcpStream,
    unread: Vec<u8>,
    /// Read and not looked at.
    frames: Vec<ServerFrame<'static>>,
}

impl Talk {
    /// Connects with a ticket and waits for its welcome.
    pub fn enter(server: SocketAddr, ticket: String, group: Option<&str>) -> anyhow::Result<Self> {
        let mut talk = Self {
            stream: join_with(server, "/ws", Some("crest.v1.msgpack"))?,
            unread: Vec::new(),
            frames: Vec::new(),
        };
        talk.say(&ClientFrame::Hello(Hello {
            ticket,
            client: None,
            language: None,
            group: group.map(str::to_owned),
            resume: Vec::new(),
        }))?;
        talk.until("welcome", |frame| {
            matches!(frame, ServerFrame::Welcome(_)).then_some(())
        })?;
        Ok(talk)
    }

    pub fn say(&mut self, frame: &ClientFrame) -> anyhow::Result<()> {
        let frame = masked(true, &frame.encode(Some(0)));
        Ok(self.stream.write_all(&frame)?)
    }

    /// Says a prepared payload.
    pub fn say_raw(&mut self, payload: &[u8]) -> anyhow::Result<()> {
        Ok(self.stream.write_all(&masked(true, payload))?)
    }

    /// Says a prepared payload and waits until it is acknowledged.
    pub fn first_words(&mut self, payload: &[u8]) -> anyhow::Result<()> {
        self.say_raw(payload)?;
        self.until("ack", |frame| {
            matches!(frame, ServerFrame::Ack(_)).then_some(())
        })
    }

    /// Frames that have come, the newest last; waits at most `timeout` for the first.
    pub fn hear(&mut self, timeout: Duration) -> anyhow::Result<Vec<ServerFrame<'static>>> {
        if self.frames.is_empty() {
            self.stream
                .set_read_timeout(Some(timeout.max(Duration::from_millis(1))))?;
            let mut buffer = [0; 64 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => bail!("the server closed the connection"),
                Ok(came) => self.unread.extend_from_slice(&buffer[..came]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return Err(error.into()),
            }
            let mut seen = Vec::new();
            let used = frames(&self.unread, |opcode, payload| {
                if opcode == Opcode::Data {
                    seen.push(payload.to_vec());
                }
            });
            self.unread.drain(..used);
            for payload in seen {
                let (_, frame) = ServerFrame::decode(&payload).context("a frame is malformed")?;
                if let ServerFrame::Error(error) = &frame {
                    bail!("the server answers {error:?}");
                }
                self.frames.push(frame);
            }
        }
        Ok(std::mem::take(&mut self.frames))
    }

    /// Waits for a frame; those before it are passed over.
    pub fn until<T>(
        &mut self,
        what: &str,
        mut wanted: impl FnMut(&ServerFrame<'static>) -> Option<T>,
    ) -> anyhow::Result<T> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            let mut frames = self.hear(Duration::from_millis(100))?.into_iter();
            let found = frames.find_map(|frame| wanted(&frame));
            self.frames.extend(frames);
            if let Some(found) = found {
                return Ok(found);
            }
        }
        bail!("no {what} came")
    }
}

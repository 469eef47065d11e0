//! One connection as the client holds it.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;

use anyhow::bail;

use crate::wire::{Dialect, Opcode, Request, Tally, frames, masked};

/// Which requests are settled by what comes on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settles {
    /// Its own, by answers.
    Own,
    /// Nobody's: its requests are settled where they are delivered.
    Nobodys,
    /// Another line's, by deliveries.
    Of(usize),
}

/// A connection with what it says, if it says anything, and what it was told.
pub struct Line {
    pub stream: TcpStream,
    /// What it asks; a line without only listens.
    pub request: Option<Request>,
    /// What settles a request of a line's in the closed loop.
    pub settles: Settles,
    /// Asked and not answered.
    pub in_flight: u32,
    /// Speakers it hears where some say and many hear; 0 where it is nobody's watcher.
    pub watches: u32,
    /// Beginning of a frame whose end has not come.
    partial: Vec<u8>,
    /// Written once the socket takes more.
    unsent: Vec<u8>,
}

impl Line {
    pub fn new(stream: TcpStream, request: Option<Request>) -> anyhow::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            request,
            settles: Settles::Own,
            in_flight: 0,
            watches: 0,
            partial: Vec::new(),
            unsent: Vec::new(),
        })
    }

    /// Asks so many times with one write.
    pub fn ask(&mut self, times: u32, scratch: &mut Vec<u8>) -> anyhow::Result<()> {
        let Some(request) = &mut self.request else {
            return Ok(());
        };
        scratch.clear();
        (0..times).for_each(|_| request.write(scratch));
        self.in_flight += times;
        self.send(scratch)
    }

    /// Writes now what the socket takes, the rest with the next [`Line::flush`].
    pub fn send(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(bytes);
            return self.flush();
        }
        let written = self.write(bytes)?;
        self.unsent.extend_from_slice(&bytes[written..]);
        Ok(())
    }

    pub fn flush(&mut self) -> anyhow::Result<()> {
        let unsent = std::mem::take(&mut self.unsent);
        let written = self.write(&unsent)?;
        self.unsent = unsent;
        self.unsent.drain(..written);
        Ok(())
    }

    pub fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<usize> {
        let mut written = 0;
        while written < bytes.len() {
            match self.stream.write(&bytes[written..]) {
                Ok(some) => written += some,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(written)
    }

    /// Reads once into `buffer` and counts what is whole. Pings are answered.
    pub fn read(
        &mut self,
        dialect: Dialect,
        buffer: &mut [u8],
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let kept = self.partial.len();
        buffer[..kept].copy_from_slice(&self.partial);
        let came = match self.stream.read(&mut buffer[kept..]) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(came) => came,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let whole = &buffer[..kept + came];
        let asks = self.request.is_some();
        let mut pong = None;
        let mut closed = false;
        let used = frames(whole, |opcode, payload| match opcode {
            Opcode::Data => dialect.count(payload, asks, tally),
            Opcode::Ping => pong = Some(masked(false, payload)),
            Opcode::Close => closed = true,
            Opcode::Other => {}
        });
        self.partial.clear();
        self.partial.extend_from_slice(&whole[used..]);
        if closed {
            bail!("the server said goodbye");
        }
        if let Some(pong) = pong {
            self.send(&pong)?;
        }
        Ok(())
    }
}

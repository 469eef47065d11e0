//! Everybody comes back at once: handshakes over as many connections as there is room for.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::Server;
use super::slice::{Began, Slice};
use crate::sys::Epoll;
use crate::wire::{Opcode, frames, upgrade};

/// Handshakes under way at a time: more would overflow the listener's queue, and a lost SYN is
/// sent again after a second.
const UNDER_WAY: usize = 512;
/// Who is not back by then stays away.
const PATIENCE: Duration = Duration::from_secs(60);

/// One that comes back: what it asks for, and what tells that it is back.
pub struct Comer<'a> {
    pub path: &'a str,
    pub protocol: Option<&'a str>,
    /// Its first frame, masked; nothing where the upgrade is all.
    pub first: Vec<u8>,
    /// Kind of the server's frame that ends its way; `None`: the upgrade does.
    pub back_at: Option<u8>,
}

struct Coming {
    stream: TcpStream,
    unread: Vec<u8>,
    upgraded: bool,
    back_at: Option<u8>,
    back: bool,
}

/// Brings them all back as fast as it goes, and hands over their connections.
pub fn storm(
    server: &Server,
    address: SocketAddr,
    comers: &[Comer<'_>],
) -> anyhow::Result<(Slice, Vec<TcpStream>)> {
    let mut epoll = Epoll::new(1_024)?;
    let mut coming: Vec<Coming> = Vec::with_capacity(comers.len());
    let mut buffer = vec![0; 64 * 1024];
    let (mut back, mut ready) = (0, Vec::new());
    let began = Began::now(server)?;
    let start = Instant::now();
    while back < comers.len() {
        while coming.len() < comers.len() && coming.len() - back < UNDER_WAY {
            let one = Coming::set_out(address, &comers[coming.len()])?;
            epoll.add(one.stream.as_raw_fd(), coming.len())?;
            coming.push(one);
        }
        epoll.wait(Duration::from_millis(20), &mut ready)?;
        for &number in &ready {
            let one = &mut coming[number];
            let before = one.back;
            one.read(&mut buffer)?;
            back += usize::from(one.back && !before);
        }
        if start.elapsed() > PATIENCE {
            bail!("{} of {} are not back", comers.len() - back, comers.len());
        }
    }
    let slice = began.ended(server, comers.len() as u64)?;
    Ok((slice, coming.into_iter().map(|one| one.stream).collect()))
}

impl Coming {
    fn set_out(address: SocketAddr, comer: &Comer<'_>) -> anyhow::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let mut said = upgrade(address, comer.path, comer.protocol).into_bytes();
        said.extend_from_slice(&comer.first);
        stream.write_all(&said)?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            unread: Vec::new(),
            upgraded: false,
            back_at: comer.back_at,
            back: false,
        })
    }

    fn read(&mut self, buffer: &mut [u8]) -> anyhow::Result<()> {
        let came = match self.stream.read(buffer) {
            Ok(0) => bail!("the server closed a connection"),
            Ok(came) => came,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if self.back {
            return Ok(());
        }
        self.unread.extend_from_slice(&buffer[..came]);
        if !self.upgraded {
            let Some(end) = self.unread.windows(4).position(|it| it == b"\r\n\r\n") else {
                return Ok(());
            };
            if !self.unread.starts_with(b"HTTP/1.1 101") {
                bail!("no upgrade: {}", String::from_utf8_lossy(&self.unread));
            }
            self.unread.drain(..end + 4);
            self.upgraded = true;
        }
        let Some(back_at) = self.back_at else {
            self.back = true;
            return Ok(());
        };
        let mut told = Ok(());
        let mut back = false;
        let used = frames(&self.unread, |opcode, payload| match (opcode, payload) {
            // An envelope is an array of three, its kind first.
            (Opcode::Data, [0x93, kind, ..]) => back |= *kind == back_at,
            (Opcode::Close, payload) => told = Err(String::from_utf8_lossy(payload).into_owned()),
            _ => {}
        });
        if let Err(why) = told {
            bail!("turned away: {why}");
        }
        self.unread.drain(..used);
        self.back = back;
        Ok(())
    }
}

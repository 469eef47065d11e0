//! All connections to one server, and the closed loop over them.

use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use anyhow::bail;

use super::line::Settles;
use super::slice::{Began, Slice};
use super::{Line, Server};
use crate::sys::Epoll;
use crate::wire::{Dialect, Tally};

/// Takes many small frames, or several large ones, in one call.
const READ_BYTES: usize = 512 * 1024;
/// What is under way at a slice's end must come by then.
const DRAIN: Duration = Duration::from_secs(60);
/// Deliveries that follow the last answer have come once it was quiet for so long.
const QUIET: Duration = Duration::from_millis(20);

/// A server's clients, all in one thread.
pub struct Crowd {
    pub server: Server,
    pub lines: Vec<Line>,
    /// Connections that are open and never read.
    pub silent: Vec<TcpStream>,
    pub(super) dialect: Dialect,
    /// Requests may be refused for now.
    pub(super) may_refuse: bool,
    epoll: Epoll,
    buffer: Vec<u8>,
    scratch: Vec<u8>,
    ready: Vec<usize>,
    answered: Vec<(usize, u32)>,
    settles: Vec<Settles>,
}

impl Crowd {
    pub fn new(server: Server, lines: Vec<Line>, dialect: Dialect) -> anyhow::Result<Self> {
        let epoll = Epoll::new(1_024)?;
        for (number, line) in lines.iter().enumerate() {
            epoll.add(line.stream.as_raw_fd(), number)?;
        }
        Ok(Self {
            settles: lines.iter().map(|line| line.settles).collect(),
            server,
            lines,
            silent: Vec::new(),
            dialect,
            may_refuse: false,
            epoll,
            buffer: vec![0; READ_BYTES],
            scratch: Vec::new(),
            ready: Vec::new(),
            answered: Vec::new(),
        })
    }

    /// Every line that asks keeps `depth` requests in flight for `lasts`; then all is answered. The
    /// time to the last answer counts, so that a server which answers in large lots is not cut short.
    pub fn closed_loop(&mut self, depth: u32, lasts: Duration) -> anyhow::Result<Slice> {
        let began = Began::now(&self.server)?;
        let start = Instant::now();
        for number in 0..self.lines.len() {
            self.ask(number, depth)?;
        }
        let mut done = 0;
        while start.elapsed() < lasts {
            done += self.turn(lasts.saturating_sub(start.elapsed()), true)?;
        }
        while self.lines.iter().any(|line| line.in_flight > 0) {
            done += self.turn(QUIET, false)?;
            if start.elapsed() > lasts + DRAIN {
                bail!("requests stay unanswered");
            }
        }
        let slice = began.ended(&self.server, done)?;
        self.quiet()?;
        Ok(slice)
    }

    /// Asks on one line, if it is one that asks.
    pub(super) fn ask(&mut self, number: usize, times: u32) -> anyhow::Result<()> {
        self.lines[number].ask(times, &mut self.scratch)
    }

    /// Reads whatever comes until nothing does.
    pub fn quiet(&mut self) -> anyhow::Result<()> {
        let mut last = Instant::now();
        let start = Instant::now();
        while last.elapsed() < QUIET && start.elapsed() < DRAIN {
            self.take(QUIET, |_, _| last = Instant::now())?;
        }
        Ok(())
    }

    /// Counts answers; each is followed by another request if `again`.
    fn turn(&mut self, timeout: Duration, again: bool) -> anyhow::Result<u64> {
        let mut answered = std::mem::take(&mut self.answered);
        answered.clear();
        let settles = std::mem::take(&mut self.settles);
        self.take(timeout, |number, tally| {
            let settled = match settles[number] {
                Settles::Own => (number, tally.answers),
                Settles::Of(other) => (other, tally.deliveries),
                Settles::Nobodys => (number, 0),
            };
            if settled.1 > 0 {
                answered.push(settled);
            }
        })?;
        self.settles = settles;
        let mut done = 0;
        for &(number, answers) in &answered {
            let line = &mut self.lines[number];
            line.in_flight = line.in_flight.saturating_sub(answers);
            done += u64::from(answers);
            if again {
                line.ask(answers, &mut self.scratch)?;
            }
        }
        self.answered = answered;
        Ok(done)
    }

    /// Waits once and reads every line that has something; `see` is told what each was told.
    pub(super) fn take(
        &mut self,
        timeout: Duration,
        mut see: impl FnMut(usize, &Tally),
    ) -> anyhow::Result<()> {
        let timeout = timeout.max(Duration::from_millis(1));
        let mut ready = std::mem::take(&mut self.ready);
        self.epoll.wait(timeout, &mut ready)?;
        for &number in &ready {
            let mut tally = Tally::default();
            let line = &mut self.lines[number];
            line.read(self.dialect, &mut self.buffer, &mut tally)?;
            if let Some(words) = tally
                .refused
                .take_if(|_| !self.may_refuse || tally.busy.is_empty())
            {
                bail!("the server refused: {words}");
            }
            see(number, &tally);
        }
        self.ready = ready;
        Ok(())
    }
}

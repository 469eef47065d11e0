//! The few calls of the system that the standard library does not have: readiness, cores, CPU time.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Readiness of many sockets, level triggered; each is known by a number.
pub struct Epoll {
    epoll: OwnedFd,
    ready: Vec<libc::epoll_event>,
}

impl Epoll {
    /// Tells of at most `at_once` sockets at a time.
    pub fn new(at_once: usize) -> io::Result<Self> {
        // SAFETY: no pointers; the result is checked.
        let fd = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Self {
            // SAFETY: the descriptor is new and nobody else's.
            epoll: unsafe { OwnedFd::from_raw_fd(fd) },
            ready: vec![libc::epoll_event { events: 0, u64: 0 }; at_once],
        })
    }

    /// Watches a socket for bytes to read.
    pub fn add(&self, socket: RawFd, number: usize) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: libc::EPOLLIN as u32,
            u64: number as u64,
        };
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: the event lives through the call, which copies it.
        check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, socket, &raw mut event) })?;
        Ok(())
    }

    /// Numbers of the sockets that have something, at the latest after `timeout` (whole milliseconds).
    pub fn wait(&mut self, timeout: Duration, numbers: &mut Vec<usize>) -> io::Result<()> {
        let (epoll, room) = (self.epoll.as_raw_fd(), self.ready.len() as i32);
        let timeout_ms = timeout.as_millis() as i32;
        // SAFETY: the buffer has room for as many events as are asked for.
        let found = unsafe { libc::epoll_wait(epoll, self.ready.as_mut_ptr(), room, timeout_ms) };
        numbers.clear();
        match check(found) {
            Ok(found) => {
                numbers.extend(self.ready[..found as usize].iter().map(|e| e.u64 as usize))
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Keeps the calling thread, and what it starts, on one core.
pub fn pin(core: usize) -> io::Result<()> {
    // SAFETY: an empty set is all zeros.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the set is ours; the core's number is checked by the macro's own bounds.
    unsafe { libc::CPU_SET(core, &mut set) };
    // SAFETY: the set lives through the call.
    check(unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) })?;
    Ok(())
}

/// To be called in a new process before it runs its program: its core, and its end with ours.
pub fn prepare_child(core: usize) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    pin(core)
}

/// CPU time a process has used so far, all its threads together.
pub fn cpu_of(pid: u32) -> io::Result<Duration> {
    let mut clock = 0;
    // SAFETY: the clock's number is written to a variable of ours.
    let code = unsafe { libc::clock_getcpuclockid(pid as i32, &raw mut clock) };
    if code != 0 {
        return Err(io::Error::from_raw_os_error(code));
    }
    read_clock(clock)
}

/// CPU time the calling thread has used so far.
pub fn cpu_here() -> io::Result<Duration> {
    read_clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn read_clock(clock: libc::clockid_t) -> io::Result<Duration> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the time is written to a variable of ours.
    check(unsafe { libc::clock_gettime(clock, &raw mut time) })?;
    Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

/// Leaves the kernel little room for what a socket's owner does not read.
pub fn shrink_receive_buffer(socket: &impl AsRawFd) -> io::Result<()> {
    let bytes: libc::c_int = 4_096;
    // SAFETY: the number lives through the call, which copies it.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_RCVBUF,
            (&raw const bytes).cast(),
            size_of_val(&bytes) as libc::socklen_t,
        )
    })?;
    Ok(())
}

/// Bytes of resident memory of a process.
pub fn resident_bytes(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib * 1024)
        .ok_or_else(|| io::Error::other("no VmRSS"))
}

/// Share of the machine's CPU time that anybody used while this looked on, 0 to 1.
pub fn busy_share(lasts: Duration) -> io::Result<f64> {
    let before = cpu_ticks()?;
    std::thread::sleep(lasts);
    let after = cpu_ticks()?;
    let (busy, all) = (after.0 - before.0, after.1 - before.1);
    Ok(busy as f64 / all.max(1) as f64)
}

/// Ticks that all cores were busy, and ticks in all.
fn cpu_ticks() -> io::Result<(u64, u64)> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().unwrap_or_default();
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    let all: u64 = ticks.iter().take(8).sum();
    // The fourth and fifth are idle and waiting for the disk.
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    Ok((all - idle, all))
}

fn check(code: i32) -> io::Result<i32> {
    if code < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(code)
}

//! A NATS server of a test's own.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::bus::Answerer;

/// Ends with the test.
pub struct Nats {
    pub port: u16,
    arguments: Vec<String>,
    child: Child,
}

impl Nats {
    /// On a free port of loopback; `None` where tests are told to do without.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        if std::env::var("CREST_SKIP_NATS").is_ok_and(|skip| skip == "1") {
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let arguments: Vec<String> = arguments.iter().map(|&it| it.to_owned()).collect();
        let child = spawn(port, &arguments);
        Some(Self {
            port,
            arguments,
            child,
        })
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it, as a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same port, after [`Nats::kill`].
    pub fn restart(&mut self) {
        self.child = spawn(self.port, &self.arguments);
    }

    /// Lets it hang, its connections open.
    pub fn freeze(&self) {
        kill_process(self.pid(), Signal::STOP).unwrap();
    }

    pub fn thaw(&self) {
        kill_process(self.pid(), Signal::CONT).unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(port: u16, arguments: &[String]) -> Child {
    let start = |program| {
        Command::new(program)
            .args(["--addr", "127.0.0.1", "--port", &port.to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    let child = start("nats-server").or_else(|_| start("/usr/sbin/nats-server"));
    let child = child.expect(
        "nats-server is needed: install the package (apt-get install nats-server), or set CREST_SKIP_NATS=1",
    );
    let until = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(Instant::now() < until, "nats-server does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

/// Answers nothing that is asked.
pub fn silent() -> Answerer {
    Box::new(|_| std::future::ready(None).boxed())
}

//! A TCP proxy before a server, with faults to order.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What is done to traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Each answer is so late.
    Late(Duration),
    /// Requests arrive, answers are kept back until the fault ends.
    Silent,
    /// Requests arrive, and the connection is cut instead of each answer.
    CutAfter,
    /// Connections are cut, and new ones too.
    Away,
}

struct Shared {
    fault: Mutex<Fault>,
    changed: Condvar,
    open: Mutex<Vec<TcpStream>>,
    cut: AtomicU32,
}

/// The proxy; connections end with it.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    pub fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let shared = Arc::new(Shared {
            fault: Mutex::new(Fault::None),
            changed: Condvar::new(),
            open: Mutex::new(Vec::new()),
            cut: AtomicU32::new(0),
        });
        let (server, accepting) = (server.to_owned(), shared.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(&server) {
                    accepting.join(client, server);
                }
            }
        });
        Self { address, shared }
    }

    /// From now on, until the next.
    pub fn set(&self, fault: Fault) {
        *self.shared.fault.lock().expect("not poisoned") = fault;
        self.shared.changed.notify_all();
        if fault == Fault::Away {
            self.cut();
        }
    }

    /// Cuts every connection there is.
    pub fn cut(&self) {
        for stream in self.shared.open.lock().expect("not poisoned").drain(..) {
            self.shared.cut.fetch_add(1, Ordering::Relaxed);
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Connections cut so far.
    pub fn cuts(&self) -> u32 {
        self.shared.cut.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn join(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        if *self.fault.lock().expect("not poisoned") == Fault::Away {
            return; // dropping both closes them
        }
        let copy = |stream: &TcpStream| stream.try_clone().expect("a second handle");
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let mut open = self.open.lock().expect("not poisoned");
        open.extend([copy(&client), copy(&server)]);
        drop(open);
        let (from, to) = (copy(&client), copy(&server));
        std::thread::spawn(move || pump(from, to, |_| true));
        let shared = self.clone();
        std::thread::spawn(move || {
            pump(server, client, |_| shared.may_answer());
        });
    }

    /// Waits as the fault says; `false`: cut.
    fn may_answer(&self) -> bool {
        let fault = *self.fault.lock().expect("not poisoned");
        match fault {
            Fault::None => true,
            Fault::Late(by) => {
                std::thread::park_timeout(by);
                true
            }
            Fault::Silent => {
                let fault = self.fault.lock().expect("not poisoned");
                let silent = |fault: &mut Fault| *fault == Fault::Silent;
                drop(
                    self.changed
                        .wait_while(fault, silent)
                        .expect("not poisoned"),
                );
                true
            }
            Fault::CutAfter | Fault::Away => {
                self.cut.fetch_add(1, Ordering::Relaxed);
                false
            }
        }
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, mut may_pass: impl FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let bytes = &buffer[..read];
        if !may_pass(bytes) || to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
}

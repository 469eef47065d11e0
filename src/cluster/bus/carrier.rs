//! The bus as arbiters see it: they hand over and go on.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use async_nats::{Client, ConnectOptions};
use crest_actors::effect::Traffic;
use crest_actors::ids::Shard;
use crest_actors::ports::Carrier;
use crest_schema::frame::Id;
use metrics::{counter, gauge};
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore};

use super::calls::Answerer;
use super::intake::Intake;
use super::lanes::{Dropped, Lanes, To};
use super::limits::CALLS;
use super::line::{self, Line};
use crate::config::{Cluster, NatsServer};
use crate::translate::node::{count_items, each_item};

/// The bus cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum BusFailure {
    #[error("{0}")]
    Refused(&'static str),
    #[error("cluster.nats_ca: {}: {why}", path.display())]
    Authority { path: PathBuf, why: io::Error },
    #[error("no thread for the bus: {0}")]
    Thread(#[from] io::Error),
}

/// Whose frames have not arrived here.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Missed {
    /// The bus was away: anybody's.
    pub all: bool,
    pub of: BTreeSet<u16>,
}

/// The way to other nodes, over NATS. While NATS cannot be reached, everything is dropped and counted.
pub struct Bus {
    pub(super) config: Cluster,
    pub(super) servers: Vec<NatsServer>,
    pub(super) incarnation: Id,
    pub(super) wake: Notify,
    lanes: Mutex<Lanes>,
    connected: AtomicBool,
    missed: Mutex<Missed>,
    missing: Notify,
    pub(super) calls: Semaphore,
    /// Once the line is open.
    pub(super) line: OnceLock<(Client, Handle)>,
    misplaced: Box<dyn Fn(Shard) + Send + Sync>,
}

impl Bus {
    /// A bus for one life of this node's process; `incarnation` is never used again. `misplaced` is
    /// told of shards that are elsewhere than believed, on an arbiter's or the bus's thread: it must
    /// not block. Nothing is sent before [`Bus::open`].
    pub fn new(
        config: &Cluster,
        incarnation: [u8; 16],
        misplaced: impl Fn(Shard) + Send + Sync + 'static,
    ) -> Result<Arc<Self>, BusFailure> {
        let servers = config.servers().map_err(BusFailure::Refused)?;
        if servers.is_empty() {
            return Err(BusFailure::Refused(
                "cluster.nats_url is empty: this node is alone",
            ));
        }
        if config.requires_tls() {
            let path = PathBuf::from(&config.nats_ca);
            if let Err(why) = certificates(&path) {
                return Err(BusFailure::Authority { path, why });
            }
        }
        gauge!("crest_bus_connected").set(0.0);
        Ok(Arc::new(Self {
            config: config.clone(),
            servers,
            incarnation: Id(incarnation),
            wake: Notify::new(),
            lanes: Mutex::new(Lanes::new(config.node, Id(incarnation))),
            connected: AtomicBool::new(false),
            missed: Mutex::default(),
            missing: Notify::new(),
            calls: Semaphore::new(CALLS),
            line: OnceLock::new(),
            misplaced: Box::new(misplaced),
        }))
    }

    /// Starts the thread that connects, and connects again whenever it must. It calls `deliver` with
    /// a node's number and what it sent, and `answerer` with what it asks; neither may block. The
    /// bus is closed when the line is.
    pub fn open(
        self: &Arc<Self>,
        deliver: impl FnMut(u16, Traffic) + Send + 'static,
        answerer: Answerer,
    ) -> Result<Line, BusFailure> {
        let intake = Intake::new(self.config.node, self.incarnation);
        Ok(Line::open(
            self.clone(),
            intake,
            Box::new(deliver),
            answerer,
        )?)
    }

    /// The client, while it is connected.
    pub(super) fn open_line(&self) -> Option<(Client, Handle)> {
        self.line.get().filter(|_| self.is_connected()).cloned()
    }

    pub(super) fn call_subject(&self, node: u16) -> String {
        format!("crest.{}.call.{node}", self.config.name)
    }

    /// Can anything be sent now?
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Acquire)
    }

    /// Waits until something is known to have been lost on its way here. What was said then is in
    /// the logs.
    pub async fn missed(&self) -> Missed {
        self.missing.notified().await;
        std::mem::take(&mut *self.missed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Frames of this node are missing, or of `None`: of any.
    pub(super) fn note_missed(&self, of: Option<u16>) {
        let mut missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        match of {
            Some(node) => drop(missed.of.insert(node)),
            None => missed.all = true,
        }
        drop(missed);
        self.missing.notify_one();
    }

    pub(super) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Release);
        gauge!("crest_bus_connected").set(f64::from(u8::from(connected)));
        match connected {
            true => self.note_missed(None),
            false => self.forget(),
        }
    }

    /// Drops what waits: it would be stale when it could be sent.
    pub(super) fn forget(&self) {
        let items = self.lanes().clear();
        dropped("away", items);
    }

    pub(super) fn next_frame(&self) -> Option<(To, Vec<u8>, u32)> {
        self.lanes().next()
    }

    pub(super) fn options(&self) -> ConnectOptions {
        let options = line::options().name(format!("crest node {}", self.config.node));
        let options = match self.config.nats_password.expose() {
            Some(password) => {
                options.user_and_password(self.config.nats_user.clone(), password.to_owned())
            }
            None => options,
        };
        match self.config.requires_tls() {
            true => options
                .require_tls(true)
                .add_root_certificates(PathBuf::from(&self.config.nats_ca)),
            false => options,
        }
    }

    fn send(&self, to: To, traffic: &Traffic) {
        if !self.is_connected() {
            return dropped("away", count_items(traffic));
        }
        let (mut full, mut large) = (0, 0);
        each_item(traffic, |item| match self.lanes().add(to, item) {
            Ok(()) => {}
            Err(Dropped::Full) => full += 1,
            Err(Dropped::TooLarge) => large += 1,
        });
        dropped("full", full);
        if large > 0 {
            tracing::error!(?to, "an item larger than any may be is dropped");
            dropped("too_large", large);
        }
        self.wake.notify_one();
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        // Nothing under this lock panics half-way, so what it guards is whole even if poisoned.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Carrier for Bus {
    fn carry(&self, node: u16, traffic: Traffic) {
        self.send(To::Node(node), &traffic);
    }

    fn carry_to_all(&self, traffic: Traffic) {
        self.send(To::All, &traffic);
    }

    fn misplaced(&self, shard: Shard) {
        (self.misplaced)(shard);
    }
}

/// Is there one in the file? Without, every server would be distrusted for ever.
fn certificates(path: &Path) -> io::Result<()> {
    let text = std::fs::read_to_string(path)?;
    match text.contains("-----BEGIN CERTIFICATE-----") {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "holds no certificate (PEM)",
        )),
    }
}

/// Counts items that no other node will see.
pub(super) fn dropped(why: &'static str, items: u64) {
    if items > 0 {
        counter!("crest_bus_dropped_items_total", "why" => why).increment(items);
    }
}

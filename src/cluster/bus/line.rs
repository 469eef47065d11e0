//! The thread that talks to NATS.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, Message};
use crest_actors::effect::Traffic;
use futures_util::StreamExt;
use futures_util::stream::select;
use metrics::counter;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::calls::{Answerer, answer};
use super::carrier::{Bus, dropped};
use super::intake::{Intake, Way};
use super::lanes::To;
use super::limits::{
    CONNECT, FAREWELL, PING, READING_FRAMES, RETRY_FIRST, RETRY_LAST, WRITING_FRAMES,
};

pub(super) type Deliver = Box<dyn FnMut(u16, Traffic) + Send>;

/// An open bus. What waits is still sent when it is closed; dropping it closes it too.
pub struct Line {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Line {
    pub(super) fn open(
        bus: Arc<Bus>,
        intake: Intake,
        deliver: Deliver,
        answerer: Answerer,
    ) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("crest-bus".into())
            .spawn(move || {
                let closed = Closed(bus.clone());
                runtime.block_on(run(&bus, intake, deliver, answerer, stopped));
                drop(closed);
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Sends what waits, at most half a second long, and ends the thread.
    pub fn close(self) {}
}

impl Drop for Line {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the bus died of a defect before it was closed");
        }
    }
}

/// However the thread ends, nobody believes the bus is there.
struct Closed(Arc<Bus>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.set_connected(false);
    }
}

/// Bounds of the client, the same for every cluster.
pub(super) fn options() -> ConnectOptions {
    ConnectOptions::new()
        .retry_on_initial_connect()
        .ignore_discovered_servers() // one of them could be reached in plaintext
        .no_echo()
        .ping_interval(PING)
        .connection_timeout(CONNECT)
        .client_capacity(WRITING_FRAMES)
        .subscription_capacity(READING_FRAMES)
        .reconnect_delay_callback(pause)
}

/// Before the attempt of this number.
fn pause(attempt: usize) -> Duration {
    let doubled = 1 << attempt.saturating_sub(1).min(16);
    RETRY_LAST.min(RETRY_FIRST * doubled)
}

async fn run(
    bus: &Arc<Bus>,
    intake: Intake,
    deliver: Deliver,
    answerer: Answerer,
    stopped: oneshot::Receiver<()>,
) {
    let told = bus.clone();
    let options = bus.options().event_callback(move |event| {
        note(&told, event);
        std::future::ready(())
    });
    let subjects = Subjects::of(bus);
    let connected = options.connect(&bus.servers[..]).await;
    let client = match connected {
        Ok(client) => client,
        Err(why) => return tracing::error!(%why, "the bus cannot be opened"),
    };
    let _ = bus.line.set((client.clone(), Handle::current())); // a bus has one line for life
    tokio::select! {
        () = answer(client.clone(), bus.call_subject(bus.config.node), answerer) => {}
        () = receive(bus, &client, &subjects, intake, deliver) => {}
        () = send(bus, &client, &subjects) => {}
        _ = stopped => {
            let farewell = async {
                send_waiting(bus, &client, &subjects).await;
                client.flush().await
            };
            if bus.is_connected() {
                let _ = tokio::time::timeout(FAREWELL, farewell).await;
            }
        }
    }
}

fn note(bus: &Bus, event: Event) {
    match event {
        Event::Connected => {
            tracing::info!("connected to the bus");
            bus.set_connected(true);
        }
        Event::Disconnected | Event::Closed => {
            tracing::warn!("the bus is away; what nodes tell each other is lost until it is back");
            bus.set_connected(false);
        }
        Event::SlowConsumer(_) => {} // seen as a hole in the numbers
        Event::ServerError(why) => tracing::warn!(%why, "the bus complains"),
        Event::ClientError(why) => tracing::warn!(%why, "the bus cannot be reached"),
        Event::LameDuckMode | Event::Draining => tracing::info!(%event, "the bus goes away"),
    }
}

async fn send(bus: &Bus, client: &Client, subjects: &Subjects) {
    loop {
        bus.wake.notified().await;
        send_waiting(bus, client, subjects).await;
    }
}

async fn send_waiting(bus: &Bus, client: &Client, subjects: &Subjects) {
    while let Some((to, frame, items)) = bus.next_frame() {
        let bytes = frame.len() as u64;
        match client.publish(subjects.to(to), frame.into()).await {
            Ok(()) => {
                counter!("crest_bus_sent_frames_total").increment(1);
                counter!("crest_bus_sent_bytes_total").increment(bytes);
            }
            Err(why) => {
                tracing::warn!(%why, bytes, "a frame cannot be sent");
                dropped("refused", u64::from(items));
            }
        }
    }
}

async fn receive(
    bus: &Bus,
    client: &Client,
    subjects: &Subjects,
    mut intake: Intake,
    mut deliver: Deliver,
) {
    let direct = client.subscribe(subjects.own.clone()).await;
    let to_all = client.subscribe(subjects.all.clone()).await;
    let (direct, to_all) = match (direct, to_all) {
        (Ok(direct), Ok(to_all)) => (direct, to_all),
        (Err(why), _) | (_, Err(why)) => {
            return tracing::error!(%why, "the bus cannot be read");
        }
    };
    let mut frames = select(
        direct.map(|message| (message, Way::Direct)),
        to_all.map(|message| (message, Way::ToAll)),
    );
    while let Some((message, way)) = frames.next().await {
        take(bus, &mut intake, &mut deliver, &message, way);
    }
}

fn take(bus: &Bus, intake: &mut Intake, deliver: &mut Deliver, message: &Message, way: Way) {
    counter!("crest_bus_received_frames_total").increment(1);
    counter!("crest_bus_received_bytes_total").increment(message.payload.len() as u64);
    match intake.take(&message.payload, way) {
        Ok(arrived) => {
            if arrived.lost > 0 {
                counter!("crest_bus_lost_frames_total", "from" => arrived.from.to_string())
                    .increment(arrived.lost);
                bus.note_missed(Some(arrived.from));
            }
            if arrived.unread > 0 {
                counter!("crest_bus_unread_items_total").increment(u64::from(arrived.unread));
            }
            if !arrived.traffic.is_empty() {
                deliver(arrived.from, arrived.traffic);
            }
        }
        Err(why) => {
            counter!("crest_bus_refused_frames_total").increment(1);
            tracing::warn!(%why, "a frame on the bus is refused");
        }
    }
}

/// Names of what this node writes to and reads.
struct Subjects {
    prefix: String,
    own: String,
    all: String,
}

impl Subjects {
    fn of(bus: &Bus) -> Self {
        let prefix = format!("crest.{}", bus.config.name);
        Self {
            own: format!("{prefix}.node.{}", bus.config.node),
            all: format!("{prefix}.all"),
            prefix,
        }
    }

    fn to(&self, to: To) -> String {
        match to {
            To::Node(node) => format!("{}.node.{node}", self.prefix),
            To::All => self.all.clone(),
        }
    }
}

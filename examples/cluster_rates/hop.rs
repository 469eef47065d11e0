//! One hop from node to node and one back: over the bus, by NATS request/reply, over raw TCP.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use crest::cluster::bus::{Bus, Line};
use crest::config::{Cluster, Config};
use crest_actors::effect::Traffic;
use crest_actors::ports::Carrier;
use futures_util::{FutureExt, StreamExt};
use tokio::sync::oneshot;

use crate::median;
use crate::servers::block_on;

const BYTES: usize = 200;
const PATIENCE: Duration = Duration::from_secs(10);

pub fn compare(nats: &str, rounds: usize, trips: usize) -> anyhow::Result<()> {
    let pair = Pair::open(nats)?;
    let (mut bus, mut asked, mut raw) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        raw.push(over_tcp(trips)?);
        asked.push(by_request(nats, trips)?);
        bus.push(pair.trips(trips)?);
    }
    let (bus, asked, raw) = (median(bus), median(asked), median(raw));
    for (words, other) in [("NATS request/reply", asked), ("raw TCP", raw)] {
        println!(
            "| there and back, median µs, {BYTES} bytes | {bus:.0} over the bus | {other:.0} {words} | {:.2} |",
            bus / other
        );
    }
    Ok(())
}

/// Two nodes' buses in this process. The second sends back whatever it gets.
struct Pair {
    one: Arc<Bus>,
    back: Receiver<()>,
    _lines: [Line; 2],
}

impl Pair {
    fn open(nats: &str) -> anyhow::Result<Self> {
        let config = |node| Cluster {
            node,
            nats_url: nats.to_owned(),
            name: format!("rates-{}", std::process::id()),
            ..Config::defaults().cluster
        };
        let bus = |node: u16| Bus::new(&config(node), [node as u8; 16], |_| {});
        let (one, two) = (bus(1)?, bus(2)?);
        let (arrives, back) = mpsc::channel();
        let silent = || Box::new(|_| std::future::ready(None).boxed());
        let told = move |_, _| {
            // The receiver ends with the line.
            let _ = arrives.send(());
        };
        let answering = two.clone();
        let lines = [
            one.open(told, silent())?,
            two.open(
                move |from, traffic| answering.carry(from, traffic),
                silent(),
            )?,
        ];
        let pair = Self {
            one,
            back,
            _lines: lines,
        };
        // Subscriptions take a moment to stand.
        let begun = Instant::now();
        while pair.trip(Duration::from_millis(50)).is_err() {
            ensure!(begun.elapsed() < PATIENCE, "nothing comes over the bus");
        }
        Ok(pair)
    }

    fn trip(&self, patience: Duration) -> anyhow::Result<()> {
        let traffic = Traffic {
            rallies: vec!["x".repeat(BYTES).as_str().into()],
            ..Traffic::default()
        };
        self.one.carry(2, traffic);
        Ok(self.back.recv_timeout(patience)?)
    }

    fn trips(&self, count: usize) -> anyhow::Result<f64> {
        // What the opening left on its way.
        while self.back.recv_timeout(Duration::from_millis(100)).is_ok() {}
        let mut took = Vec::with_capacity(count);
        for _ in 0..count {
            let begun = Instant::now();
            self.trip(PATIENCE).context("lost on the bus")?;
            took.push(micros(begun));
        }
        Ok(median(took))
    }
}

/// As between two nodes, each end has a thread of its own.
fn by_request(nats: &str, count: usize) -> anyhow::Result<f64> {
    let subject = format!("rates.{}", std::process::id());
    let (stop, stopped) = oneshot::channel::<()>();
    std::thread::scope(|scope| {
        let answering = scope.spawn(|| block_on(answers(nats, subject.clone(), stopped)));
        let asked = block_on(asks(nats, subject.clone(), count));
        drop(stop);
        let ended = answering.join();
        ensure!(ended.is_ok_and(|it| matches!(it, Ok(Ok(())))), "no answers");
        asked?
    })
}

async fn answers(
    nats: &str,
    subject: String,
    mut stopped: oneshot::Receiver<()>,
) -> anyhow::Result<()> {
    let client = async_nats::connect(nats).await?;
    let mut questions = client.subscribe(subject).await?;
    loop {
        let question = tokio::select! {
            question = questions.next() => question.context("the subscription ended")?,
            _ = &mut stopped => return Ok(()),
        };
        if let Some(reply) = question.reply {
            client.publish(reply, question.payload).await?;
        }
    }
}

async fn asks(nats: &str, subject: String, count: usize) -> anyhow::Result<f64> {
    let client = async_nats::connect(nats).await?;
    let payload = || vec![b'x'; BYTES].into();
    // The subscription takes a moment to stand.
    let begun = Instant::now();
    while client.request(subject.clone(), payload()).await.is_err() {
        ensure!(begun.elapsed() < PATIENCE, "NATS does not answer");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        client.request(subject.clone(), payload()).await?;
        took.push(micros(begun));
    }
    Ok(median(took))
}

fn over_tcp(count: usize) -> anyhow::Result<f64> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut one = TcpStream::connect(listener.local_addr()?)?;
    let (mut other, _) = listener.accept()?;
    one.set_nodelay(true)?;
    other.set_nodelay(true)?;
    let echo = std::thread::spawn(move || {
        let mut bytes = [0; BYTES];
        // Ends with the other side.
        while other.read_exact(&mut bytes).is_ok() && other.write_all(&bytes).is_ok() {}
    });
    let mut bytes = [b'x'; BYTES];
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let begun = Instant::now();
        one.write_all(&bytes)?;
        one.read_exact(&mut bytes)?;
        took.push(micros(begun));
    }
    drop(one);
    ensure!(echo.join().is_ok(), "the echo panicked");
    Ok(median(took))
}

fn micros(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1e6
}

//! The thread's loop: one input at a time, and everything that follows from it before the next.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crest_actors::ids::{SHARDS, Shard};
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use metrics::{counter, gauge, histogram};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

use super::handle::{Shared, Told};
use super::moves::Moves;
use super::namesake::Namesake;
use super::spans::spans;
use super::view::{ClusterView, Standing};
use crate::cluster::ask::{Answer, Ask, AskId};
use crate::cluster::clock::boot_now;
use crate::cluster::cql::{AskFailure, Asks};
use crate::cluster::fence::ShardFence;
use crate::cluster::limits::TICK_MS;
use crate::cluster::member::{Input, Member, Output};
use crate::cluster::process::{BootMs, Process};

pub(super) type Tell = Box<dyn FnMut(Vec<Told>) + Send>;

/// How soon hints and doubts are looked at again, whatever their number: a fraction of what the map
/// is read anew for them.
const LISTEN: Duration = Duration::from_millis(10);
/// Between two lines of the log about asks of one kind that are not answered.
const SAY_MS: u64 = 10_000;

/// An ask that was answered, or not.
struct Done {
    id: AskId,
    kind: &'static str,
    outcome: Result<Answer, AskFailure>,
}

/// Asks of one kind that are not answered.
#[derive(Default)]
struct Trouble {
    why: Option<String>,
    said_at: BootMs,
}

pub(super) struct Driver {
    me: Process,
    asks: Rc<Asks>,
    member: Member,
    fence: Arc<ShardFence>,
    shared: Arc<Shared>,
    tell: Tell,
    /// At most one of each kind that is still waited for, and one or two that were given up.
    flying: FuturesUnordered<LocalBoxFuture<'static, Done>>,
    ticked_at: BootMs,
    namesake: Namesake,
    moves: Moves,
    troubles: BTreeMap<&'static str, Trouble>,
    view: ClusterView,
}

enum Event {
    Stop,
    Tick,
    Done(Done),
    Heard,
}

impl Driver {
    pub fn new(
        me: Process,
        asks: Asks,
        fence: Arc<ShardFence>,
        shared: Arc<Shared>,
        first_epoch: u64,
        tell: Tell,
    ) -> Self {
        Self {
            me,
            asks: Rc::new(asks),
            member: Member::new(me, SHARDS).begin_at(first_epoch),
            fence,
            shared,
            tell,
            flying: FuturesUnordered::new(),
            ticked_at: BootMs(0),
            namesake: Namesake::new(me),
            moves: Moves::new(me),
            troubles: BTreeMap::new(),
            view: ClusterView::nothing(me, boot_now()),
        }
    }

    /// Until it is stopped, has left, or was expelled.
    pub async fn run(mut self, stopped: oneshot::Receiver<()>) {
        let drive = AssertUnwindSafe(self.drive(stopped));
        if drive.catch_unwind().await.is_err() {
            tracing::error!("the membership died of a defect; this process may not act any more");
            self.view.standing = Standing::Expelled;
            self.publish();
            (self.tell)(vec![Told::FenceLost, Told::Expelled]);
        }
    }

    async fn drive(&mut self, mut stopped: oneshot::Receiver<()>) {
        let mut ticks = interval(Duration::from_millis(TICK_MS));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut listen_at = tokio::time::Instant::now();
        while !self.member.is_over() {
            let shared = self.shared.clone();
            let heard = async {
                tokio::time::sleep_until(listen_at).await;
                shared.woken().await;
            };
            let event = tokio::select! {
                biased;
                _ = &mut stopped => Event::Stop,
                _ = ticks.tick() => Event::Tick,
                Some(done) = self.flying.next() => Event::Done(done),
                () = heard => Event::Heard,
            };
            // Whatever woke the thread: after a suspension it first sees what is over.
            if boot_now().since(self.ticked_at) >= TICK_MS || matches!(event, Event::Tick) {
                self.tick();
            }
            match event {
                Event::Stop => return,
                Event::Tick => {}
                Event::Done(done) => self.done(done),
                Event::Heard => {
                    listen_at = tokio::time::Instant::now() + LISTEN;
                    self.heard();
                }
            }
        }
    }

    fn tick(&mut self) {
        self.ticked_at = boot_now();
        self.input(Input::Tick);
        self.publish();
    }

    fn heard(&mut self) {
        let said = self.shared.take();
        if let Some(version) = said.hint {
            self.input(Input::Hint { version });
        }
        if said.doubt {
            self.input(Input::Doubt);
        }
        if said.drain {
            self.input(Input::Drain);
        }
    }

    fn done(&mut self, done: Done) {
        let answer = match done.outcome {
            Ok(answer) => {
                self.answered(done.kind, &answer);
                answer
            }
            Err(why) => {
                self.unanswered(done.kind, &why);
                Answer::Unknown
            }
        };
        self.input(Input::Answered(done.id, answer));
    }

    /// Gives the member an input and carries out everything that follows from it.
    fn input(&mut self, input: Input) {
        let mut said = Vec::new();
        self.member.on(boot_now(), input, &mut said);
        self.fence.follow(&self.member, &said);
        self.count_moves();
        let (mut told, mut asks) = (Vec::new(), Vec::new());
        for output in said {
            told.push(match output {
                Output::Ask(id, ask) => {
                    asks.push((id, ask));
                    continue;
                }
                Output::Took { shard, epoch } => Told::Took { shard, epoch },
                Output::LetGo { shard } => Told::LetGo { shard },
                Output::Elsewhere { shard, node, epoch } => Told::Elsewhere { shard, node, epoch },
                Output::FenceLost => Told::FenceLost,
                Output::Announce { version } => Told::Announce { version },
                Output::Expelled => Told::Expelled,
                Output::Left => Told::Left,
            });
        }
        if !told.is_empty() {
            self.note(&told);
            self.publish();
            (self.tell)(told);
        }
        for (id, ask) in asks {
            self.send(id, ask);
        }
    }

    fn send(&mut self, id: AskId, ask: Ask) {
        if let Ask::CasMap { next, .. } = &ask {
            self.moves.asked(self.member.map(), next);
        }
        let asks = self.asks.clone();
        self.flying.push(Box::pin(async move {
            let kind = kind(&ask);
            let begun = Instant::now();
            let outcome = asks.carry_out(&ask).await;
            histogram!("crest_cluster_ask_seconds", "ask" => kind)
                .record(begun.elapsed().as_secs_f64());
            let word = word(&outcome);
            counter!("crest_cluster_asks_total", "ask" => kind, "outcome" => word).increment(1);
            Done { id, kind, outcome }
        }));
    }

    fn answered(&mut self, kind: &'static str, answer: &Answer) {
        if self
            .troubles
            .get_mut(kind)
            .is_some_and(|it| it.why.take().is_some())
        {
            tracing::info!(ask = kind, "asks of the lease keyspace are answered again");
        }
        let rows = match answer {
            Answer::Rows(rows) => rows,
            Answer::Refused if kind == SET_MAP => return self.moves.refused(),
            _ => return,
        };
        let own = rows.iter().find(|(node, _)| *node == self.me.node);
        let other = own.and_then(|(_, row)| self.namesake.saw(boot_now(), *row));
        if let Some(other) = other {
            tracing::warn!(
                node = self.me.node.0,
                ?other,
                "another living process has this node's number, and this one serves nothing until that one has ended; if that is not a restart that is about to end, give each node a cluster.node of its own"
            );
        }
    }

    fn unanswered(&mut self, kind: &'static str, why: &AskFailure) {
        let trouble = self.troubles.entry(kind).or_default();
        let now = boot_now();
        if trouble.said_at == BootMs(0) || now.since(trouble.said_at) >= SAY_MS {
            trouble.said_at = now;
            match why {
                AskFailure::Map { .. } => {
                    tracing::error!(%why, "no shard is moved until the map can be read");
                }
                AskFailure::Lease { .. } => {
                    tracing::error!(%why, "a lease cannot be read, and so nobody's death be told");
                }
                AskFailure::Unanswered { .. } | AskFailure::Cql(_) => {
                    tracing::warn!(ask = kind, %why, "an ask of the lease keyspace failed");
                }
            }
        }
        trouble.why = Some(why.to_string());
    }

    fn note(&mut self, told: &[Told]) {
        let node = self.me.node.0;
        let (mut took, mut let_go) = (Vec::new(), Vec::new());
        for told in told {
            match told {
                Told::Took { shard, epoch } => took.push((*shard, *epoch)),
                Told::LetGo { shard } => let_go.push((*shard, 0)),
                Told::FenceLost if self.member.drains() => {
                    tracing::info!(
                        node,
                        "the lease is given back; the others take what was left"
                    );
                }
                Told::FenceLost => {
                    counter!("crest_cluster_fence_lost_total").increment(1);
                    tracing::error!(
                        node,
                        boot_ms = boot_now().0,
                        "the lease ended before it was renewed; nothing is served from here until it is: was this process or the CQL server held up?"
                    );
                }
                Told::Expelled => {
                    self.view.standing = Standing::Expelled;
                    let (other, hint) = (self.namesake.other(), EXPELLED);
                    tracing::error!(node, me = ?self.me.incarnation, ?other, "{hint}");
                }
                Told::Left => {
                    self.view.standing = Standing::Left;
                    tracing::info!(node, "left the cluster");
                }
                Told::Elsewhere { .. } | Told::Announce { .. } => {}
            }
        }
        if !took.is_empty() || !let_go.is_empty() {
            let (boot_ms, lets_go, takes) = (boot_now().0, let_go.len(), took.len());
            let (took, let_go) = (spans(&took), spans(&let_go));
            tracing::info!(
                node,
                takes,
                lets_go,
                took,
                let_go,
                boot_ms,
                "shards changed hands"
            );
        }
    }

    fn count_moves(&mut self) {
        let moved = self.moves.known(self.member.map());
        self.view.moves += moved.given;
        self.view.takeovers += moved.taken_over;
        counter!("crest_cluster_moves_total").increment(moved.given);
        counter!("crest_cluster_takeovers_total").increment(moved.taken_over);
    }

    fn publish(&mut self) {
        let now = boot_now();
        self.view.follow(now, &self.member);
        let held = Shard::all().filter(|shard| self.member.epoch(now, *shard).is_some());
        self.view.held = held.count() as u16;
        let troubles = self.troubles.values();
        self.view.trouble = troubles.filter_map(|it| it.why.clone()).next();
        gauge!("crest_cluster_lease_left_ms").set(self.view.lease_left_ms as f64);
        gauge!("crest_cluster_shards_held").set(f64::from(self.view.held));
        let version = self.view.map.as_ref().map_or(0, |map| map.version());
        gauge!("crest_cluster_map_version").set(version as f64);
        self.shared.view.store(Arc::new(self.view.clone()));
    }
}

const EXPELLED: &str = "this incarnation was declared dead, because its lease was not renewed in time or because another process took its node's number, and serves nothing any more; if this comes again, give each node a cluster.node of its own and look at what holds this process or its way to the CQL server up";

const SET_MAP: &str = "set_map";

fn kind(ask: &Ask) -> &'static str {
    match ask {
        Ask::Look => "look",
        Ask::ReadLease(_) => "read_lease",
        Ask::CasLease { .. } => "set_lease",
        Ask::ReadMap => "read_map",
        Ask::CasMap { .. } => SET_MAP,
    }
}

fn word(outcome: &Result<Answer, AskFailure>) -> &'static str {
    match outcome {
        Ok(Answer::Rows(_) | Answer::Lease(_) | Answer::Map(_)) => "read",
        Ok(Answer::Applied) => "applied",
        Ok(Answer::Refused) => "refused",
        Ok(Answer::Unknown) | Err(_) => "unknown",
    }
}

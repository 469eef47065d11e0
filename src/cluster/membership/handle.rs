//! What a node has in hand of its membership.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use crest_actors::ids::Shard;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Notify, oneshot};

use super::driver::Driver;
use super::view::ClusterView;
use crate::cluster::clock::boot_now;
use crate::cluster::cql::{AskFailure, Asks, before_joining};
use crate::cluster::fence::ShardFence;
use crate::cluster::process::{NodeId, Process};
use crate::store::cql::Place;

/// What a membership tells its node, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The shard is this process's: its actors may start.
    Took { shard: Shard, epoch: u64 },
    /// The shard is not this process's any more, or soon will not be: its actors end.
    LetGo { shard: Shard },
    /// Traffic for the shard goes there.
    Elsewhere {
        shard: Shard,
        node: NodeId,
        epoch: u64,
    },
    /// The lease is over: everything closes. No shard is held any more, and no [`Told::LetGo`]
    /// comes for those that were; what is still this process's is taken again once it can renew.
    FenceLost,
    /// To every other node, as a hint: the map has this version.
    Announce { version: u64 },
    /// This incarnation is dead for good, and nothing more is told. The node may come back with
    /// another.
    Expelled,
    /// Everything is given away: the process may end. Nothing more is told.
    Left,
}

/// Why there is no membership.
#[derive(Debug, thiserror::Error)]
pub enum MembershipFailure {
    #[error(transparent)]
    Ask(#[from] AskFailure),
    #[error("cannot start the thread of the lease: {0}")]
    Thread(#[from] io::Error),
}

/// A process's part in the cluster. Dropped, it ends without leaving: the others see its lease end
/// some seconds later, and the fence of this process closes by itself a little before that.
pub struct Membership {
    shared: Arc<Shared>,
    thread: Mutex<Option<(JoinHandle<()>, oneshot::Sender<()>)>>,
}

impl Membership {
    /// Opens the lease keyspace and starts the thread. `me` has an incarnation that no process ever
    /// had; `fence` counts on [`boot_now`] and is nobody else's. `told` is called on that thread with
    /// each batch, after the fence was brought up to date and before anything of it is asked of the
    /// store: it must not block. Blocks; must not be called on a thread that runs tasks.
    pub fn start(
        place: &Place,
        me: Process,
        fence: Arc<ShardFence>,
        told: impl FnMut(Vec<Told>) + Send + 'static,
    ) -> Result<Self, MembershipFailure> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared::new(me));
        let (opening, opened) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let (place, driven) = (place.clone(), shared.clone());
        let drive = move || {
            run(runtime, async move {
                let ready = async {
                    let asks = Asks::open(&place).await?;
                    let first_epoch = before_joining(&asks, &place).await?;
                    Ok::<_, AskFailure>((asks, first_epoch))
                };
                let (asks, first_epoch) = match ready.await {
                    Ok(ready) => ready,
                    // Whoever starts waits below.
                    Err(why) => return drop(opening.send(Err(why))),
                };
                let _ = opening.send(Ok(()));
                drop(opening);
                let driver = Driver::new(me, asks, fence, driven, first_epoch, Box::new(told));
                driver.run(stopped).await;
            });
        };
        let thread = std::thread::Builder::new()
            .name("crest-lease".into())
            .spawn(drive)?;
        match opened.recv() {
            Ok(opened) => opened?,
            Err(_) => return Err(io::Error::other("it died of a defect").into()),
        }
        Ok(Self {
            shared,
            thread: Mutex::new(Some((thread, stop))),
        })
    }

    /// Somebody says over the bus that the map has this version. Never blocks.
    pub fn hint(&self, version: u64) {
        self.shared.hint(version);
    }

    /// Something arrived at the wrong node: the map may have changed. Never blocks; a thousand at
    /// once cost one look.
    pub fn doubt(&self) {
        self.shared.doubt();
    }

    /// Gives everything away and leaves. [`Told::Left`] comes when that is done, at the latest after
    /// [`DRAIN_MS`](crate::cluster::limits::DRAIN_MS) and
    /// [`LEAVE_MS`](crate::cluster::limits::LEAVE_MS). Never blocks.
    pub fn drain(&self) {
        self.shared.drain();
    }

    /// What this node knows of the cluster, at most some 100 ms old. Cheap.
    pub fn view(&self) -> Arc<ClusterView> {
        self.shared.view.load_full()
    }

    /// Ends the thread without leaving; see [`Membership::drain`] for the other way. Nothing is told
    /// after it returns, unless it is called from `told` itself.
    pub fn close(&self) {
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some((thread, stop)) = thread else {
            return;
        };
        drop(stop);
        // The last owner may be what `told` holds, dropped on the thread itself.
        let own = thread.thread().id() == std::thread::current().id();
        if !own && thread.join().is_err() {
            tracing::error!("the thread of the lease died of a defect");
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.close();
    }
}

fn run(runtime: Runtime, work: impl Future<Output = ()>) {
    runtime.block_on(work);
    // Addresses may still be looked up on threads of the runtime; nobody waits for them.
    runtime.shutdown_background();
}

/// Between the thread and all others: what it was told since it last looked, and what it shows.
pub(super) struct Shared {
    hinted: AtomicU64,
    doubted: AtomicBool,
    drains: AtomicBool,
    woken: Notify,
    pub view: ArcSwap<ClusterView>,
}

/// What other threads said since the last time.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub hint: Option<u64>,
    pub doubt: bool,
    pub drain: bool,
}

impl Shared {
    fn new(me: Process) -> Self {
        Self {
            hinted: AtomicU64::new(0),
            doubted: AtomicBool::new(false),
            drains: AtomicBool::new(false),
            woken: Notify::new(),
            view: ArcSwap::from_pointee(ClusterView::nothing(me, boot_now())),
        }
    }

    fn hint(&self, version: u64) {
        if self.hinted.fetch_max(version, Ordering::AcqRel) < version {
            self.woken.notify_one();
        }
    }

    fn doubt(&self) {
        if !self.doubted.swap(true, Ordering::AcqRel) {
            self.woken.notify_one();
        }
    }

    fn drain(&self) {
        self.drains.store(true, Ordering::Release);
        self.woken.notify_one();
    }

    /// Until there is something in [`Shared::take`].
    pub async fn woken(&self) {
        self.woken.notified().await;
    }

    pub fn take(&self) -> Said {
        let hint = self.hinted.swap(0, Ordering::AcqRel);
        Said {
            hint: (hint > 0).then_some(hint),
            doubt: self.doubted.swap(false, Ordering::AcqRel),
            drain: self.drains.swap(false, Ordering::AcqRel),
        }
    }
}

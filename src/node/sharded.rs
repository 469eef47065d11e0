//! The log store of a node among others: what is this node's is asked of the engine, what is another
//! node's is read through that node, unless it is sealed.

use std::sync::Arc;

use crest_actors::conversation::Summary;
use crest_actors::ids::{ConversationKey, Seq, Shard};
use crest_actors::ports::{
    Activation, Append, BatchOutcome, Done, LogId, LogStore, Owner, Placement, StoreFailure, Stored,
};

use crate::cluster::bus::Bus;
use crate::store::{Engine, Page, Query};
use crate::translate::node::{Call, LogPage, Reply};

/// The engine refuses by itself to open or append what is not this node's.
pub struct ShardedStore {
    pub own: Arc<dyn Engine>,
    pub placement: Placement,
    pub bus: Arc<Bus>,
}

impl LogStore for ShardedStore {
    fn activate(&self, log: LogId, done: Done<Result<Activation, StoreFailure>>) {
        self.own.activate(log, done);
    }

    fn submit(&self, batch: Vec<Append>, done: Done<BatchOutcome>) {
        self.own.submit(batch, done);
    }

    fn read(
        &self,
        log: LogId,
        after: Seq,
        limit: usize,
        done: Done<Result<Vec<Stored>, StoreFailure>>,
    ) {
        if self.placement.is_here(log.shard()) {
            return self.own.read(log, after, limit, done);
        }
        let (placement, bus) = (self.placement.clone(), self.bus.clone());
        let remote = move |log: LogId, done: Done<_>| match placement.owner(log.shard()) {
            Owner::Node(node) => Remote {
                placement,
                bus,
                node,
                log,
                limit,
                found: Vec::new(),
                done,
            }
            .after(after),
            // It may have come here meanwhile: whoever asks again finds it.
            Owner::Here | Owner::Nobody => done(Err(between_owners())),
        };
        let asked = log.clone();
        let sealed = move |found: Result<_, _>| match found {
            Ok(Some(found)) => done(Ok(found)),
            Ok(None) => remote(log, done),
            Err(failure) => done(Err(failure)),
        };
        self.own.read_sealed(asked, after, limit, Box::new(sealed));
    }

    fn awake(&self, shards: Vec<Shard>, done: Done<Result<Vec<ConversationKey>, StoreFailure>>) {
        self.own.awake(shards, done);
    }
}

impl Engine for ShardedStore {
    fn read_sealed(
        &self,
        log: LogId,
        after: Seq,
        limit: usize,
        done: Done<Result<Option<Vec<Stored>>, StoreFailure>>,
    ) {
        self.own.read_sealed(log, after, limit, done);
    }

    fn summary(&self, key: ConversationKey, done: Done<Result<Option<Summary>, StoreFailure>>) {
        self.own.summary(key, done);
    }

    fn list(&self, query: Query, done: Done<Result<Page, StoreFailure>>) {
        self.own.list(query, done);
    }

    fn answers(&self) -> bool {
        self.own.answers()
    }

    fn close(&self) {
        self.own.close();
    }
}

/// A log on its way from its owner, page by page.
struct Remote {
    placement: Placement,
    bus: Arc<Bus>,
    node: u16,
    log: LogId,
    limit: usize,
    found: Vec<Stored>,
    done: Done<Result<Vec<Stored>, StoreFailure>>,
}

impl Remote {
    fn after(mut self, after: Seq) {
        let call = Call::Read {
            log: self.log.clone(),
            after,
            limit: self.limit - self.found.len(),
        };
        let (bus, node) = (self.bus.clone(), self.node);
        bus.call(node, call, move |reply| match reply {
            Some(Reply::Read(Ok(LogPage { records, more }))) => {
                self.found.extend(records);
                match self.found.last().map(|last| last.seq) {
                    Some(last) if more && self.found.len() < self.limit => self.after(last),
                    _ => (self.done)(Ok(self.found)),
                }
            }
            Some(Reply::Read(Err(failure))) => (self.done)(Err(failure)),
            Some(Reply::Redeemed(_) | Reply::Noted) | None => {
                // Perhaps it moved, or its owner is gone: whoever asks again may find another.
                self.placement.carrier.misplaced(self.log.shard());
                (self.done)(Err(StoreFailure::Unavailable(format!(
                    "node {node}, which has this log, does not answer"
                ))));
            }
        });
    }
}

fn between_owners() -> StoreFailure {
    StoreFailure::Unavailable("this log is between two owners".to_owned())
}

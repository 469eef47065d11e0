//! What the runtime must know of a kind of actor: which log it has, where it lives, how its events
//! become bytes.

use std::hash::Hash;

use crate::aggregate::Aggregate;
use crate::conversation::Entry;
use crate::effect::{Address, Effect, Envelope};
use crate::ids::{Millis, Shard};
use crate::ports::{Codec, LogId, Record, Stored};

use super::Hub;
use super::region::Region;

/// An aggregate with its place in the runtime.
pub trait Kind: Aggregate<Key: Eq + Hash + Send + Unpin + 'static, Note: 'static> + Unpin {
    const NAME: &'static str;

    /// What it keeps of itself while it is out of memory and others still count on it.
    type Rest: Send + 'static;

    fn address(key: &Self::Key) -> Address;

    fn envelope(key: Self::Key, note: Self::Note) -> Envelope;

    fn shard(key: &Self::Key) -> Shard {
        Self::address(key).shard()
    }

    /// `None` for indexes, which own nothing durable.
    fn log(key: &Self::Key) -> Option<LogId>;

    fn encode(codec: &dyn Codec, entry: &Entry<Self::Event>) -> Record;

    fn decode(codec: &dyn Codec, stored: &Stored) -> Result<Entry<Self::Event>, String>;

    fn region(hub: &Hub) -> &Region<Self>;

    /// Its soft part where it may rest: nothing is under way, and its log is cheap to read again.
    fn rest(&self, now: Millis) -> Option<Self::Rest>;

    /// Does this note leave one that rests as it is?
    fn undisturbed(rest: &Self::Rest, note: &Self::Note) -> bool;

    /// Takes its soft part up again, after its log was replayed.
    fn resume(&mut self, rest: Self::Rest);

    /// What the sender of a note that cannot be taken is told, where somebody waits for an answer.
    fn refuse(key: &Self::Key, note: &Self::Note) -> Option<Effect>;
}

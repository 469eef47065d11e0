//! Events as bytes. Implemented where the stored formats are known.

use crate::conversation::Entry;
use crate::{agent, conversation, customer};

use super::{Record, Stored};

/// Turns entries into records and back. What `encode_…` wrote, `decode_…` of this and every later
/// release reads; `Err` says in words what is wrong with the bytes.
pub trait Codec: Send + Sync + 'static {
    fn encode_conversation(&self, entry: &Entry<conversation::Event>) -> Record;
    fn decode_conversation(&self, stored: &Stored) -> Result<Entry<conversation::Event>, String>;
    fn encode_ledger(&self, entry: &Entry<agent::Event>) -> Record;
    fn decode_ledger(&self, stored: &Stored) -> Result<Entry<agent::Event>, String>;
    fn encode_pointer(&self, entry: &Entry<customer::Event>) -> Record;
    fn decode_pointer(&self, stored: &Stored) -> Result<Entry<customer::Event>, String>;
}

//! The actors' codec port over the stored formats.

use std::sync::Arc;

use crest_actors::aggregate::Aggregate;
use crest_actors::conversation::{Conversation, Entry, Summary};
use crest_actors::ids::ConversationKey;
use crest_actors::ports::{Codec, Record, Stored};
use crest_actors::{agent, conversation, customer};

use crate::translate::stored;

/// Version 1 of the stored formats.
pub struct StoredFormats;

impl Codec for StoredFormats {
    fn encode_conversation(&self, entry: &Entry<conversation::Event>) -> Record {
        stored::encode_conversation(entry)
    }

    fn decode_conversation(&self, record: &Stored) -> Result<Entry<conversation::Event>, String> {
        stored::decode_conversation(record).map_err(|unreadable| unreadable.to_string())
    }

    fn encode_ledger(&self, entry: &Entry<agent::Event>) -> Record {
        stored::encode_ledger(entry)
    }

    fn decode_ledger(&self, record: &Stored) -> Result<Entry<agent::Event>, String> {
        stored::decode_ledger(record).map_err(|unreadable| unreadable.to_string())
    }

    fn encode_pointer(&self, entry: &Entry<customer::Event>) -> Record {
        stored::encode_pointer(entry)
    }

    fn decode_pointer(&self, record: &Stored) -> Result<Entry<customer::Event>, String> {
        stored::decode_pointer(record).map_err(|unreadable| unreadable.to_string())
    }
}

/// Replays a conversation's whole log through the aggregate that serves it: its index row.
pub fn fold_conversation(key: &ConversationKey, log: &[Stored]) -> Result<Option<Summary>, String> {
    let mut conversation = Conversation::empty(key.clone());
    for stored in log {
        conversation.replay(&Arc::new(StoredFormats.decode_conversation(stored)?));
    }
    Ok(conversation.summary())
}

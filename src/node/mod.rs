//! One node, put together: stores, arbiters, bot, gateway and HTTP, started and stopped in order.

mod archive;
mod cluster;
mod codec;
mod knowledge;
mod seed_copies;
mod serve;
mod sharded;
mod store;
mod view;

pub use codec::{StoredFormats, fold_conversation};
pub use knowledge::{KnowledgeFailure, read as read_knowledge};
pub use seed_copies::seed_copies;
pub use serve::{NodeFailure, Started, run};

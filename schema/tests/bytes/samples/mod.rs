//! One frame or stored event of each kind, with every field set somewhere and left out somewhere.
//! Each has its vector under the same name.

pub mod client;
pub mod node;
pub mod server;
pub mod staff;
pub mod stored;

use crest_schema::frame::Id;

pub const CONVERSATION: Id = Id([
    0x01, 0x9a, 0xb3, 0x4c, 0x5d, 0x6e, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0xc7,
]);
pub const MESSAGE: Id = Id([0xa5; 16]);
pub const AT: u64 = 1_762_787_696_123;

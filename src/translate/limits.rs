//! What `welcome` tells of bounds and roles.

use crest_actors::directory::StaffRole;
use crest_actors::limits::{COMMAND_WINDOW, TEXT_MAX_BYTES};
use crest_schema::frame::server::{Limits, Role};
use crest_schema::limits::{FRAME_BYTES, HISTORY_MAX, UNACKED_MAX};

const _: () = assert!(
    UNACKED_MAX <= COMMAND_WINDOW,
    "an owner must hold what a client may have on the way"
);
const _: () = assert!(TEXT_MAX_BYTES < FRAME_BYTES);

/// The bounds a client keeps.
pub fn limits() -> Limits {
    Limits {
        frame_bytes: FRAME_BYTES as u32,
        text_bytes: TEXT_MAX_BYTES as u32,
        history_events: HISTORY_MAX,
        unacked: UNACKED_MAX,
    }
}

pub fn staff_role(role: StaffRole) -> Role {
    match role {
        StaffRole::Agent => Role::Agent,
        StaffRole::Supervisor => Role::Supervisor,
        StaffRole::Admin => Role::Admin,
    }
}

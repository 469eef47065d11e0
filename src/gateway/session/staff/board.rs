//! Watching the board.

use crest_actors::board::{BoardView, Note, Scope};
use crest_actors::effect::{Envelope, Push};
use crest_actors::ids::Millis;

use super::StaffSession;
use crate::gateway::session::out::Turn;

/// What is watched, and which version the client holds.
pub(super) struct Watched {
    pub scope: Scope,
    pub have: Option<u64>,
    pub asked_at: Millis,
}

impl StaffSession {
    pub(super) fn ask_board(&mut self, turn: &mut Turn<'_>) {
        if let Some(board) = &mut self.board {
            board.asked_at = turn.now;
            let note = Note::Watch {
                session: turn.id,
                scope: board.scope.clone(),
                have: board.have,
            };
            turn.tell(Envelope::Board(self.key.tenant.clone(), note));
        }
    }

    pub(super) fn unwatch(&mut self, turn: &mut Turn<'_>) {
        if self.board.take().is_some() {
            turn.tell(Envelope::Board(
                self.key.tenant.clone(),
                Note::Unwatch { session: turn.id },
            ));
        }
    }

    /// A diff applies only on top of what is held; anything else asks for a snapshot.
    pub(super) fn board_view(&mut self, push: &Push, view: &BoardView, turn: &mut Turn<'_>) {
        let Some(board) = &mut self.board else { return };
        if view.since.is_some() && view.since != board.have {
            board.have = None;
            self.ask_board(turn);
        } else if !self.muted {
            board.have = Some(view.version);
            turn.show(push);
        }
    }
}

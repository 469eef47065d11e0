//! The bounded way in: what is submitted and not yet answered, in rows and bytes.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

use crest_actors::ports::Append;

use super::limits::{BODY_BYTES_MAX, INTAKE_BYTES_MAX, INTAKE_ROWS_MAX, REFUSED_FOR};

/// What one batch takes of the intake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    pub rows: usize,
    pub bytes: usize,
}

impl Load {
    /// Of what is no batch.
    pub const ONE: Load = Load { rows: 1, bytes: 0 };

    /// Of a batch. A body larger than [`BODY_BYTES_MAX`] is a defect of whoever submits it.
    pub fn of(batch: &[Append]) -> Self {
        let bodies = || batch.iter().flat_map(|append| &append.records);
        assert!(
            bodies().all(|record| record.body.len() <= BODY_BYTES_MAX),
            "a body is larger than the store takes"
        );
        Self {
            rows: bodies().count().max(1),
            bytes: bodies().map(|record| record.body.len()).sum(),
        }
    }
}

/// What became of the newest write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Newest {
    #[default]
    Stored,
    Refused(Instant),
    /// Nothing is written any more.
    Sealed,
}

#[derive(Default)]
struct Held {
    load: Load,
    closed: bool,
    newest: Newest,
}

/// Holds submitters back while it is full.
#[derive(Default)]
pub struct Intake {
    held: Mutex<Held>,
    room: Condvar,
}

impl Intake {
    /// Waits for room and takes it; a batch larger than the whole intake is let in alone.
    /// `false`: the store is closed.
    pub fn enter(&self, load: Load) -> bool {
        let mut held = self.lock();
        loop {
            if held.closed {
                return false;
            }
            let now = held.load;
            let fits = now.rows + load.rows <= INTAKE_ROWS_MAX
                && now.bytes + load.bytes <= INTAKE_BYTES_MAX;
            if fits || now.rows == 0 {
                held.load = Load {
                    rows: now.rows + load.rows,
                    bytes: now.bytes + load.bytes,
                };
                return true;
            }
            held = self.room.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives the room back. Returns the rows still held.
    pub fn leave(&self, load: Load) -> usize {
        let mut held = self.lock();
        held.load.rows -= load.rows;
        held.load.bytes -= load.bytes;
        self.room.notify_all();
        held.load.rows
    }

    /// Is everything that was let in answered?
    pub fn is_empty(&self) -> bool {
        self.lock().load.rows == 0
    }

    /// Is nobody let in any more?
    pub fn is_closed(&self) -> bool {
        self.lock().closed
    }

    pub fn told(&self, newest: Newest) {
        self.lock().newest = newest;
    }

    /// May whoever comes now expect to be stored? A refusal counts for [`REFUSED_FOR`]: after it
    /// somebody must try.
    pub fn takes(&self) -> bool {
        let held = self.lock();
        !held.closed
            && match held.newest {
                Newest::Stored => true,
                Newest::Refused(at) => at.elapsed() > REFUSED_FOR,
                Newest::Sealed => false,
            }
    }

    /// Lets nobody in any more.
    pub fn close(&self) {
        self.lock().closed = true;
        self.room.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const FULL: Load = Load {
        rows: INTAKE_ROWS_MAX,
        bytes: 0,
    };
    const ONE: Load = Load { rows: 1, bytes: 1 };

    #[test]
    fn a_submitter_waits_while_it_is_full_and_goes_on_when_there_is_room() {
        let intake = Intake::default();
        assert!(intake.enter(FULL));
        let (entered, has_entered) = mpsc::channel();
        std::thread::scope(|scope| {
            scope.spawn(|| entered.send(intake.enter(ONE)).expect("listening"));
            assert!(has_entered.try_recv().is_err());
            intake.leave(FULL);
            assert_eq!(has_entered.recv(), Ok(true));
        });
        assert_eq!(intake.leave(ONE), 0);
    }

    #[test]
    fn a_batch_larger_than_the_intake_passes_alone() {
        let intake = Intake::default();
        let giant = Load {
            rows: 2 * INTAKE_ROWS_MAX,
            bytes: 2 * INTAKE_BYTES_MAX,
        };
        assert!(intake.enter(giant));
        assert_eq!(intake.leave(giant), 0);
    }

    #[test]
    fn closing_turns_away_those_who_wait() {
        let intake = Intake::default();
        assert!(intake.enter(FULL));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| intake.enter(ONE));
            intake.close();
            assert!(!waiting.join().expect("no panic"));
        });
    }
}

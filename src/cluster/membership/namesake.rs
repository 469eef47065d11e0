//! Two processes with the same node number.
//!
//! One row is all they have, so they are never both in: while one renews the row, the other waits and
//! holds nothing; if the first stops renewing for TTL and guard, the second declares it dead and takes
//! the row, and the first, should it wake, is expelled. A restart after a crash looks the same for
//! some seconds and then resolves itself; two nodes configured alike do not, so somebody must be told.

use crate::cluster::ask::LeaseRow;
use crate::cluster::process::{BootMs, Incarnation, Process};

/// Between two words about the same thing.
const SAY_MS: u64 = 10_000;

#[derive(Debug)]
pub struct Namesake {
    me: Process,
    /// The row as last seen while it was another's.
    other: Option<LeaseRow>,
    not_before: BootMs,
}

impl Namesake {
    pub fn new(me: Process) -> Self {
        Self {
            me,
            other: None,
            not_before: BootMs(0),
        }
    }

    /// The row of this node was seen. `Some`: another process renews it, and it is time to say so.
    pub fn saw(&mut self, now: BootMs, row: LeaseRow) -> Option<Incarnation> {
        if row.incarnation == self.me.incarnation {
            self.other = None;
            return None;
        }
        let earlier = self.other.replace(row)?;
        let lives = row.alive && row.incarnation == earlier.incarnation && row.beat > earlier.beat;
        if !lives || now < self.not_before {
            return None;
        }
        self.not_before = now.plus(SAY_MS);
        Some(row.incarnation)
    }

    /// Who has the row instead of this process, as last seen.
    pub fn other(&self) -> Option<Incarnation> {
        self.other.map(|row| row.incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::process::NodeId;

    fn row(incarnation: u128, beat: u64, alive: bool) -> LeaseRow {
        LeaseRow {
            incarnation: Incarnation(incarnation),
            beat,
            alive,
        }
    }

    #[test]
    fn only_a_living_namesake_is_told_of_and_not_all_the_time() {
        let me = Process {
            node: NodeId(7),
            incarnation: Incarnation(1),
        };
        let mut namesake = Namesake::new(me);
        for (at, seen, said) in [
            (0, row(2, 5, true), false),
            (250, row(2, 5, true), false),
            (500, row(2, 6, true), true),
            (1_500, row(2, 7, true), false),
            (10_500, row(2, 16, true), true),
            (10_750, row(1, 0, true), false),
            (30_000, row(3, 0, true), false),
            (30_250, row(3, 0, false), false),
        ] {
            let word = namesake.saw(BootMs(at), seen);
            assert_eq!(word, said.then_some(seen.incarnation), "at {at}");
        }
        assert_eq!(namesake.other(), Some(Incarnation(3)));
    }
}

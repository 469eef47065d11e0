//! The degradation ladder: what is refused while there is too much to do. Pure; each rung is visible
//! in `/metrics` and goes away by itself.

use crest_schema::codes::Code;
use crest_schema::frame::Class;

/// How much an arbiter has on its hands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressure {
    /// Appends that wait for the store beyond what it has been handed.
    pub unsubmitted: usize,
    /// How late the arbiter's own beat is, in milliseconds: it has more turns than it can make.
    pub late_ms: u64,
    /// The node is stopping.
    pub draining: bool,
}

/// The rung stood on: classes from `first_refused` on are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ladder {
    rung: u8,
    /// The node is stopping: what is new is refused for that, not for overload.
    draining: bool,
}

/// Appends waiting, and lateness in milliseconds, at which each rung is climbed: ephemera, history,
/// new conversations, resume, actions, messages. Messages in open conversations are refused last.
const RUNGS: [(usize, u64); 6] = [
    (2_000, 50),
    (5_000, 100),
    (10_000, 200),
    (20_000, 500),
    (40_000, 1_000),
    (80_000, 2_000),
];

impl Ladder {
    pub const GROUND: Ladder = Ladder {
        rung: 0,
        draining: false,
    };

    /// The rung for this pressure. Climbs at once; steps down one rung at a time and only below half
    /// of what led up, so that it does not flutter.
    pub fn next(self, pressure: Pressure) -> Self {
        let reached = |share: usize| {
            RUNGS
                .iter()
                .take_while(|(appends, late_ms)| {
                    pressure.unsubmitted >= appends / share
                        || pressure.late_ms >= late_ms / share as u64
                })
                .count() as u8
        };
        let rung = if pressure.draining {
            3.max(reached(1))
        } else {
            reached(1)
        };
        let rung = match rung {
            up if up >= self.rung => up,
            _ if reached(2) >= self.rung => self.rung,
            _ => self.rung - 1,
        };
        Self {
            rung,
            draining: pressure.draining,
        }
    }

    /// The code that frames of a refused class are answered with; ephemera have none.
    pub fn code_of(self, class: Class) -> Option<Code> {
        match class {
            Class::NewConversations | Class::History if self.draining => Some(Code::GoingAway),
            class => Code::of_class(class),
        }
    }

    pub fn rung(self) -> u8 {
        self.rung
    }

    /// `Some(milliseconds)` to stay away where frames of this class are refused.
    pub fn refuses(self, class: Class) -> Option<u32> {
        let climbed_for = match class {
            Class::Control => return None,
            Class::Ephemera => 1,
            Class::History => 2,
            Class::NewConversations => 3,
            Class::Resume => 4,
            Class::Actions => 5,
            Class::Messages => 6,
        };
        (self.rung >= climbed_for).then(|| 500 << u32::from(self.rung - climbed_for))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [Class; 7] = [
        Class::Control,
        Class::Messages,
        Class::Actions,
        Class::Resume,
        Class::NewConversations,
        Class::History,
        Class::Ephemera,
    ];

    fn refused(ladder: Ladder) -> usize {
        CLASSES
            .iter()
            .filter(|class| ladder.refuses(**class).is_some())
            .count()
    }

    #[test]
    fn classes_are_shed_from_the_bottom_and_control_never() {
        for (rung, (unsubmitted, _)) in RUNGS.into_iter().enumerate() {
            let ladder = Ladder::GROUND.next(Pressure {
                unsubmitted,
                ..Pressure::default()
            });
            let open: Vec<_> = CLASSES
                .iter()
                .map(|class| ladder.refuses(*class).is_none())
                .collect();
            assert_eq!(refused(ladder), rung + 1);
            assert!(
                open.is_sorted_by(|a, b| a >= b),
                "{open:?}: a class is refused before one below it"
            );
        }
    }

    #[test]
    fn lateness_climbs_as_well() {
        let ladder = Ladder::GROUND.next(Pressure {
            late_ms: 250,
            ..Pressure::default()
        });
        assert!(ladder.refuses(Class::NewConversations).is_some());
        assert!(ladder.refuses(Class::Messages).is_none());
    }

    #[test]
    fn it_comes_down_rung_by_rung_once_pressure_is_below_half() {
        let mut ladder = Ladder::GROUND.next(Pressure {
            unsubmitted: 80_000,
            ..Pressure::default()
        });
        assert_eq!(ladder.rung(), 6);
        assert_eq!(
            ladder.next(Pressure {
                unsubmitted: 45_000,
                ..Pressure::default()
            }),
            ladder
        );
        for rung in (0..6).rev() {
            ladder = ladder.next(Pressure::default());
            assert_eq!(ladder.rung(), rung);
        }
        assert_eq!(ladder, Ladder::GROUND);
    }

    #[test]
    fn a_stopping_node_opens_nothing_new() {
        let ladder = Ladder::GROUND.next(Pressure {
            draining: true,
            ..Pressure::default()
        });
        assert!(ladder.refuses(Class::NewConversations).is_some());
        assert!(ladder.refuses(Class::Messages).is_none());
        assert_eq!(
            ladder.code_of(Class::NewConversations),
            Some(Code::GoingAway)
        );
        assert_eq!(ladder.code_of(Class::Messages), Some(Code::BusyMessages));
    }
}

//! Whatever comes in whatever order, the ledger holds.

use proptest::prelude::*;

use super::desk::{Desk, confirm, connect, force, offer, on_break, release, reserve, session, set};
use super::{Agent, Event, Note, Presence, Released};
use crate::aggregate::Aggregate;

#[derive(Clone, Debug)]
enum Step {
    Tell(Note),
    /// The value is lost with what was not yet durable of the last turn.
    Crash,
    Fail(Note),
    Pass(u64),
}

fn note() -> impl Strategy<Value = Note> {
    let claim = (1u8..5, 1u64..4);
    let presence = prop_oneof![
        Just(Presence::Ready),
        Just(Presence::Ready),
        Just(on_break()),
        Just(Presence::Offline)
    ];
    let why = prop_oneof![
        Just(Released::Missed),
        Just(Released::Declined),
        Just(Released::Over)
    ];
    prop_oneof![
        6 => (claim.clone(), 1u32..3).prop_map(|((n, at), weight)| Note::Reserve {
            offer: offer(n, at), weight, queue: None, forced: false,
        }),
        3 => claim.clone().prop_map(|(n, at)| reserve(n, at)),
        1 => claim.clone().prop_map(|(n, at)| force(n, at)),
        3 => (claim.clone(), any::<bool>()).prop_map(|((n, at), yes)| confirm(n, at, yes)),
        4 => (claim, why).prop_map(|((n, at), why)| release(n, at, why)),
        3 => (1u32..3).prop_map(|slot| connect(slot, Some(Presence::Ready))),
        1 => (1u32..3).prop_map(|slot| Note::Disconnect { session: session(slot) }),
        2 => (presence.clone(), proptest::option::of(presence)).prop_map(|(now, next)| set(now, next)),
        1 => Just(Note::Wake),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => note().prop_map(Step::Tell),
        1 => Just(Step::Crash),
        1 => note().prop_map(Step::Fail),
        2 => (1u64..20_000).prop_map(Step::Pass),
    ]
}

/// Each grant of the log in the light of the load it met.
fn check_grants(desk: &Desk, capacity: u32) -> Result<(), TestCaseError> {
    let mut fold = Agent::empty(desk.agent.key.clone());
    for entry in &desk.log {
        let load = fold.ledger().load();
        if let Event::Granted { weight, forced, .. } = entry.event {
            prop_assert!(
                forced || load + weight <= capacity,
                "granted {weight} at {load}"
            );
        }
        fold.replay(entry);
    }
    prop_assert_eq!(fold.ledger(), desk.agent.ledger());
    Ok(())
}

proptest! {
    #[test]
    fn no_unforced_grant_goes_above_capacity(steps in prop::collection::vec(step(), 1..200)) {
        let mut desk = Desk::ready();
        for step in steps {
            match step {
                Step::Tell(note) => drop(desk.tell(note)),
                Step::Crash => drop(desk.restart()),
                Step::Fail(note) => {
                    let durable = desk.log.len();
                    desk.tell(note);
                    desk.log.truncate(durable);
                    desk.restart();
                }
                Step::Pass(ms) => drop(desk.pass(ms)),
            }
            let present = desk.agent.reachable() || *desk.agent.presence() == Presence::Offline;
            prop_assert!(present, "present without a session");
        }
        check_grants(&desk, 2)?;
    }

    #[test]
    fn what_was_held_is_asked_for_after_a_restart(steps in prop::collection::vec(note(), 1..60)) {
        let mut desk = Desk::ready();
        desk.all(steps);
        let asked = super::desk::only(desk.restart(), &["reserved"]);
        prop_assert_eq!(asked.len(), desk.agent.ledger().len());
    }
}

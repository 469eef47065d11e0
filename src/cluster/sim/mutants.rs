//! Every shorter rule that models/README of the protocol calls wrong, as far as it concerns leases
//! and the map of shards, and some more. Each must be caught under some seed.

use super::each;
use super::store::Lie;
use super::world::Bend;
use crate::cluster::rules::Fault;

/// A mutant not caught under so many seeds has escaped.
const SEEDS: u64 = 4_000;

fn mutants() -> Vec<(&'static str, Bend)> {
    let rule = |faults: &'static [Fault]| Bend {
        faults,
        ..Bend::default()
    };
    let lie = |lie| Bend {
        lie: Some(lie),
        ..Bend::default()
    };
    vec![
        (
            "declared dead if incarnation and alive",
            lie(Lie::DeathIgnoresBeat),
        ),
        (
            "renewed if incarnation and beat",
            lie(Lie::RenewalIgnoresAlive),
        ),
        (
            "anybody moves a living process's shards",
            rule(&[Fault::AnyoneMoves]),
        ),
        ("the map names the node", rule(&[Fault::OwnerIsNode])),
        (
            "the map names the node, and a lease is taken over from the living",
            rule(&[Fault::OwnerIsNode, Fault::JoinsOverLiving]),
        ),
        (
            "a new incarnation is the death of the old, which lives",
            rule(&[Fault::JoinsOverLiving]),
        ),
        (
            "the bus is believed",
            Bend {
                believes_bus: true,
                ..Bend::default()
            },
        ),
        (
            "a CAS that timed out was not carried out",
            rule(&[Fault::TimeoutIsNo]),
        ),
        (
            "a CAS that timed out is made again blindly",
            rule(&[Fault::RetriesBlindly]),
        ),
        (
            "the map is read again while a move is open",
            rule(&[Fault::ResumesOnRead]),
        ),
        (
            "a lease runs from the answer",
            rule(&[Fault::LeaseFromAnswer]),
        ),
        (
            "moved without a declared death",
            rule(&[Fault::DeadWithoutCas]),
        ),
        (
            "clocks stop while suspended",
            Bend {
                clocks_stop: true,
                ..Bend::default()
            },
        ),
        ("no guard", rule(&[Fault::NoGuard])),
        (
            "a beat counts from the asking",
            rule(&[Fault::SeenFromAsking]),
        ),
        ("dead by a plain look", rule(&[Fault::DeadByLook])),
        ("acts until it has moved", rule(&[Fault::ActsUntilMoved])),
        ("the epoch stays at a move", rule(&[Fault::KeepsEpoch])),
    ]
}

#[test]
fn every_mutant_is_caught() {
    let mut escaped = Vec::new();
    for (name, bend) in mutants() {
        let reports = each(SEEDS, bend, |report| report.broken.is_some());
        let caught = reports.iter().find(|(_, report)| report.broken.is_some());
        match caught {
            Some((seed, report)) => println!("{name}: seed {seed}: {:?}", report.broken),
            None => escaped.push(name),
        }
    }
    assert_eq!(escaped, [""; 0]);
}

//! Every order of things between activations of one log over three replicas, explored with the real
//! `chain.rs`: markers beside the log (ops/adr/0004), rows that surface late, owners that go on writing
//! after they were replaced.
//!
//! Assumed, and proved elsewhere (`cluster/sim`): once an activation starts, no check of an earlier one
//! passes any more. Bounds: up to three activations and two messages of one row, from an empty log; a
//! write reaches a replica when somebody reads there, or with its quorum, or never. Not here: buckets,
//! bases, appends of several rows, index rows.

use std::time::Duration;

use crest_actors::ids::Token;
use stateright::{Checker, HasDiscoveries, Model, Property};

use super::chain::{Broken, Chain, ChainReader, Marker, Walk};

/// The replicas a QUORUM statement used.
const PAIRS: [u8; 3] = [0b011, 0b101, 0b110];

/// One rule is broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mutant {
    #[default]
    None,
    /// The adopted tail is not written again.
    TailNotAgain,
    /// The newest marker is not written again before the own one.
    MarkerNotAgain,
    /// Serves before its marker is at QUORUM.
    ServesEarly,
    /// Serves an empty log without a marker.
    NoMarkerWhereEmpty,
    /// Acknowledges without asking whether it is still the owner.
    Unchecked,
    /// Acknowledges what one replica has.
    OneReplica,
    /// A token is used by two activations.
    SameToken,
    /// The own marker does not say which one it continues.
    Unchained,
    /// What is in flight is not looked at for a message that came before.
    DoubleTake,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct StoredMarker {
    marker: Marker,
    mask: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Event {
    seq: u64,
    token: Token,
    body: u8,
    mask: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Read the markers; rows come next.
    Chained(Option<Chain>),
    /// Knows the log; writes the tail and the marker it found again.
    Adopted(Option<Chain>),
    /// Writes its own marker.
    Marking,
    Serving,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Owner {
    token: Token,
    phase: Phase,
    /// Its checks pass.
    holds: bool,
    /// Bodies with the token they were written under, from seq 1.
    log: Vec<(Token, u8)>,
    /// So many of them are adopted or acknowledged.
    durable: usize,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct World {
    markers: Vec<StoredMarker>,
    events: Vec<Event>,
    owners: Vec<Owner>,
    /// Acknowledged or shown, from seq 1.
    seen: Vec<(Token, u8)>,
    wrong: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Act {
    /// A new activation reads the markers at a pair; `late` are those not there yet that arrive now.
    Open {
        pair: u8,
        late: u8,
    },
    ReadRows {
        owner: usize,
        pair: u8,
        late: u8,
    },
    WriteAgain {
        owner: usize,
        pair: u8,
    },
    MarkerStored {
        owner: usize,
        pair: u8,
    },
    Say {
        owner: usize,
        body: u8,
    },
    Stored {
        owner: usize,
        pair: u8,
    },
}

struct Log {
    activations: usize,
    messages: u8,
    mutant: Mutant,
}

impl Log {
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }

    fn token(&self, number: usize) -> Token {
        let epoch = match self.is(Mutant::SameToken) {
            true => 1,
            false => number as u64,
        };
        Token {
            epoch,
            activation: 1,
        }
    }

    /// Every log that a reader could find now is the one that was seen, and more.
    fn check(&self, world: &mut World) {
        let seen = world.seen.clone();
        for_each_reading(world, |log| {
            let log = log.map_err(|_| "a log that was written well is refused")?;
            if !log.starts_with(&seen) {
                return Err("something seen is not in the log any more");
            }
            match twice(&log) {
                true => Err("a message is in the log twice"),
                false => Ok(()),
            }
        });
    }

    fn show(&self, world: &mut World, owner: usize) {
        let Owner { log, durable, .. } = &world.owners[owner];
        let shown = &log[..*durable];
        if shown.len() < world.seen.len() || !shown.starts_with(&world.seen) {
            world.wrong = Some("an owner shows another log than was seen");
        }
        world.seen = shown.to_vec();
    }

    fn own_marker(&self, owner: &Owner, chain: Option<&Chain>) -> Marker {
        let previous = chain.map_or(Token::default(), |chain| chain.newest.token);
        Marker {
            token: owner.token,
            first: owner.log.len() as u64 + 1,
            previous: match self.is(Mutant::Unchained) {
                true => Token::default(),
                false => previous,
            },
            base: 0,
        }
    }
}

fn twice(log: &[(Token, u8)]) -> bool {
    let mut bodies: Vec<u8> = log.iter().map(|(_, body)| *body).collect();
    bodies.sort_unstable();
    bodies.windows(2).any(|pair| pair[0] == pair[1])
}

/// The markers that a read at `pair` finds, newest first; `late` names some that are in flight.
fn chain_of<'a>(found: impl Iterator<Item = &'a StoredMarker>) -> Result<Option<Chain>, Broken> {
    let mut markers: Vec<Marker> = found.map(|it| it.marker).collect();
    markers.sort_by_key(|marker| std::cmp::Reverse(marker.token));
    let mut reader = ChainReader::new(None);
    for marker in markers {
        if reader.take(marker)? {
            break;
        }
    }
    reader.finish()
}

/// The rows of a page that are the log.
fn log_of(chain: Option<&Chain>, mut rows: Vec<&Event>) -> Result<Vec<(Token, u8)>, Broken> {
    let Some(chain) = chain else {
        return Ok(Vec::new());
    };
    rows.sort_by_key(|row| (row.seq, row.token));
    let mut walk = Walk::to_the_end(chain, 1);
    let mut log = Vec::new();
    for row in rows {
        if walk.take(row.seq, row.token)? {
            log.push((row.token, row.body));
        }
    }
    walk.seen_before(u64::MAX)?;
    Ok(log)
}

/// Those of `masks` that a read at `pair` does not find, if nothing arrives meanwhile.
fn missing(masks: impl Iterator<Item = u8>, pair: u8) -> Vec<usize> {
    let missed = |(index, mask): (usize, u8)| (mask & pair == 0).then_some(index);
    masks.enumerate().filter_map(missed).collect()
}

fn for_each_reading(
    world: &mut World,
    verdict: impl Fn(Result<Vec<(Token, u8)>, Broken>) -> Result<(), &'static str>,
) {
    let masks = || world.markers.iter().map(|it| it.mask);
    for pair in PAIRS {
        let away = missing(masks(), pair);
        for late in 0..1_u8 << away.len() {
            let there = |index: &usize| arrives(&away, late, *index);
            let found = (0..world.markers.len()).filter(there);
            let chain = chain_of(found.map(|index| &world.markers[index]));
            let chain = match chain {
                Ok(chain) => chain,
                Err(broken) => {
                    world.wrong = verdict(Err(broken)).err();
                    return;
                }
            };
            for pair in PAIRS {
                let away = missing(world.events.iter().map(|it| it.mask), pair);
                for late in 0..1_u8 << away.len() {
                    let there = |index: &usize| arrives(&away, late, *index);
                    let rows = (0..world.events.len()).filter(there);
                    let rows = rows.map(|index| &world.events[index]).collect();
                    if let Err(wrong) = verdict(log_of(chain.as_ref(), rows)) {
                        world.wrong = Some(wrong);
                        return;
                    }
                }
            }
        }
    }
}

/// Is it there, or among those that arrive just now?
fn arrives(away: &[usize], late: u8, index: usize) -> bool {
    let place = away.iter().position(|it| *it == index);
    place.is_none_or(|place| late >> place & 1 == 1)
}

/// Replicas are alike, and those of markers and of events need not be the same: of all ways to number
/// them the least is taken, so that no world is explored six times.
fn rename_replicas(mut masks: Vec<&mut u8>) {
    const ORDERS: [[u8; 3]; 6] = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    let renamed = |order: [u8; 3]| {
        let bit = |mask: u8, replica: usize| (mask >> replica & 1) << order[replica];
        let rename = |mask: &&mut u8| (0..3).map(|replica| bit(**mask, replica)).sum();
        masks.iter().map(rename).collect::<Vec<u8>>()
    };
    let least = ORDERS.map(renamed).into_iter().min().unwrap_or_default();
    for (mask, least) in masks.iter_mut().zip(least) {
        **mask = least;
    }
}

fn lowest(pair: u8) -> u8 {
    pair & pair.wrapping_neg()
}

impl Model for Log {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        vec![World::default()]
    }

    fn actions(&self, world: &World, acts: &mut Vec<Act>) {
        if world.wrong.is_some() {
            return;
        }
        if world.owners.len() < self.activations {
            for pair in PAIRS {
                let away = missing(world.markers.iter().map(|it| it.mask), pair).len();
                acts.extend((0..1_u8 << away).map(|late| Act::Open { pair, late }));
            }
        }
        for (number, owner) in world.owners.iter().enumerate() {
            match &owner.phase {
                Phase::Chained(_) => {
                    for pair in PAIRS {
                        let away = missing(world.events.iter().map(|it| it.mask), pair).len();
                        acts.extend((0..1_u8 << away).map(|late| Act::ReadRows {
                            owner: number,
                            pair,
                            late,
                        }));
                    }
                }
                Phase::Adopted(_) => acts.extend(PAIRS.map(|pair| Act::WriteAgain {
                    owner: number,
                    pair,
                })),
                Phase::Marking => acts.extend(PAIRS.map(|pair| Act::MarkerStored {
                    owner: number,
                    pair,
                })),
                Phase::Serving if owner.durable < owner.log.len() => {
                    acts.extend(PAIRS.map(|pair| Act::Stored {
                        owner: number,
                        pair,
                    }));
                }
                Phase::Serving => {}
            }
            let serves = owner.phase == Phase::Serving;
            // One write at a time, as a lane does; a former owner may write once more.
            let idle = owner.durable == owner.log.len() || self.is(Mutant::DoubleTake);
            if serves && idle && owner.log.len() < 2 * usize::from(self.messages) {
                let known = match self.is(Mutant::DoubleTake) {
                    true => &owner.log[..owner.durable],
                    false => &owner.log[..],
                };
                let new = |body: &u8| known.iter().all(|(_, it)| it != body);
                acts.extend((1..=self.messages).filter(new).map(|body| Act::Say {
                    owner: number,
                    body,
                }));
            }
        }
    }

    fn next_state(&self, before: &World, act: Act) -> Option<World> {
        let mut world = before.clone();
        match act {
            Act::Open { pair, late } => {
                let away = missing(world.markers.iter().map(|it| it.mask), pair);
                let mut found = Vec::new();
                for (index, stored) in world.markers.iter_mut().enumerate() {
                    if stored.mask & pair == 0 && arrives(&away, late, index) {
                        stored.mask |= lowest(pair);
                    }
                    if stored.mask & pair != 0 {
                        found.push(stored.clone());
                    }
                }
                for owner in &mut world.owners {
                    owner.holds = false;
                }
                match chain_of(found.iter()) {
                    Ok(chain) => world.owners.push(Owner {
                        token: self.token(world.owners.len() + 1),
                        phase: Phase::Chained(chain),
                        holds: true,
                        log: Vec::new(),
                        durable: 0,
                    }),
                    Err(_) => world.wrong = Some("a chain that was written well is refused"),
                }
            }
            Act::ReadRows { owner, pair, late } => {
                let away = missing(world.events.iter().map(|it| it.mask), pair);
                for (index, row) in world.events.iter_mut().enumerate() {
                    if row.mask & pair == 0 && arrives(&away, late, index) {
                        row.mask |= lowest(pair);
                    }
                }
                let rows = world.events.iter().filter(|row| row.mask & pair != 0);
                let Phase::Chained(chain) = world.owners[owner].phase.clone() else {
                    return None;
                };
                match log_of(chain.as_ref(), rows.collect()) {
                    Ok(log) => {
                        let this = &mut world.owners[owner];
                        this.durable = log.len();
                        this.log = log;
                        this.phase = Phase::Adopted(chain);
                        let empty = this.log.is_empty();
                        if empty && self.is(Mutant::NoMarkerWhereEmpty) {
                            this.phase = Phase::Serving;
                        }
                    }
                    // A former owner may find what its successors left half-way; it serves nothing.
                    Err(_) if !world.owners[owner].holds => return None,
                    Err(_) => world.wrong = Some("rows that were written well are refused"),
                }
            }
            Act::WriteAgain { owner, pair } => {
                let this = world.owners[owner].clone();
                let Phase::Adopted(chain) = &this.phase else {
                    return None;
                };
                let newest = chain.as_ref().map(|chain| chain.newest);
                for row in &mut world.events {
                    let adopted =
                        this.log.get(row.seq as usize - 1) == Some(&(row.token, row.body));
                    let tail = newest.is_some_and(|newest| row.seq >= newest.first);
                    if adopted && tail && !self.is(Mutant::TailNotAgain) {
                        row.mask |= pair;
                    }
                }
                for stored in &mut world.markers {
                    if Some(stored.marker) == newest && !self.is(Mutant::MarkerNotAgain) {
                        stored.mask |= pair;
                    }
                }
                let marker = self.own_marker(&this, chain.as_ref());
                if !world.markers.iter().any(|it| it.marker == marker) {
                    world.markers.push(StoredMarker { marker, mask: 0 });
                }
                world.owners[owner].phase = Phase::Marking;
                if self.is(Mutant::ServesEarly) && this.holds {
                    world.owners[owner].phase = Phase::Serving;
                    self.show(&mut world, owner);
                }
            }
            Act::MarkerStored { owner, pair } => {
                let token = world.owners[owner].token;
                for stored in &mut world.markers {
                    if stored.marker.token == token {
                        stored.mask |= pair;
                    }
                }
                world.owners[owner].phase = Phase::Serving;
                if world.owners[owner].holds {
                    self.show(&mut world, owner);
                }
            }
            Act::Say { owner, body } => {
                let this = &mut world.owners[owner];
                this.log.push((this.token, body));
                let row = Event {
                    seq: this.log.len() as u64,
                    token: this.token,
                    body,
                    mask: 0,
                };
                world.events.push(row);
            }
            Act::Stored { owner, pair } => {
                let this = world.owners[owner].clone();
                let (token, body) = this.log[this.durable];
                let seq = this.durable as u64 + 1;
                for row in &mut world.events {
                    if (row.seq, row.token, row.body) == (seq, token, body) {
                        row.mask |= match self.is(Mutant::OneReplica) {
                            true => lowest(pair),
                            false => pair,
                        };
                    }
                }
                world.owners[owner].durable += 1;
                // Where the check fails nobody is told.
                if this.holds || self.is(Mutant::Unchecked) {
                    self.show(&mut world, owner);
                }
            }
        }
        world
            .markers
            .sort_by_key(|it| (it.marker.token, it.marker.first));
        world.events.sort_by_key(|it| (it.seq, it.token, it.body));
        rename_replicas(world.markers.iter_mut().map(|it| &mut it.mask).collect());
        rename_replicas(world.events.iter_mut().map(|it| &mut it.mask).collect());
        if world.wrong.is_none() {
            self.check(&mut world);
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("nothing seen is lost", |_, world: &World| {
                world.wrong.is_none()
            }),
            Property::sometimes(
                "the last owner has all messages",
                |log: &Log, world: &World| {
                    world.owners.len() == log.activations
                        && world.seen.len() == usize::from(log.messages)
                        && world
                            .owners
                            .last()
                            .is_some_and(|it| it.phase == Phase::Serving)
                },
            ),
        ]
    }
}

/// The number of states explored, and the shortest way to a wrong one with what is wrong.
fn explore(activations: usize, messages: u8, mutant: Mutant) -> (usize, Option<String>, bool) {
    let log = Log {
        activations,
        messages,
        mutant,
    };
    let checker = log
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .timeout(Duration::from_secs(300))
        .spawn_bfs()
        .join();
    let wrong = checker.discovery("nothing seen is lost").map(|path| {
        let steps: Vec<_> = path.clone().into_actions();
        format!("{:?} after {steps:#?}", path.last_state().wrong)
    });
    let all = checker.discovery("the last owner has all messages");
    (checker.unique_state_count(), wrong, all.is_some())
}

fn nothing_is_wrong(activations: usize, messages: u8) {
    let (states, wrong, all) = explore(activations, messages, Mutant::None);
    println!("{activations} activations, {messages} messages: {states} states");
    assert_eq!(wrong, None);
    assert!(all, "an empty model proves nothing");
}

#[test]
fn nothing_seen_is_lost_in_any_order() {
    nothing_is_wrong(2, 2);
    nothing_is_wrong(3, 1);
}

#[test]
#[ignore = "two million states: cargo test --release -p crest --lib the_larger_bounds -- --ignored --nocapture"]
fn nothing_seen_is_lost_within_the_larger_bounds() {
    nothing_is_wrong(3, 2);
}

#[test]
fn every_broken_rule_is_noticed() {
    for mutant in [
        Mutant::TailNotAgain,
        Mutant::MarkerNotAgain,
        Mutant::ServesEarly,
        Mutant::NoMarkerWhereEmpty,
        Mutant::Unchecked,
        Mutant::OneReplica,
        Mutant::SameToken,
        Mutant::Unchained,
        Mutant::DoubleTake,
    ] {
        let (states, wrong, _) = explore(3, 2, mutant);
        assert!(
            wrong.is_some(),
            "{mutant:?} is not noticed in {states} states"
        );
    }
}

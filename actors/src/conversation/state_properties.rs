//! Whatever is told in whatever order: the log stays dense, its replay equals memory, and nothing
//! for staff reaches a customer.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::aggregate::Turn;
use crate::effect::{Effect, Push};
use crate::ids::*;

use super::customer_event::{CustomerEntry, CustomerEvent};
use super::event::*;
use super::note::*;
use super::script::*;

/// A step of a random play; numbers are taken modulo what makes sense.
#[derive(Clone, Debug)]
enum Move {
    Pass(u16),
    Open(u8),
    Attach(u8),
    Detach(u8),
    Does(u8, u8, u8),
    /// A claim at so many events before the end of the log.
    Reserved(u8, bool),
    Lost(u8, bool, bool),
    /// An agent is reserved, attaches and accepts, if it is offered.
    Serve(bool),
    Bot(u8, u8),
    Overflow(u8),
    Crash,
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let step = prop_oneof![
        2 => any::<u16>().prop_map(Move::Pass),
        2 => (0..4u8).prop_map(Move::Open),
        3 => (0..4u8).prop_map(Move::Attach),
        1 => (0..4u8).prop_map(Move::Detach),
        10 => (0..4u8, 0..17u8, any::<u8>()).prop_map(|(who, what, arg)| Move::Does(who, what, arg)),
        5 => (0..4u8, any::<bool>()).prop_map(|(back, amy)| Move::Reserved(back, amy)),
        1 => (0..6u8, any::<bool>(), any::<bool>()).prop_map(|(back, amy, over)| Move::Lost(back, amy, over)),
        3 => any::<bool>().prop_map(Move::Serve),
        2 => (0..3u8, 0..6u8).prop_map(|(ahead, reply)| Move::Bot(ahead, reply)),
        1 => (0..3u8).prop_map(Move::Overflow),
        1 => Just(Move::Crash),
    ];
    prop::collection::vec(step, 1..120)
}

/// A session's side: the link and number it uses next.
struct Side {
    link: u32,
    number: u32,
}

struct Random {
    play: Play,
    sides: Vec<Side>,
}

impl Random {
    fn new() -> Self {
        let sides = (0..4).map(|_| Side { link: 0, number: 0 }).collect();
        let play = Play::new(directory(|_| {}));
        let mut random = Self { play, sides };
        for step in [Move::Open(0), Move::Attach(0), Move::Attach(3)] {
            random.step(&step);
        }
        random
    }

    fn role(who: u8) -> Role {
        match who {
            0 => Role::Customer,
            1 => Role::Agent("amy".into()),
            2 => Role::Agent("bob".into()),
            _ => Role::Supervisor("sue".into()),
        }
    }

    fn claim(&self, back: u8, amy: bool) -> OfferId {
        let position = self.position().saturating_sub(u64::from(back));
        offer(position, if amy { "amy" } else { "bob" })
    }

    fn position(&self) -> u64 {
        let summary = self.play.conversation.summary();
        summary.map_or(0, |summary| summary.position.0)
    }

    /// The newest claim or wait of the log, as an agent that follows it would name it.
    fn current(&self, agent: &str) -> OfferId {
        let mut log = self.play.log.iter().rev();
        let position = log.find_map(|entry| match &entry.event {
            Event::Offered { offer, .. } => Some(offer.position.0),
            _ => None,
        });
        offer(position.unwrap_or(0), agent)
    }

    fn step(&mut self, step: &Move) -> Vec<Turn<Event>> {
        let note = match step {
            Move::Pass(ms) => {
                self.play.pass(u64::from(*ms));
                return Vec::new();
            }
            Move::Serve(amy) => {
                let who = if *amy { 1 } else { 2 };
                let steps = [
                    Move::Reserved(0, *amy),
                    Move::Attach(who),
                    Move::Does(who, 9, 0),
                ];
                return steps.iter().flat_map(|step| self.step(step)).collect();
            }
            Move::Crash => return vec![self.play.crash()],
            Move::Open(opening) => open(u32::from(*opening)),
            Move::Attach(who) => {
                let side = &mut self.sides[usize::from(*who)];
                side.link += 1;
                side.number = 0;
                Note::Attach {
                    session: session(u32::from(*who)),
                    link: side.link,
                    role: Self::role(*who),
                    after: self.play.log.last().map_or(Seq(0), |it| Seq(it.seq.0 / 2)),
                }
            }
            Move::Detach(who) => Note::Detach {
                session: session(u32::from(*who)),
                link: self.sides[usize::from(*who)].link,
            },
            Move::Does(who, what, arg) => {
                let command = self.command(*who, *what, *arg);
                let side = &mut self.sides[usize::from(*who)];
                side.number += 1;
                Note::Command {
                    session: session(u32::from(*who)),
                    link: side.link,
                    number: side.number - 1,
                    reference: 1,
                    command,
                }
            }
            Move::Reserved(back, amy) => Note::Reserved {
                offer: self.claim(*back, *amy),
                forced: false,
            },
            Move::Lost(back, amy, grace_over) => Note::AgentLost {
                offer: self.claim(*back, *amy),
                grace_over: *grace_over,
            },
            Move::Bot(turn, reply) => self.reply(*turn, *reply),
            Move::Overflow(to) => Note::Overflow {
                entry: self.claim(0, true).position,
                to: match to {
                    0 => Overflow::Bot,
                    1 => Overflow::Group("after".into()),
                    _ => Overflow::LeaveMessage,
                },
            },
        };
        vec![self.play.tell(1, note)]
    }

    fn reply(&self, turn: u8, reply: u8) -> Note {
        let customers = |it: &&Arc<Entry<Event>>| matches!(&it.event, Event::Message(message) if message.author == Author::Customer);
        let asked = self.play.log.iter().filter(customers).count() as u32;
        let turn = asked.saturating_sub(u32::from(turn));
        if reply > 3 {
            handed_off(turn)
        } else {
            answered(turn)
        }
    }

    fn command(&self, who: u8, what: u8, arg: u8) -> Command {
        let id = ClientMsgId([arg | 32; 16]);
        let mut last = self.play.log.iter().filter_map(|it| match who {
            0 => it.customer_seq,
            _ => Some(it.seq),
        });
        let last = last.next_back().unwrap_or_default();
        let of = Seq(last.0.saturating_sub(u64::from(arg % 3)));
        let agent = if who == 1 { "amy" } else { "bob" };
        match what {
            0..=2 => say(arg % 32, "words"),
            3 => Command::Edit {
                id,
                of,
                body: text("edited"),
            },
            4 => Command::Recall { id, of },
            5 => match who {
                0 => Command::AskHuman,
                _ => Command::TakeOver,
            },
            6 => match who {
                0 if arg < 64 => Command::Leave,
                _ => Command::GiveBack,
            },
            7 => Command::LeaveMessage {
                id,
                text: "later".to_owned(),
            },
            8 => rate(arg % 6),
            9 if who == 3 => Command::TakeOver,
            10..=11 if who == 3 => Command::GiveBack,
            9..=11 => Command::Accept {
                offer: self.current(agent),
            },
            12 => Command::Decline {
                offer: self.current(agent),
            },
            13 => Command::Whisper {
                id,
                text: "secret".to_owned(),
            },
            14 => transfer(if arg.is_multiple_of(2) { "amy" } else { "bob" }, who == 3),
            15 => Command::TransferToGroup {
                to: "after".into(),
                note: Some("secret".to_owned()),
            },
            _ => match arg % 2 {
                0 => Command::End,
                _ => Command::WrapUpDone { code: None },
            },
        }
    }
}

fn dense(log: &[Arc<Entry<Event>>]) {
    let mut customer = 0;
    for (index, entry) in log.iter().enumerate() {
        assert_eq!(entry.seq.0, index as u64 + 1, "dense seq");
        if let Some(seq) = entry.customer_seq {
            customer += 1;
            assert_eq!(seq.0, customer, "dense customer seq");
            assert!(CustomerEntry::of(entry).is_some(), "numbered means shown");
        }
        if matches!(entry.event, Event::Whisper { .. }) {
            assert_eq!(entry.customer_seq, None, "a whisper has no customer number");
        }
    }
}

fn nothing_leaks(turn: &Turn<Event>) {
    for effect in &turn.effects {
        match effect {
            Effect::Publish(it) if it.entry.customer_seq.is_none() => {
                assert!(it.customers.is_empty(), "not for customers");
            }
            Effect::Push(_, Push::AttachedCustomer { history, .. }) => {
                let secret = |it: &CustomerEntry| matches!(&it.event, CustomerEvent::Message { body: Body::Text(text), .. } if &**text == "secret");
                assert!(!history.iter().any(secret), "no whisper in history");
            }
            _ => {}
        }
    }
}

/// Claims the log has given and not ended, counted without the state machine.
fn open_claims(log: &[Arc<Entry<Event>>]) -> usize {
    let mut claims = 0;
    for entry in log {
        claims = match &entry.event {
            Event::Offered { .. } => claims + 1,
            Event::Transferred { .. } => 1,
            Event::Waiting(_) | Event::Closed { .. } => 0,
            Event::TakenOver { .. } => claims.min(1),
            _ => claims,
        };
        assert!(claims <= 1, "at most one claim");
    }
    claims
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_play_keeps_the_promises(steps in moves()) {
        let mut random = Random::new();
        for step in &steps {
            let turns = random.step(step);
            turns.iter().for_each(nothing_leaks);
            if let Some(turn) = turns.last() {
                let row = turn.events.iter().any(|it| it.event.is_state());
                prop_assert!(!row || turn.summary == random.play.conversation.summary());
            }
            let rebuilt = random.play.rebuilt();
            prop_assert!(rebuilt.fold == random.play.conversation.fold, "replay equals memory");
            prop_assert_eq!(rebuilt.summary(), random.play.conversation.summary());
        }
        dense(&random.play.log);
        open_claims(&random.play.log);
    }
}

/// The plays above say something only if they get everywhere.
#[test]
fn random_plays_reach_every_kind_of_event() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let tree = moves()
            .new_tree(&mut runner)
            .expect("moves are always possible");
        let mut random = Random::new();
        for step in tree.current() {
            random.step(&step);
        }
        let names = random.play.log.iter().map(|entry| event(&entry.event));
        reached.extend(names.map(|name| name.split('(').next().unwrap_or("").to_owned()));
    }
    let all = "Accepted BotResumed BotTurned Closed Edited GivenBack Message Offered Opened Rated \
               Recalled TakenOver TransferFailed TransferRequested Transferred Waiting Whisper WrapUp";
    let missed: Vec<&str> = all
        .split(' ')
        .filter(|name| !reached.contains(*name))
        .collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}

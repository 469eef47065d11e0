//! Notes of the scripts, short: who is who is said at `directory`.

use crate::ids::*;
use crate::ports::{BotReply, HandOffReason};

use super::event::*;
use super::note::*;
use super::script::{id, session};

pub(super) fn opened(opening: u32) -> Opened {
    Opened {
        opening,
        customer: "li".into(),
        channel: "web".into(),
        tier: 0,
        display_name: None,
        attributes: Vec::new(),
        language: None,
        group: "sales".into(),
        sticky: None,
    }
}

pub(super) fn open(opening: u32) -> Note {
    Note::Open(opened(opening))
}

pub(super) fn attach_as(slot: u32, role: Role) -> Note {
    Note::Attach {
        session: session(slot),
        link: 0,
        role,
        after: Seq(0),
    }
}

/// The customer's session is 1.
pub(super) fn customer() -> Note {
    attach_as(1, Role::Customer)
}

/// Amy's session is 11, Bob's 12.
pub(super) fn agent(name: &str) -> Note {
    let slot = if name == "amy" { 11 } else { 12 };
    attach_as(slot, Role::Agent(name.into()))
}

/// Sue's session is 21.
pub(super) fn supervisor() -> Note {
    attach_as(21, Role::Supervisor("sue".into()))
}

pub(super) fn does(slot: u32, number: u32, command: Command) -> Note {
    Note::Command {
        session: session(slot),
        link: 0,
        number,
        reference: number,
        command,
    }
}

pub(super) fn text(words: &str) -> Body {
    Body::Text(words.into())
}

pub(super) fn say(id: u8, words: &str) -> Command {
    Command::Say {
        id: ClientMsgId([id; 16]),
        body: text(words),
    }
}

pub(super) fn offer(position: u64, agent: &str) -> OfferId {
    OfferId {
        conversation: id(),
        position: Seq(position),
        agent: agent.into(),
    }
}

pub(super) fn reserved(position: u64, agent: &str) -> Note {
    Note::Reserved {
        offer: offer(position, agent),
        forced: false,
    }
}

pub(super) fn accept(position: u64, agent: &str) -> Command {
    Command::Accept {
        offer: offer(position, agent),
    }
}

pub(super) fn answered(turn: u32) -> Note {
    let answer = Answer {
        article: "refund-time".to_owned(),
        score_permille: 900,
        runner_up: None,
        knowledge_version: 1,
    };
    let text = "3 days".to_owned();
    replied(turn, BotReply::Answer { text, answer })
}

pub(super) fn handed_off(turn: u32) -> Note {
    let hand_off = BotReply::HandOff {
        text: "A person will come".to_owned(),
        why: HandOffReason::Missed,
        group: None,
    };
    replied(turn, hand_off)
}

pub(super) fn replied(turn: u32, reply: BotReply) -> Note {
    Note::BotReplied {
        opening: 0,
        turn,
        reply,
    }
}

pub(super) fn rate(level: u8) -> Command {
    Command::Rate {
        level,
        comment: None,
    }
}

pub(super) fn decline(position: u64, agent: &str) -> Command {
    Command::Decline {
        offer: offer(position, agent),
    }
}

pub(super) fn transfer(to: &str, forced: bool) -> Command {
    Command::TransferToAgent {
        to: to.into(),
        forced,
        note: None,
    }
}

pub(super) fn listed(entry: u64) -> Note {
    Note::Listed {
        entry: Seq(entry),
        queue_run: 1,
    }
}

pub(super) fn placed(entry: u64, position: u32) -> Note {
    Note::Place {
        entry: Seq(entry),
        place: Place {
            position,
            wait_minutes: Some(2),
        },
    }
}

pub(super) fn typing(slot: u32) -> Note {
    Note::Ephemeral {
        session: session(slot),
        ephemeral: Ephemeral::Typing,
    }
}

pub(super) fn beat(slot: u32, last: u64) -> Note {
    Note::Beat {
        session: session(slot),
        link: 0,
        last: Seq(last),
    }
}

pub(super) fn lost_offer(position: u64, agent: &str) -> Note {
    Note::AgentLost {
        offer: offer(position, agent),
        grace_over: false,
    }
}

//! Events in words.

use crest_schema::frame::customer_view::{CustomerEntry, CustomerEvent, Speaker};
use crest_schema::frame::desk::{Phase, Presence};
use crest_schema::frame::staff_view::{Author, StaffEntry, StaffEvent, WaitReason};
use crest_schema::frame::{Body, CloseReason};

use super::line::{Line, Mark};

/// The four levels, best first, as the customer is asked.
pub(super) const RATING: &str = "How was it? 非常满意 4 (very good) / 满意 3 (good) / 一般 2 (so-so) / 不满意 1 (bad): say /rate 4 and, if you like, why";

pub(super) fn level(level: u8) -> &'static str {
    match level {
        4 => "非常满意 (4, very good)",
        3 => "满意 (3, good)",
        2 => "一般 (2, so-so)",
        1 => "不满意 (1, bad)",
        _ => "a level this client does not know",
    }
}

/// The first line, and below it what belongs to it.
pub(super) fn body(body: &Body<'_>) -> String {
    match body {
        Body::Text(text) => text.to_string(),
        Body::Image { url, alt, .. } => format!("[image] {alt} {url}"),
        Body::File { url, name, .. } => format!("[file] {name} {url}"),
        Body::Card {
            title, text, url, ..
        } => match url {
            Some(url) => format!("[{title}] {text} {url}"),
            None => format!("[{title}] {text}"),
        },
        Body::Choices { text, options } => {
            let mut lines = text.to_string();
            for (at, option) in options.iter().enumerate() {
                lines.push_str(&format!("\n[{}] {option}", at + 1));
            }
            lines
        }
    }
}

pub(super) fn speaker(from: &Speaker<'_>) -> (Mark, String) {
    match from {
        Speaker::You => (Mark::You, "you".to_owned()),
        Speaker::Bot => (Mark::Bot, "bot".to_owned()),
        Speaker::Agent(name) => (Mark::Agent, name.to_string()),
        Speaker::Desk => (Mark::Agent, "the desk".to_owned()),
        Speaker::System => (Mark::System, "shop".to_owned()),
    }
}

/// `customer` is the customer's name; `me` is who reads.
pub(super) fn author(author: &Author<'_>, customer: &str, me: &str) -> (Mark, String) {
    match author {
        Author::Customer => (Mark::Customer, customer.to_owned()),
        Author::Bot => (Mark::Bot, "bot".to_owned()),
        Author::Agent(name) | Author::Supervisor(name) if name == me => {
            (Mark::You, "you".to_owned())
        }
        Author::Agent(name) => (Mark::Agent, name.to_string()),
        Author::Supervisor(name) => (Mark::Supervisor, format!("{name} (supervisor)")),
        Author::System => (Mark::System, "system".to_owned()),
    }
}

/// An event as its customer reads it. `None`: nothing to say about it.
pub(super) fn customer_event(entry: &CustomerEntry<'_>) -> Option<Line> {
    let system = |text: String| Some(Line::at(Mark::System, entry.at, text));
    match &entry.event {
        CustomerEvent::Opened { opening: 0 } => None,
        CustomerEvent::Opened { .. } => system("your conversation goes on".to_owned()),
        CustomerEvent::Message { from, body, .. } => {
            let (mark, who) = speaker(from);
            Some(Line::at(
                mark,
                entry.at,
                format!("{who}: {}", self::body(body)),
            ))
        }
        CustomerEvent::Edited { of, from, body } => {
            let (mark, who) = speaker(from);
            let text = format!("{who} changed message {of}: {}", self::body(body));
            Some(Line::at(mark, entry.at, text))
        }
        CustomerEvent::Recalled { of, from } => {
            system(format!("{} took message {of} back", speaker(from).1))
        }
        CustomerEvent::Waiting => system("waiting for a person (排队中)".to_owned()),
        CustomerEvent::BotResumed => system("nobody can come now: the bot goes on".to_owned()),
        CustomerEvent::Joined { agent } => system(format!("{agent} is here for you")),
        CustomerEvent::Ended { reason } => system(format!("conversation over: {}", end(*reason))),
        CustomerEvent::Rated { level } => {
            system(format!("you rated it {}; thank you", self::level(*level)))
        }
    }
}

/// An event as staff read it.
pub(super) fn staff_event(entry: &StaffEntry<'_>, customer: &str, me: &str) -> Option<Line> {
    let system = |text: String| Some(Line::at(Mark::System, entry.at, text));
    let who = |it: &Author<'_>| author(it, customer, me);
    match &entry.event {
        StaffEvent::Opened(it) => {
            let name = short(it.display_name.as_deref().unwrap_or(&it.customer));
            let tier = tier(it.tier);
            system(format!("{name} came by {}, {tier}", it.channel))
        }
        StaffEvent::Message { author, body, .. } => {
            let (mark, who) = who(author);
            Some(Line::at(
                mark,
                entry.at,
                format!("{who}: {}", self::body(body)),
            ))
        }
        StaffEvent::Edited {
            of, author, body, ..
        } => {
            let (mark, who) = who(author);
            let text = format!("{who} changed message {of}: {}", self::body(body));
            Some(Line::at(mark, entry.at, text))
        }
        StaffEvent::Recalled { of, author, .. } => {
            system(format!("{} took message {of} back", who(author).1))
        }
        StaffEvent::Whisper { author, text, .. } => {
            let author = if author == me { "you" } else { author };
            let verb = if author == "you" {
                "whisper"
            } else {
                "whispers"
            };
            let text = format!("{author} {verb} (小纸条): {text}");
            Some(Line::at(Mark::Whisper, entry.at, text))
        }
        StaffEvent::BotTurned(context) => {
            let answer = context.answer.as_ref()?;
            let score = f64::from(answer.score_permille) / 1_000.0;
            system(format!("bot answers from {} ({score:.2})", answer.article))
        }
        StaffEvent::Waiting(it) => {
            let reason = wait_reason(&it.reason);
            system(format!("waits in group {}: {reason}", it.group))
        }
        StaffEvent::Offered { agent, .. } => system(format!("offered to {agent}")),
        StaffEvent::Accepted { agent, .. } => system(format!("{agent} accepted")),
        StaffEvent::TransferRequested {
            by,
            to,
            forced,
            note,
        } => {
            let forced = if *forced { ", above its capacity" } else { "" };
            let note = note.as_ref().map(|it| format!(": {it}"));
            let note = note.unwrap_or_default();
            system(format!("{by} hands it to {to}{forced}{note}"))
        }
        StaffEvent::Transferred { agent, .. } => system(format!("{agent} has it now")),
        StaffEvent::TransferFailed { .. } => system("the transfer did not succeed".to_owned()),
        StaffEvent::TakenOver { supervisor } => system(format!("{supervisor} took over (接管)")),
        StaffEvent::GivenBack { supervisor } => system(format!("{supervisor} gave it back")),
        StaffEvent::BotResumed { from } => {
            system(format!("group {from} could not keep it: the bot goes on"))
        }
        StaffEvent::WrapUp { reason, .. } => {
            system(format!("over for the customer: {}; wrap-up", end(*reason)))
        }
        StaffEvent::Closed { reason, code, .. } => {
            let code = code.as_ref().map(|it| format!(", code {it}"));
            let code = code.unwrap_or_default();
            system(format!("closed: {}{code}", end(*reason)))
        }
        StaffEvent::Rated { level, comment, .. } => {
            let comment = comment.as_ref().map(|it| format!(": {it}"));
            let comment = comment.unwrap_or_default();
            system(format!("customer rated {}{comment}", self::level(*level)))
        }
    }
}

pub(super) fn end(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Resolved => "resolved",
        CloseReason::CustomerLeft => "the customer left",
        CloseReason::Silence => "nobody said anything for a while",
        CloseReason::Abandoned => "the customer went away while waiting",
        CloseReason::LeftMessage => "the customer left a message",
        CloseReason::CallBack => "the customer will be called back",
        CloseReason::Overflow => "nobody could come",
    }
}

pub(super) fn wait_reason(reason: &WaitReason<'_>) -> String {
    match reason {
        WaitReason::Asked => "asked for a person".to_owned(),
        WaitReason::BotMissed => "the bot had no answer".to_owned(),
        WaitReason::ArticleSays => "its article asks for a person".to_owned(),
        WaitReason::NoBot => "there is no bot".to_owned(),
        WaitReason::Missed(agent) => format!("{agent} missed the offer"),
        WaitReason::Declined(agent) => format!("{agent} declined"),
        WaitReason::AgentLost(agent) => format!("{agent} lost the connection"),
        WaitReason::Transfer(by) => format!("transferred by {by}"),
        WaitReason::Overflow(group) => format!("came from group {group}"),
        WaitReason::GivenBack(by) => format!("given back by {by}"),
        WaitReason::Reopened => "came back".to_owned(),
    }
}

pub(super) fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::BotServing => "bot",
        Phase::Waiting => "waiting",
        Phase::Offered => "offered",
        Phase::Active => "active",
        Phase::WrapUp => "wrap-up",
        Phase::Closed => "closed",
    }
}

pub(super) fn presence(presence: &Presence<'_>) -> String {
    match presence {
        Presence::Offline => "offline".to_owned(),
        Presence::Ready => "ready".to_owned(),
        Presence::NotReady(reason) => format!("away ({reason})"),
    }
}

pub(super) fn tier(tier: u8) -> String {
    match tier {
        0 => "standard".to_owned(),
        tier => format!("VIP tier {tier}"),
    }
}

/// `1:05`, and hours where there are any.
pub(super) fn lasting(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

/// A name short enough for a table: ids of visitors are long and say nothing.
pub(super) fn short(name: &str) -> String {
    if let Some(id) = name.strip_prefix("visitor:") {
        return format!("visitor {}", id.chars().take(5).collect::<String>());
    }
    match name.chars().count() > 14 {
        true => name.chars().take(13).chain(['…']).collect(),
        false => name.to_owned(),
    }
}

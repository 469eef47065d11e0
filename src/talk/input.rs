//! Lines a person types, read into what is meant.

use super::args::Side;

/// What a line asks for. A number names a conversation as this client numbers them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Nothing,
    Say(String),
    Help,
    Quit,
    History(Option<usize>),
    Human,
    LeaveMessage(String),
    CallBack(String),
    Leave,
    Rate(u8, Option<String>),
    Accept(Option<usize>),
    Decline(Option<usize>),
    Use(usize),
    End(Option<usize>),
    Done(Option<String>),
    Away(String),
    Ready,
    Transfer(Target, Option<String>),
    Whisper(String),
    Board,
    Watch(usize),
    Unwatch(Option<usize>),
    TakeOver(Option<usize>),
    GiveBack(Option<usize>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Agent(String),
    /// Above its capacity; supervisors only.
    Forced(String),
    Group(String),
}

/// A command as `/help` shows it.
struct Known {
    usage: &'static str,
    sides: &'static [Side],
    about: &'static str,
}

use Side::{Agent, Customer, Supervisor};

const EVERYBODY: &[Side] = &[Customer, Agent, Supervisor];
const STAFF: &[Side] = &[Agent, Supervisor];

#[rustfmt::skip]
const COMMANDS: &[Known] = &[
    Known { usage: "/human", sides: &[Customer], about: "ask for a person (转人工)" },
    Known { usage: "/rate LEVEL [WORDS]", sides: &[Customer], about: "4 非常满意, 3 满意, 2 一般, 1 不满意: very good to bad" },
    Known { usage: "/message TEXT", sides: &[Customer], about: "stop waiting and leave a message (留言)" },
    Known { usage: "/callback CONTACT", sides: &[Customer], about: "stop waiting and be called back (回电)" },
    Known { usage: "/leave", sides: &[Customer], about: "end the conversation" },
    Known { usage: "/accept [N]", sides: &[Agent], about: "take the offered conversation; a alone does it too" },
    Known { usage: "/decline [N]", sides: &[Agent], about: "leave it to somebody else; d alone does it too" },
    Known { usage: "/use N", sides: STAFF, about: "speak in conversation N from now on" },
    Known { usage: "/whisper TEXT", sides: STAFF, about: "a word among staff; the customer never sees it (小纸条)" },
    Known { usage: "/transfer agent NAME [NOTE]", sides: STAFF, about: "hand the conversation to an agent" },
    Known { usage: "/transfer group NAME [NOTE]", sides: STAFF, about: "hand it to a group's queue, say aftersale" },
    Known { usage: "/transfer force NAME [NOTE]", sides: &[Supervisor], about: "to an agent above its capacity" },
    Known { usage: "/end [N]", sides: STAFF, about: "over for the customer; wrap-up begins" },
    Known { usage: "/done [CODE]", sides: &[Agent], about: "wrap-up is done, with a code if you like" },
    Known { usage: "/away [REASON]", sides: &[Agent], about: "no new work: break, lunch, training, meeting" },
    Known { usage: "/ready", sides: &[Agent], about: "take work again" },
    Known { usage: "/watch N", sides: &[Supervisor], about: "see conversation N live, unseen by the customer" },
    Known { usage: "/unwatch [N]", sides: &[Supervisor], about: "stop watching" },
    Known { usage: "/takeover [N]", sides: &[Supervisor], about: "speak instead of bot and agent (接管)" },
    Known { usage: "/giveback [N]", sides: &[Supervisor], about: "end the takeover" },
    Known { usage: "/board", sides: &[Supervisor], about: "print the board" },
    Known { usage: "/history [N]", sides: EVERYBODY, about: "what was said" },
    Known { usage: "/help", sides: EVERYBODY, about: "this list" },
    Known { usage: "/quit", sides: EVERYBODY, about: "close this terminal's connection" },
];

/// The lines of `/help` for that side.
pub(super) fn help(side: Side) -> impl Iterator<Item = String> {
    let own = COMMANDS.iter().filter(move |it| it.sides.contains(&side));
    own.map(|it| format!("{:<28} {}", it.usage, it.about))
}

/// What the line asks for, or words on what is wrong with it.
pub(super) fn parse(side: Side, line: &str) -> Result<Input, String> {
    let line = line.trim();
    let Some(command) = line.strip_prefix('/') else {
        return Ok(match (side, line) {
            (_, "") => Input::Nothing,
            (Agent, "a") => Input::Accept(None),
            (Agent, "d") => Input::Decline(None),
            (_, text) => Input::Say(text.to_owned()),
        });
    };
    if command.starts_with('/') {
        return Ok(Input::Say(command.to_owned())); // two slashes say one
    }
    let (word, rest) = split(command);
    let known: Vec<&Known> = COMMANDS.iter().filter(|it| it.word() == word).collect();
    if known.is_empty() {
        return Err(format!("There is no /{word}. /help lists what there is."));
    }
    let own: Vec<&Known> = known
        .iter()
        .filter(|it| it.sides.contains(&side))
        .copied()
        .collect();
    if own.is_empty() {
        return Err(format!("/{word} is not for you here. /help lists what is."));
    }
    let usage = || {
        let lines: Vec<&str> = own.iter().map(|it| it.usage).collect();
        format!("Say it like this: {}", lines.join(", or "))
    };
    read(side, word, rest).ok_or_else(usage)
}

impl Known {
    fn word(&self) -> &'static str {
        self.usage[1..].split(' ').next().unwrap_or_default()
    }
}

fn read(side: Side, word: &str, rest: &str) -> Option<Input> {
    let text = || (!rest.is_empty()).then(|| rest.to_owned());
    let number = || match rest {
        "" => Some(None),
        digits => digits.trim_start_matches('#').parse().ok().map(Some),
    };
    Some(match word {
        "human" => Input::Human,
        "rate" => {
            let (level, words) = split(rest);
            let level = level.parse().ok().filter(|level| (1..=4).contains(level))?;
            Input::Rate(level, (!words.is_empty()).then(|| words.to_owned()))
        }
        "message" => Input::LeaveMessage(text()?),
        "callback" => Input::CallBack(text()?),
        "leave" => Input::Leave,
        "accept" => Input::Accept(number()?),
        "decline" => Input::Decline(number()?),
        "use" => Input::Use(number()??),
        "whisper" => Input::Whisper(text()?),
        "transfer" => transfer(side, rest)?,
        "end" => Input::End(number()?),
        "done" => Input::Done(text()),
        "away" => Input::Away(text().unwrap_or_else(|| "break".to_owned())),
        "ready" => Input::Ready,
        "watch" => Input::Watch(number()??),
        "unwatch" => Input::Unwatch(number()?),
        "takeover" => Input::TakeOver(number()?),
        "giveback" => Input::GiveBack(number()?),
        "board" => Input::Board,
        "history" => Input::History(number()?),
        "help" => Input::Help,
        "quit" => Input::Quit,
        _ => return None,
    })
}

fn transfer(side: Side, rest: &str) -> Option<Input> {
    let (kind, rest) = split(rest);
    let (name, note) = split(rest);
    if name.is_empty() {
        return None;
    }
    let target = match kind {
        "agent" => Target::Agent(name.to_owned()),
        "group" => Target::Group(name.to_owned()),
        "force" if side == Supervisor => Target::Forced(name.to_owned()),
        _ => return None,
    };
    Some(Input::Transfer(
        target,
        (!note.is_empty()).then(|| note.to_owned()),
    ))
}

/// The first word, and what follows it.
fn split(text: &str) -> (&str, &str) {
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_mean_what_the_help_says() {
        let table = [
            (Customer, "  有货吗 ", Ok(Input::Say("有货吗".to_owned()))),
            (Customer, "", Ok(Input::Nothing)),
            (Customer, "a", Ok(Input::Say("a".to_owned()))),
            (Agent, "a", Ok(Input::Accept(None))),
            (Agent, "/accept 2", Ok(Input::Accept(Some(2)))),
            (Agent, "/use #3", Ok(Input::Use(3))),
            (Agent, "d", Ok(Input::Decline(None))),
            (Customer, "//path", Ok(Input::Say("/path".to_owned()))),
            (
                Customer,
                "/rate 4 very  good",
                Ok(Input::Rate(4, Some("very  good".to_owned()))),
            ),
            (Customer, "/rate 3", Ok(Input::Rate(3, None))),
            (
                Agent,
                "/transfer group aftersale wants a refund",
                Ok(Input::Transfer(
                    Target::Group("aftersale".to_owned()),
                    Some("wants a refund".to_owned()),
                )),
            ),
            (
                Supervisor,
                "/transfer force wang",
                Ok(Input::Transfer(Target::Forced("wang".to_owned()), None)),
            ),
            (Agent, "/away", Ok(Input::Away("break".to_owned()))),
            (
                Agent,
                "/done solved",
                Ok(Input::Done(Some("solved".to_owned()))),
            ),
            (Supervisor, "/giveback", Ok(Input::GiveBack(None))),
        ];
        for (side, line, wanted) in table {
            assert_eq!(parse(side, line), wanted, "{line:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_answered_with_what_can() {
        let table = [
            (Customer, "/rate", "Say it like this: /rate LEVEL [WORDS]"),
            (Customer, "/rate 5", "Say it like this: /rate LEVEL [WORDS]"),
            (
                Customer,
                "/humann",
                "There is no /humann. /help lists what there is.",
            ),
            (
                Customer,
                "/accept",
                "/accept is not for you here. /help lists what is.",
            ),
            (Agent, "/use", "Say it like this: /use N"),
            (
                Agent,
                "/transfer force wang",
                "Say it like this: /transfer agent NAME [NOTE], or /transfer group NAME [NOTE]",
            ),
        ];
        for (side, line, wanted) in table {
            assert_eq!(parse(side, line), Err(wanted.to_owned()), "{line:?}");
        }
    }

    #[test]
    fn every_listed_command_is_understood_by_its_sides() {
        for known in COMMANDS {
            let line: Vec<&str> = known
                .usage
                .split(' ')
                .filter(|word| !word.starts_with('['))
                .map(|word| match word {
                    "LEVEL" | "N" => "1",
                    "NAME" | "TEXT" | "CONTACT" => "word",
                    other => other,
                })
                .collect();
            for side in known.sides {
                assert!(parse(*side, &line.join(" ")).is_ok(), "{line:?}");
            }
        }
    }
}

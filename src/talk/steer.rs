//! The end of agents and supervisors: what they ask for.

use crest_schema::frame::client::{
    Attach, OfferAnswer, Transfer, TransferTarget, Whisper, WrapUpDone,
};
use crest_schema::frame::desk::Presence;
use crest_schema::frame::{ClientFrame, Id};

use super::args::Side;
use super::input::{Input, Target};
use super::line::{Line, Mark};
use super::state::Talk;

impl Talk {
    pub(super) fn staff_input(&mut self, now: u64, input: Input) {
        match input {
            Input::Say(text) => self.staff_says(text),
            Input::Accept(number) => {
                if let Some(offer) = self.offer(number) {
                    self.send(ClientFrame::Accept(OfferAnswer { offer }), "/accept");
                }
            }
            Input::Decline(number) => {
                if let Some(offer) = self.offer(number) {
                    self.send(ClientFrame::Decline(OfferAnswer { offer }), "/decline");
                }
            }
            Input::Use(number) => self.use_number(number),
            Input::End(number) => self.act(number, ClientFrame::End, "/end"),
            Input::TakeOver(number) => {
                if let Some(number) = number {
                    self.watch(number);
                }
                self.act(number, ClientFrame::TakeOver, "/takeover");
            }
            Input::GiveBack(number) => self.act(number, ClientFrame::GiveBack, "/giveback"),
            Input::Done(code) => {
                if let Some(conversation) = self.shown(None) {
                    let done = WrapUpDone { conversation, code };
                    self.send(ClientFrame::WrapUpDone(done), "/done");
                }
            }
            Input::Away(reason) => self.be(Presence::NotReady(reason.into()), "/away"),
            Input::Ready => self.be(Presence::Ready, "/ready"),
            Input::Transfer(target, note) => self.transfer(target, note),
            Input::Whisper(text) => {
                if let Some(conversation) = self.shown(None) {
                    let id = self.mint();
                    let label = format!("(whisper) {text}");
                    let whisper = Whisper {
                        conversation,
                        id,
                        text,
                    };
                    self.send(ClientFrame::Whisper(whisper), label);
                }
            }
            Input::Board => {
                let at = self.server_time(now);
                for row in self.desk.board.rows(at, &self.rooms) {
                    self.print(Line::new(Mark::Board, row));
                }
            }
            Input::Watch(number) => self.watch(number),
            Input::Unwatch(number) => {
                if let Some(id) = self.shown(number) {
                    self.named(ClientFrame::Detach, id, "/unwatch");
                    self.rooms.detach(id);
                }
            }
            Input::Nothing
            | Input::Help
            | Input::Quit
            | Input::History(_)
            | Input::Human
            | Input::LeaveMessage(_)
            | Input::CallBack(_)
            | Input::Leave
            | Input::Rate(..) => {}
        }
    }

    fn staff_says(&mut self, text: String) {
        match (self.speaking_in().map(|room| room.id), self.side) {
            (Some(id), _) => self.say(Some(id), text),
            (None, Side::Supervisor) => self.warn(
                "Not sent: you only watch. /whisper TEXT tells the agent, /takeover lets you speak.",
            ),
            (None, _) if !self.desk.offers.is_empty() => {
                self.warn("Not sent: nobody is yours yet. a takes the offer.");
            }
            (None, _) => self.warn("Not sent: nobody is yours yet. An offer comes by itself."),
        }
    }

    fn use_number(&mut self, number: usize) {
        let Some(id) = self.shown(Some(number)) else {
            return;
        };
        self.rooms.use_room(Some(id));
        self.hint(format!("What you type goes to #{number} now."));
    }

    fn watch(&mut self, number: usize) {
        let Some(room) = self.rooms.numbered(number) else {
            return self.warn(format!("There is no #{number} on the board."));
        };
        let (id, after, known) = (room.id, room.last, room.attached);
        self.rooms.use_room(Some(id));
        if !known {
            self.rooms.enter(id).attached = true;
            let attach = Attach {
                conversation: id,
                after,
            };
            self.ask(ClientFrame::Attach(attach), format!("/watch {number}"));
        }
    }

    fn transfer(&mut self, target: Target, note: Option<String>) {
        let (to, forced) = match target {
            Target::Agent(name) => (TransferTarget::Agent(name), false),
            Target::Forced(name) => (TransferTarget::Agent(name), true),
            Target::Group(name) => (TransferTarget::Group(name), false),
        };
        if let Some(conversation) = self.shown(None) {
            let transfer = Transfer {
                conversation,
                to,
                forced,
                note,
            };
            self.send(ClientFrame::Transfer(transfer), "/transfer");
        }
    }

    fn act(
        &mut self,
        number: Option<usize>,
        frame: fn(crest_schema::frame::client::Named) -> ClientFrame,
        label: &str,
    ) {
        if let Some(id) = self.shown(number) {
            self.named(frame, id, label);
        }
    }

    /// The numbered conversation, or the current one, if it is on this terminal.
    fn shown(&mut self, number: Option<usize>) -> Option<Id> {
        let room = match number {
            Some(number) => self.rooms.numbered(number),
            None => self.rooms.current(),
        };
        let found = room.filter(|room| room.attached).map(|room| room.id);
        if found.is_none() {
            let what = number.map_or("no conversation".to_owned(), |it| format!("no #{it}"));
            self.warn(match self.side {
                Side::Supervisor => format!("You watch {what}. /watch N shows one of the board."),
                Side::Agent | Side::Customer => {
                    format!("You hold {what}. An offer comes by itself.")
                }
            });
        }
        found
    }
}

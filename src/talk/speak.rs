//! What a person at any end may do: say something, look back, ask for help. And what follows from
//! being shown something: read marks.

use crest_schema::frame::client::{CallBack, Empty, History, LeaveMessage, Rate, Read, Send};
use crest_schema::frame::{Body, ClientFrame, Id, ServerFrame};

use super::args::Side;
use super::input::{self, Input};
use super::limits::{HISTORY_EVENTS, KEPT_FRAMES};
use super::line::{Line, Out};
use super::state::Talk;
use super::words;

impl Talk {
    pub(super) fn input(&mut self, now: u64, input: Input) {
        if self.outbox.len() >= KEPT_FRAMES {
            return self.warn("Too much waits to be sent; try again once the server answers.");
        }
        match input {
            Input::Nothing => {}
            Input::Quit => self.out.push(Out::Quit(None)),
            Input::Help => {
                for line in input::help(self.side) {
                    self.hint(line);
                }
                self.hint(
                    "anything else is said to the other side; // begins a line with one slash",
                );
            }
            Input::History(number) => self.ask_history(number),
            Input::Human => self.send(ClientFrame::AskHuman(Empty {}), "/human"),
            Input::LeaveMessage(text) => {
                let id = self.mint();
                self.send(
                    ClientFrame::LeaveMessage(LeaveMessage { id, text }),
                    "/message",
                );
            }
            Input::CallBack(contact) => {
                let frame = CallBack { contact };
                self.send(ClientFrame::CallBack(frame), "/callback");
            }
            Input::Leave => self.send(ClientFrame::Leave(Empty {}), "/leave"),
            Input::Rate(level, comment) => {
                let frame = Rate { level, comment };
                self.send(ClientFrame::Rate(frame), "/rate");
            }
            Input::Say(text) if self.side == Side::Customer => self.say(None, text),
            other => self.staff_input(now, other),
        }
    }

    /// Says it: drawn once the server has it, kept until then.
    pub(super) fn say(&mut self, conversation: Option<Id>, text: String) {
        let room = match conversation {
            Some(id) => self.rooms.get(id),
            None => self.rooms.current(),
        };
        let option = text.parse::<usize>().ok().and_then(|number| {
            let options = &room?.options;
            options.get(number.checked_sub(1)?).cloned()
        });
        let text = option.unwrap_or(text);
        let id = self.mint();
        let send = Send {
            conversation,
            id,
            body: Body::Text(text.clone().into()),
        };
        self.send(ClientFrame::Send(send), text);
    }

    fn ask_history(&mut self, number: Option<usize>) {
        let room = match number {
            Some(number) => self.rooms.numbered(number),
            None => self.rooms.current(),
        };
        let Some(room) = room else {
            return self.warn("There is nothing to look back on yet.");
        };
        let history = History {
            conversation: (self.side != Side::Customer).then_some(room.id),
            after: None,
            before: Some(room.last + 1),
            limit: Some(HISTORY_EVENTS),
        };
        self.ask(ClientFrame::History(history), "/history");
    }

    pub(super) fn page(&mut self, frame: ServerFrame<'static>) {
        let lines: Vec<Line> = match &frame {
            ServerFrame::HistoryPage(page) => page
                .events
                .iter()
                .filter_map(words::customer_event)
                .collect(),
            ServerFrame::StaffHistoryPage(page) => {
                let room = self.rooms.get(page.conversation);
                let customer = room.map_or("customer", |room| &room.customer);
                let event = |it| words::staff_event(it, customer, &self.name);
                page.events.iter().filter_map(event).collect()
            }
            _ => return,
        };
        self.hint(format!("history, {} lines:", lines.len()));
        self.out.extend(lines.into_iter().map(Out::Print));
        self.hint("end of history");
    }

    /// Read marks of customers and agents; a supervisor looks on unseen.
    pub(super) fn send_read_marks(&mut self) {
        if self.side == Side::Supervisor {
            return;
        }
        let customer = self.side == Side::Customer;
        let open = !customer || self.customer.open;
        for room in self.rooms.all_mut() {
            if open && room.attached && room.last > room.read_sent {
                room.read_sent = room.last;
                let read = Read {
                    conversation: (!customer).then_some(room.id),
                    up_to: room.last,
                };
                self.out.push(Out::Send(None, ClientFrame::Read(read)));
            }
        }
    }
}

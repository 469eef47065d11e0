//! The conversations this client knows, numbered for people.

use crest_schema::frame::Id;
use crest_schema::frame::client::Resume;

use super::limits::TYPING_SHOW_MS;

/// One conversation as far as this client has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Room {
    pub id: Id,
    /// From 1, never given twice.
    pub number: usize,
    /// Shown here: resumed after a lost connection.
    pub attached: bool,
    /// The newest seq this client has every event up to, in its own numbering.
    pub last: u64,
    /// Events up to here were shown in an offer already.
    pub previewed: u64,
    /// What `attached` promised after a reconnect.
    pub promised: Option<u64>,
    /// The other side's name.
    pub customer: String,
    pub taken_over: bool,
    /// What a bare number answers.
    pub options: Vec<String>,
    /// Newest message of one's own, and up to where the other side has read.
    pub own_seq: u64,
    pub read_by_other: u64,
    pub read_sent: u64,
    typing: Option<(String, u64)>,
}

impl Room {
    pub fn typing(&self, now: u64) -> Option<&str> {
        let (who, until) = self.typing.as_ref()?;
        (now < *until).then_some(who.as_str())
    }

    /// Is it news, not the same person still typing?
    pub fn set_typing(&mut self, who: String, now: u64) -> bool {
        let news = self.typing(now) != Some(&who);
        self.typing = Some((who, now + TYPING_SHOW_MS));
        news
    }

    pub fn stop_typing(&mut self) {
        self.typing = None;
    }

    pub fn caught_up(&self) -> bool {
        !self.attached || self.promised.is_some_and(|promised| self.last >= promised)
    }

    /// What to make of an event with this seq.
    pub fn arrive(&mut self, seq: u64) -> Arrival {
        if seq <= self.last {
            return Arrival::Known;
        }
        let missing = seq - self.last - 1;
        self.last = seq;
        match (missing, seq <= self.previewed) {
            (0, false) => Arrival::Show,
            (0, true) => Arrival::Previewed,
            (missing, _) => Arrival::After { missing },
        }
    }
}

/// What an event is to the client that receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Show,
    /// Seen before; a repeat does no harm.
    Known,
    /// New to the log kept here, shown with the offer.
    Previewed,
    /// So many before it cannot be shown by this client.
    After {
        missing: u64,
    },
}

#[derive(Debug, Default)]
pub(super) struct Rooms {
    rooms: Vec<Room>,
    current: Option<Id>,
}

impl Rooms {
    pub fn get(&self, id: Id) -> Option<&Room> {
        self.rooms.iter().find(|room| room.id == id)
    }

    pub fn get_mut(&mut self, id: Id) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| room.id == id)
    }

    pub fn numbered(&self, number: usize) -> Option<&Room> {
        self.rooms.get(number.checked_sub(1)?)
    }

    /// The room of that conversation, numbered now if it is new.
    pub fn enter(&mut self, id: Id) -> &mut Room {
        let at = self.rooms.iter().position(|room| room.id == id);
        let at = at.unwrap_or_else(|| {
            self.rooms.push(Room {
                id,
                number: self.rooms.len() + 1,
                attached: false,
                last: 0,
                previewed: 0,
                promised: None,
                customer: String::new(),
                taken_over: false,
                options: Vec::new(),
                own_seq: 0,
                read_by_other: 0,
                read_sent: 0,
                typing: None,
            });
            self.rooms.len() - 1
        });
        &mut self.rooms[at]
    }

    pub fn current(&self) -> Option<&Room> {
        self.get(self.current?)
    }

    pub fn use_room(&mut self, id: Option<Id>) {
        self.current = id;
    }

    pub fn attached(&self) -> impl Iterator<Item = &Room> {
        self.rooms.iter().filter(|room| room.attached)
    }

    pub fn all_mut(&mut self) -> impl Iterator<Item = &mut Room> {
        self.rooms.iter_mut()
    }

    /// No longer shown; the next one attached becomes current where it was.
    pub fn detach(&mut self, id: Id) {
        if let Some(room) = self.get_mut(id) {
            room.attached = false;
            room.promised = None;
            room.stop_typing();
        }
        if self.current == Some(id) {
            let next = self.attached().map(|room| room.id).next();
            self.current = next;
        }
    }

    /// For `hello`, the newest first where there are more than it takes.
    pub fn resume(&self) -> Vec<Resume> {
        let newest = self.rooms.iter().rev().filter(|room| room.attached);
        newest
            .take(crest_schema::limits::RESUME_MAX)
            .map(|room| Resume {
                conversation: room.id,
                after: room.last,
            })
            .collect()
    }
}

//! The hot path in pieces, for micro benches and the regression guard: one conversation between a
//! customer and an agent, without sockets, store or threads.

use std::collections::HashMap;
use std::sync::Arc;

use crest_actors::aggregate::{Aggregate, Context, Turn};
use crest_actors::conversation::{Body, Command, Conversation, Entry, Event, Note, Role};
use crest_actors::directory::{AgentProfile, Directory, StaffRole, Tenant};
use crest_actors::ids::{
    AgentId, ClientMsgId, ConversationId, ConversationKey, Millis, OfferId, Seq, SessionId,
    TenantId,
};

use crate::shop;

pub const CONVERSATION: ConversationId = ConversationId([7; 16]);
const CUSTOMER: SessionId = session(1);
const AGENT: SessionId = session(2);

/// A conversation that an agent has accepted; both are attached.
pub struct Play {
    conversation: Conversation,
    directory: Arc<Directory>,
    now: Millis,
    spoken: u32,
    done_by_customer: u32,
}

impl Default for Play {
    fn default() -> Self {
        Self::new()
    }
}

impl Play {
    pub fn new() -> Self {
        let key = ConversationKey {
            tenant: TenantId::new("shop"),
            id: CONVERSATION,
        };
        let mut play = Self {
            conversation: Conversation::empty(key),
            directory: Arc::new(directory()),
            now: Millis(1_800_000_000_000),
            spoken: 0,
            done_by_customer: 0,
        };
        play.tell(Note::Open(shop::opened("mei")));
        play.tell(attach(CUSTOMER, Role::Customer));
        play.command(CUSTOMER, 0, Command::AskHuman);
        play.done_by_customer = 1;
        let agent = AgentId::new("amy");
        let offer = OfferId {
            conversation: CONVERSATION,
            position: play.conversation.last(),
            agent: agent.clone(),
        };
        let forced = false;
        play.tell(Note::Reserved {
            offer: offer.clone(),
            forced,
        });
        play.tell(attach(AGENT, Role::Agent(agent)));
        play.command(AGENT, 0, Command::Accept { offer });
        let turn = play.say("first");
        assert_eq!(turn.events.len(), 1, "a message is one event: {turn:?}");
        play
    }

    /// The customer's next message: one turn, its event and effects.
    pub fn say(&mut self, words: &str) -> Turn<Event> {
        self.spoken += 1;
        let mut id = [0; 16];
        id[..4].copy_from_slice(&self.spoken.to_be_bytes());
        let body = Body::Text(words.into());
        let number = self.done_by_customer;
        self.done_by_customer += 1;
        let id = ClientMsgId(id);
        self.command(CUSTOMER, number, Command::Say { id, body })
    }

    /// An event as it is stored and shown.
    pub fn entry(&mut self, words: &str) -> Arc<Entry<Event>> {
        let turn = self.say(words);
        turn.events[0].clone()
    }

    fn command(&mut self, session: SessionId, number: u32, command: Command) -> Turn<Event> {
        self.tell(Note::Command {
            session,
            link: 1,
            number,
            reference: number,
            command,
        })
    }

    fn tell(&mut self, note: Note) -> Turn<Event> {
        self.now = self.now.plus(1);
        let context = Context {
            now: self.now,
            directory: self.directory.clone(),
            random: [9; 16],
        };
        let mut turn = Turn::default();
        self.conversation.apply(&context, note, &mut turn);
        turn
    }
}

const fn session(slot: u32) -> SessionId {
    SessionId {
        node: 0,
        arbiter: 0,
        slot,
        generation: 1,
    }
}

fn attach(session: SessionId, role: Role) -> Note {
    Note::Attach {
        session,
        link: 1,
        role,
        after: Seq(0),
    }
}

fn directory() -> Directory {
    let amy = AgentProfile {
        name: "Amy".to_owned(),
        groups: vec!["sales".into()],
        skills: Vec::new(),
        capacity: 5,
        role: StaffRole::Agent,
    };
    shop::directory(Tenant {
        agents: HashMap::from([("amy".into(), amy)]),
        ..shop::tenant()
    })
}

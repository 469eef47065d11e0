//! One arbiter with a store in memory that can hold, refuse and fence, a codec that keeps values,
//! and an outlet that collects.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use crest_actors::agent;
use crest_actors::conversation::{
    self, Body, Command, Entry, Ephemeral, Event, Note, PhaseKind, Role, Summary,
};
use crest_actors::customer::{self, Identity};
use crest_actors::directory::{AgentProfile, Boosts, Directory, Group, StaffRole, Tenant, Timing};
use crest_actors::effect::{Envelope, Publication, Push};
use crest_actors::ids::{
    AgentId, AgentKey, ChannelId, ClientMsgId, ConversationKey, CustomerId, CustomerKey, GroupId,
    GroupKey, Millis, Seq, SessionId, Shard, TenantId, Token,
};
use crest_actors::ports::{
    Activation, Append, BatchOutcome, BotPort, BotTurn, Codec, Done, LogId, LogStore, Outlet,
    Placement, Record, StoreFailure, Stored,
};
use crest_actors::runtime::{Clock, Hub, Post, RegionView, World, start_arbiter, wake_all};

pub const SESSION: SessionId = SessionId {
    node: 0,
    arbiter: 0,
    slot: 1,
    generation: 1,
};
pub const TYPING: Ephemeral = Ephemeral::Typing;

thread_local! {
    static PANIC: Cell<bool> = const { Cell::new(false) };
}

/// Asked for once a turn, inside the actor's own task: the place to make it die.
fn entropy() -> [u8; 16] {
    assert!(!PANIC.replace(false), "a defect, planted");
    [7; 16]
}

/// What the store does with the next batches.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    Work,
    Unavailable,
}

#[derive(Default)]
struct Log {
    token: Token,
    records: Vec<Stored>,
}

#[derive(Default)]
struct Inner {
    logs: BTreeMap<LogId, Log>,
    summaries: HashMap<ConversationKey, Summary>,
    unavailable: bool,
    holding: bool,
    held: Vec<(Vec<Append>, Done<BatchOutcome>)>,
}

/// Durable as long as the test runs.
#[derive(Default)]
pub struct MemoryStore(Mutex<Inner>);

impl MemoryStore {
    pub fn plan(&self, plan: Plan) {
        self.0.lock().unwrap().unavailable = plan == Plan::Unavailable;
    }

    /// Keeps batches unanswered, as a slow disk does, until told to go on.
    pub fn hold(&self, hold: bool) {
        self.0.lock().unwrap().holding = hold;
        if !hold {
            let held = std::mem::take(&mut self.0.lock().unwrap().held);
            for (batch, done) in held {
                self.submit(batch, done);
            }
        }
    }

    /// Somebody else activates the log.
    pub fn fence(&self, log: &LogId) {
        self.0
            .lock()
            .unwrap()
            .logs
            .get_mut(log)
            .unwrap()
            .token
            .activation += 1;
    }
}

impl LogStore for MemoryStore {
    fn activate(&self, log: LogId, done: Done<Result<Activation, StoreFailure>>) {
        let mut inner = self.0.lock().unwrap();
        let log = inner.logs.entry(log).or_default();
        log.token.activation += 1;
        let activation = Activation {
            token: log.token,
            records: log.records.clone(),
        };
        drop(inner);
        done(Ok(activation));
    }

    fn submit(&self, batch: Vec<Append>, done: Done<BatchOutcome>) {
        let mut inner = self.0.lock().unwrap();
        if inner.holding {
            inner.held.push((batch, done));
            return;
        }
        if inner.unavailable {
            drop(inner);
            return done(Err(StoreFailure::Unavailable("planned".to_owned())));
        }
        let mut refused = Vec::new();
        for append in batch {
            let log = inner.logs.entry(append.log.clone()).or_default();
            if log.token != append.token || append.first.0 != log.records.len() as u64 + 1 {
                refused.push(append.log);
                continue;
            }
            for (place, record) in append.records.into_iter().enumerate() {
                log.records.push(Stored {
                    seq: Seq(append.first.0 + place as u64),
                    record,
                });
            }
            if let Some(summary) = append.summary {
                inner.summaries.insert(summary.key.clone(), summary);
            }
        }
        drop(inner);
        done(Ok(refused));
    }

    fn read(
        &self,
        log: LogId,
        after: Seq,
        limit: usize,
        done: Done<Result<Vec<Stored>, StoreFailure>>,
    ) {
        let inner = self.0.lock().unwrap();
        let records = inner.logs.get(&log).map_or(&[][..], |log| &log.records);
        let found = records
            .iter()
            .filter(|stored| stored.seq > after)
            .take(limit)
            .cloned()
            .collect();
        drop(inner);
        done(Ok(found));
    }

    fn awake(&self, shards: Vec<Shard>, done: Done<Result<Vec<ConversationKey>, StoreFailure>>) {
        let inner = self.0.lock().unwrap();
        let awake = inner
            .summaries
            .values()
            .filter(|summary| summary.awake && shards.contains(&summary.key.id.shard()));
        let keys = awake.map(|summary| summary.key.clone()).collect();
        drop(inner);
        done(Ok(keys));
    }
}

/// Keeps values aside; a record's body is its number among them.
#[derive(Default)]
pub struct Values {
    conversation: Mutex<Vec<Entry<Event>>>,
    ledger: Mutex<Vec<Entry<agent::Event>>>,
    pointer: Mutex<Vec<Entry<customer::Event>>>,
}

fn put<E: Clone>(kept: &Mutex<Vec<Entry<E>>>, entry: &Entry<E>, base: bool) -> Record {
    let mut kept = kept.lock().unwrap();
    kept.push(entry.clone());
    Record {
        body: (kept.len() - 1).to_be_bytes().to_vec(),
        base,
    }
}

fn get<E: Clone>(kept: &Mutex<Vec<Entry<E>>>, stored: &Stored) -> Result<Entry<E>, String> {
    let number = usize::from_be_bytes(stored.record.body[..].try_into().map_err(|_| "short")?);
    Ok(kept.lock().unwrap()[number].clone())
}

impl Codec for Values {
    fn encode_conversation(&self, entry: &Entry<Event>) -> Record {
        put(&self.conversation, entry, false)
    }

    fn decode_conversation(&self, stored: &Stored) -> Result<Entry<Event>, String> {
        get(&self.conversation, stored)
    }

    fn encode_ledger(&self, entry: &Entry<agent::Event>) -> Record {
        put(&self.ledger, entry, false)
    }

    fn decode_ledger(&self, stored: &Stored) -> Result<Entry<agent::Event>, String> {
        get(&self.ledger, stored)
    }

    fn encode_pointer(&self, entry: &Entry<customer::Event>) -> Record {
        put(&self.pointer, entry, false)
    }

    fn decode_pointer(&self, stored: &Stored) -> Result<Entry<customer::Event>, String> {
        get(&self.pointer, stored)
    }
}

/// A bot that never answers.
struct Silent;

impl BotPort for Silent {
    fn ask(&self, _: BotTurn) {}
}

#[derive(Clone, Default)]
struct Collected(Rc<RefCell<Vec<Push>>>, Rc<RefCell<Vec<Publication>>>);

impl Outlet for Collected {
    fn push(&self, _: SessionId, push: Push) {
        self.0.borrow_mut().push(push);
    }

    fn publish(&self, publication: Publication) {
        self.1.borrow_mut().push(publication);
    }
}

/// What outlives a node.
#[derive(Clone, Default)]
pub struct Disk {
    store: Arc<MemoryStore>,
    codec: Arc<Values>,
}

/// The arbiter under test.
pub struct Bench {
    pub hub: Rc<Hub>,
    pub store: Arc<MemoryStore>,
    codec: Arc<Values>,
    pushes: Collected,
    conversation: RefCell<Option<ConversationKey>>,
}

impl Bench {
    pub fn start() -> Self {
        Self::among(0, Post::new(1), Placement::alone(), Disk::default())
    }

    /// A node among others who share its store.
    pub fn among(node: u16, post: Post, placement: Placement, disk: Disk) -> Self {
        let Disk { store, codec } = disk;
        let world = World {
            node,
            placement,
            clock: Clock::starting_at(Millis(1_800_000_000_000)),
            store: store.clone(),
            codec: codec.clone(),
            bot: Arc::new(Silent),
            post,
            entropy,
            end_process: |kind| panic!("guardians gave up on {kind}"),
        };
        let hub = start_arbiter(world, 0, Arc::new(directory()));
        let pushes = Collected::default();
        hub.set_outlet(Rc::new(pushes.clone()));
        wake_all(&hub);
        Self {
            hub,
            store,
            codec,
            pushes,
            conversation: RefCell::default(),
        }
    }

    /// Lets everything that is ready run.
    pub async fn settle(&self) {
        for _ in 0..400 {
            tokio::task::yield_now().await;
        }
    }

    pub async fn advance(&self, ms: u64) {
        tokio::time::advance(std::time::Duration::from_millis(ms)).await;
        self.settle().await;
    }

    /// A customer enters and is attached on link 1.
    pub async fn open(&self) {
        self.tell(self.enter(true));
        self.settle().await;
        self.routed();
        self.attach(1).await;
    }

    /// The customer was told which conversation is open: everything here is about that one now.
    pub fn routed(&self) {
        let routed = self.take().into_iter().find_map(|push| match push {
            Push::Routed {
                conversation,
                open: true,
                ..
            } => conversation,
            _ => None,
        });
        let id = routed.expect("a conversation was opened");
        *self.conversation.borrow_mut() = Some(ConversationKey {
            tenant: self.tenant(),
            id,
        });
    }

    pub async fn attach(&self, link: u32) {
        let note = Note::Attach {
            session: SESSION,
            link,
            role: Role::Customer,
            after: Seq(0),
        };
        self.tell(Envelope::Conversation(self.conversation(), note));
        self.settle().await;
    }

    /// The session on link 1 says how far it is.
    pub fn beat(&self, last: Seq) {
        let note = Note::Beat {
            session: SESSION,
            link: 1,
            last,
        };
        self.tell(Envelope::Conversation(self.conversation(), note));
    }

    pub fn detach(&self, link: u32) {
        self.tell(Envelope::Conversation(
            self.conversation(),
            Note::Detach {
                session: SESSION,
                link,
            },
        ));
    }

    pub fn command(&self, number: u32, command: Command) {
        self.command_on(1, number, command);
    }

    pub fn command_on(&self, link: u32, number: u32, command: Command) {
        let note = Note::Command {
            session: SESSION,
            link,
            number,
            reference: number,
            command,
        };
        self.tell(Envelope::Conversation(self.conversation(), note));
    }

    pub fn tell(&self, envelope: Envelope) {
        let _ = self.hub.tell(envelope); // refused where its actor is put aside
    }

    /// The next turn of any actor panics.
    pub fn panic_at_next_turn(&self) {
        PANIC.set(true);
    }

    /// What sessions were told since the last look.
    pub fn take(&self) -> Vec<Push> {
        self.pushes.0.take()
    }

    /// Events shown to sessions since the last look.
    pub fn shown(&self) -> Vec<Seq> {
        let publications = self.pushes.1.take();
        publications.iter().map(|it| it.entry.seq).collect()
    }

    pub fn view(&self, kind: &str) -> RegionView {
        self.hub
            .views()
            .into_iter()
            .find(|view| view.kind == kind)
            .expect("a kind of actor")
    }

    pub fn restarts_of(&self, kind: &str) -> u64 {
        self.view(kind).restarts
    }

    pub fn restarts(&self) -> u64 {
        self.hub.views().iter().map(|view| view.restarts).sum()
    }

    pub fn is_up(&self, kind: &str) -> bool {
        self.view(kind).up > 0
    }

    /// The conversation's log.
    pub fn transcript(&self) -> Vec<Entry<Event>> {
        let inner = self.store.0.lock().unwrap();
        let records = &inner.logs[&self.log()].records;
        records
            .iter()
            .map(|stored| self.codec.decode_conversation(stored).unwrap())
            .collect()
    }

    pub fn is_closed(&self) -> bool {
        let inner = self.store.0.lock().unwrap();
        inner.summaries[&self.conversation()].phase == PhaseKind::Closed
    }

    pub fn log(&self) -> LogId {
        LogId::Conversation(self.conversation())
    }

    pub fn conversation(&self) -> ConversationKey {
        self.conversation.borrow().clone().expect("open first")
    }

    pub fn tenant(&self) -> TenantId {
        TenantId::new("shop")
    }

    pub fn agent(&self) -> AgentKey {
        AgentKey {
            tenant: self.tenant(),
            agent: AgentId::new("lin"),
        }
    }

    pub fn group(&self) -> GroupKey {
        GroupKey {
            tenant: self.tenant(),
            group: GroupId::new("sales"),
        }
    }

    pub fn enter(&self, open: bool) -> Envelope {
        let key = CustomerKey {
            tenant: self.tenant(),
            customer: CustomerId::new("mei"),
        };
        let identity = Identity {
            channel: ChannelId::new("web"),
            tier: 0,
            display_name: None,
            attributes: Vec::new(),
            language: None,
            group: None,
        };
        Envelope::Customer(
            key,
            customer::Note::Enter {
                session: SESSION,
                identity,
                open,
            },
        )
    }
}

pub fn say(id: u8, words: &str) -> Command {
    Command::Say {
        id: ClientMsgId([id; 16]),
        body: Body::Text(words.into()),
    }
}

/// The customer's words in a transcript.
pub fn text(entries: &[Entry<Event>]) -> Vec<String> {
    let said = |entry: &Entry<Event>| match &entry.event {
        Event::Message(conversation::Message {
            body: Body::Text(words),
            ..
        }) => Some(words.to_string()),
        _ => None,
    };
    entries.iter().filter_map(said).collect()
}

fn directory() -> Directory {
    let group = Group {
        name: "Sales".to_owned(),
        required: Vec::new(),
        preferred: Vec::new(),
        max_length: 0,
        max_wait_ms: 0,
        overflow: conversation::Overflow::LeaveMessage,
        expected_handling_ms: 60_000,
    };
    let lin = AgentProfile {
        name: "Lin".to_owned(),
        groups: vec![GroupId::new("sales")],
        skills: Vec::new(),
        capacity: 2,
        role: StaffRole::Agent,
    };
    let shop = Tenant {
        groups: HashMap::from([(GroupId::new("sales"), group)]),
        agents: HashMap::from([(AgentId::new("lin"), lin)]),
        default_group: GroupId::new("sales"),
        // Nobody answers in these tests: neither the bot's silence nor its time-out may interfere.
        timing: Timing {
            bot_timeout_ms: u64::MAX / 4,
            ..Timing::default()
        },
        boosts: Boosts::default(),
        channel_weights: HashMap::new(),
        bot_enabled: true,
        not_ready_reasons: vec!["break".to_owned()],
    };
    Directory {
        tenants: HashMap::from([(TenantId::new("shop"), shop)]),
        revision: 1,
    }
}

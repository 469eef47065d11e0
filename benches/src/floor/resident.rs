//! Memory of actors that do nothing. Told `go COUNT` on standard input, it makes so many and answers
//! `done COUNT`; whoever asked looks at the process's memory before and after.

use std::io::BufRead;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Addr, Context};
use anyhow::bail;
use crest_actors::conversation::{Body, Command, Note, Role};
use crest_actors::directory::{Directory, Tenant, Timing};
use crest_actors::effect::{Envelope, Publication, Push};
use crest_actors::ids::{
    ClientMsgId, ConversationId, ConversationKey, Millis, Seq, SessionId, Shard, TenantId,
};
use crest_actors::ports::{
    Activation, Append, BatchOutcome, BotPort, BotTurn, Done, LogId, LogStore, Outlet, Placement,
    StoreFailure, Stored,
};
use crest_actors::runtime::{Clock, Hub, Post, World, start_arbiter};

use crate::shop;

/// Notes between two yields: a lane takes more, and so does the arbiter's FIFO.
const LOT: u64 = 200;

/// The product's actors on this thread, with a store that takes everything and keeps nothing, and
/// nobody to hear of it. Within an actix system only.
pub fn hub() -> Rc<Hub> {
    let world = World {
        node: 0,
        placement: Placement::alone(),
        clock: Clock::system(),
        store: Arc::new(Nowhere),
        codec: Arc::new(crest::node::StoredFormats),
        bot: Arc::new(Silent),
        post: Post::new(1),
        entropy: || [7; 16],
        end_process: |kind| panic!("guardians gave up on {kind}"),
    };
    let hub = start_arbiter(world, 0, Arc::new(directory()));
    hub.set_outlet(Rc::new(Silent));
    hub
}

/// The product's conversations, each opened, spoken in once and left alone.
pub fn conversations() -> anyhow::Result<()> {
    actix::System::new().block_on(async {
        let hub = hub();
        println!("listening 0");
        let mut made = 0;
        for line in std::io::stdin().lock().lines() {
            let until = made + wanted(&line?)?;
            while made < until {
                let lot = made..until.min(made + LOT);
                made = lot.end;
                open(&hub, lot).await;
            }
            println!("done {made}");
        }
        Ok(())
    })
}

/// Actix actors with two words of state and a mailbox.
pub fn bare_actors() -> anyhow::Result<()> {
    struct Bare(#[allow(dead_code)] [u64; 2]);

    impl Actor for Bare {
        type Context = Context<Self>;
    }

    actix::System::new().block_on(async {
        println!("listening 0");
        let mut held: Vec<Addr<Bare>> = Vec::new();
        for line in std::io::stdin().lock().lines() {
            for number in 0..wanted(&line?)? {
                held.push(Bare([number; 2]).start());
                if number % LOT == 0 {
                    tokio::task::yield_now().await;
                }
            }
            tokio::task::yield_now().await;
            println!("done {}", held.len());
        }
        Ok(())
    })
}

fn wanted(line: &str) -> anyhow::Result<u64> {
    match line.strip_prefix("go ") {
        Some(count) => Ok(count.parse()?),
        None => bail!("said {line:?}"),
    }
}

/// Everything told is carried out before this returns.
async fn open(hub: &Rc<Hub>, lot: std::ops::Range<u64>) {
    for number in lot {
        let opened = Note::Open(shop::opened(format!("visitor-{number}")));
        let attached = Note::Attach {
            session: SESSION,
            link: 1,
            role: Role::Customer,
            after: Seq(0),
        };
        for note in [opened, attached, said(0, "在吗")] {
            tell(hub, number, note);
        }
    }
    settled(hub).await;
}

const SESSION: SessionId = SessionId {
    node: 0,
    arbiter: 0,
    slot: 1,
    generation: 1,
};

fn said(number: u32, words: &str) -> Note {
    let mut id = [3; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    Note::Command {
        session: SESSION,
        link: 1,
        number,
        reference: number,
        command: Command::Say {
            id: ClientMsgId(id),
            body: Body::Text(words.into()),
        },
    }
}

fn tell(hub: &Rc<Hub>, number: u64, note: Note) {
    hub.tell(Envelope::Conversation(key(number), note))
        .expect("nobody is put aside");
}

async fn settled(hub: &Rc<Hub>) {
    while !hub.is_settled() {
        tokio::task::yield_now().await;
    }
}

/// One conversation whose customer goes on speaking, message by message, from note to settled batch.
pub struct Talk {
    hub: Rc<Hub>,
    spoken: u32,
}

impl Talk {
    /// Within an actix system only.
    pub async fn begin() -> Self {
        let hub = hub();
        open(&hub, 0..1).await;
        Self { hub, spoken: 1 }
    }

    pub async fn say(&mut self, words: &str) {
        tell(&self.hub, 0, said(self.spoken, words));
        self.spoken += 1;
        // A turn begins after this one.
        tokio::task::yield_now().await;
        settled(&self.hub).await;
    }

    /// Messages whose events the actors have recorded.
    pub fn recorded(&self) -> u64 {
        self.hub.counters.events.get()
    }
}

fn key(number: u64) -> ConversationKey {
    let mut random = [0; 9];
    random[1..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    ConversationKey {
        tenant: TenantId::new("shop"),
        id: ConversationId::mint(Millis(1), random, Shard(0)),
    }
}

fn directory() -> Directory {
    shop::directory(Tenant {
        // The bot never answers here, and nobody is to be asked instead.
        bot_enabled: true,
        timing: Timing {
            bot_timeout_ms: u64::MAX / 4,
            ..Timing::default()
        },
        ..shop::tenant()
    })
}

/// Takes everything at once and keeps nothing: the store's own memory is not what is asked for.
struct Nowhere;

impl LogStore for Nowhere {
    fn activate(&self, _: LogId, done: Done<Result<Activation, StoreFailure>>) {
        done(Ok(Activation::default()));
    }

    fn submit(&self, _: Vec<Append>, done: Done<BatchOutcome>) {
        done(Ok(Vec::new()));
    }

    fn read(&self, _: LogId, _: Seq, _: usize, done: Done<Result<Vec<Stored>, StoreFailure>>) {
        done(Ok(Vec::new()));
    }

    fn awake(&self, _: Vec<Shard>, done: Done<Result<Vec<ConversationKey>, StoreFailure>>) {
        done(Ok(Vec::new()));
    }
}

struct Silent;

impl BotPort for Silent {
    fn ask(&self, _: BotTurn) {}
}

impl Outlet for Silent {
    fn push(&self, _: SessionId, _: Push) {}

    fn publish(&self, _: Publication) {}
}

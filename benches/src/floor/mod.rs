//! Floors: the least a server could do for the same work. Each is a process of its own, started as
//! `crest-bench floor NAME`, single-threaded, and says `listening PORT` once it takes connections.

mod append;
mod echo;
mod fanout;
mod listen;
mod resident;

use clap::ValueEnum;

pub use append::Engine;
pub use resident::Talk;

/// Which floor to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Floor {
    /// tokio-tungstenite with a task a connection: each message is answered with itself, and flushed.
    Echo,
    /// The same; everything that came at once is answered with one write.
    EchoCoalescing,
    /// tokio-tungstenite with a task and a channel a watcher, a flush an event.
    FanoutTasks,
    /// The same; everything queued for a watcher goes out with one write.
    FanoutCoalescing,
    /// The frame made once, one `send` a watcher straight from the loop, as C would do it.
    FanoutLoop,
    /// SQLite alone: one table, one transaction for everything outstanding.
    AppendSqlite,
    /// The product's own store, called directly.
    AppendStore,
    /// The product's conversations in memory, and nothing else of it.
    Conversations,
    /// As many actix actors without anything in them.
    BareActors,
}

impl Floor {
    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Floor::Echo => "echo",
            Floor::EchoCoalescing => "echo-coalescing",
            Floor::FanoutTasks => "fanout-tasks",
            Floor::FanoutCoalescing => "fanout-coalescing",
            Floor::FanoutLoop => "fanout-loop",
            Floor::AppendSqlite => "append-sqlite",
            Floor::AppendStore => "append-store",
            Floor::Conversations => "conversations",
            Floor::BareActors => "bare-actors",
        }
    }

    /// Serves until the process is killed or its input ends.
    pub fn run(self) -> anyhow::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let local = tokio::task::LocalSet::new();
        match self {
            Floor::Echo => local.block_on(&runtime, echo::serve(false)),
            Floor::EchoCoalescing => local.block_on(&runtime, echo::serve(true)),
            Floor::FanoutTasks => local.block_on(&runtime, fanout::serve_tasks(false)),
            Floor::FanoutCoalescing => local.block_on(&runtime, fanout::serve_tasks(true)),
            Floor::FanoutLoop => local.block_on(&runtime, fanout::serve_loop()),
            Floor::AppendSqlite => append::serve(Engine::Sqlite),
            Floor::AppendStore => append::serve(Engine::Store),
            Floor::Conversations => resident::conversations(),
            Floor::BareActors => resident::bare_actors(),
        }
    }
}

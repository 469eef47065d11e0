//! `crest cluster status`: what the lease keyspace says, whether or not any node answers.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;

use super::{Done, Settings, print};
use crate::cluster::cql::{AskFailure, Asks};
use crate::cluster::limits::RENEW_MS;
use crate::cluster::{Answer, Ask, LeaseRow, Map, NodeId, Process};
use crate::config;
use crate::store::cql::Place;

#[derive(Subcommand)]
pub enum ClusterCommand {
    /// Nodes, their leases and shards, from the CQL servers themselves. Fails unless every shard
    /// has an owner that renews its lease.
    Status {
        #[command(flatten)]
        settings: Settings,
        /// Every shard with its owner and epoch, too
        #[arg(long)]
        shards: bool,
    },
}

pub fn cluster(what: &ClusterCommand) -> Done {
    let ClusterCommand::Status { settings, shards } = what;
    let config = settings.load()?.config;
    if config.store.engine != config::Engine::Cql {
        return Err("a cluster needs store.engine = \"cql\"; with \"embedded\" this node is alone and serves everything".into());
    }
    let place = Place::of(&config.store);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let seen = runtime.block_on(look(&place))?;
    print(format_args!("{}", seen.lines(*shards)))?;
    Ok(match seen.is_whole() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Whether a lease is renewed shows only over some time: looked at twice.
const BETWEEN: Duration = Duration::from_millis(3 * RENEW_MS / 2);

async fn look(place: &Place) -> Result<Seen, AskFailure> {
    let asks = Asks::open(place).await?;
    let before = rows(&asks).await?;
    tokio::time::sleep(BETWEEN).await;
    let after = rows(&asks).await?;
    let map = match asks.carry_out(&Ask::ReadMap).await? {
        Answer::Map(Some(map)) => Some(Map::clone(&map)),
        _ => None,
    };
    Ok(Seen { before, after, map })
}

type Rows = BTreeMap<NodeId, LeaseRow>;

async fn rows(asks: &Asks) -> Result<Rows, AskFailure> {
    match asks.carry_out(&Ask::Look).await? {
        Answer::Rows(rows) => Ok(rows.into_iter().collect()),
        _ => Ok(Rows::new()),
    }
}

struct Seen {
    before: Rows,
    after: Rows,
    map: Option<Map>,
}

impl Seen {
    /// Does this process's lease move?
    fn renews(&self, process: Process) -> bool {
        let row = |rows: &Rows| {
            let row = rows.get(&process.node).copied();
            row.filter(|row| row.alive && row.incarnation == process.incarnation)
        };
        match (row(&self.before), row(&self.after)) {
            (Some(before), Some(after)) => before.beat != after.beat,
            (None, Some(_)) => true,
            (_, None) => false,
        }
    }

    fn is_whole(&self) -> bool {
        let map = self.map.as_ref();
        map.is_some_and(|map| map.owners().iter().all(|owner| self.renews(*owner)))
    }

    fn lines(&self, shards: bool) -> String {
        let mut text = String::new();
        if self.after.is_empty() {
            text.push_str("no node was ever here: start one with cluster.nats_url set\n");
        }
        for (node, row) in &self.after {
            let process = Process {
                node: *node,
                incarnation: row.incarnation,
            };
            let (mut owned, mut leaving) = (0, "");
            if let Some(map) = &self.map {
                owned = map.shards_of(process).count();
                if map.leaving().contains(&process) {
                    leaving = ", leaving";
                }
            }
            let state = match (row.alive, self.renews(process)) {
                (true, true) => "alive",
                (true, false) => "SILENT: its lease is not renewed",
                (false, _) => "gone",
            };
            text.push_str(&format!(
                "node {:<5} {owned:>3} shards  beat {:<8} {state}{leaving}\n",
                node.0, row.beat
            ));
        }
        let Some(map) = &self.map else {
            text.push_str("no map of shards yet\n");
            return text;
        };
        let orphans = map.shards().filter(|(_, held)| !self.renews(held.owner));
        let orphans = orphans.count();
        text.push_str(&format!(
            "map version {}, {} shards, {orphans} of them with an owner that does not renew its lease\n",
            map.version(),
            map.size(),
        ));
        if shards {
            for (shard, held) in map.shards() {
                text.push_str(&format!(
                    "shard {:<4} node {:<5} epoch {}\n",
                    shard.0, held.owner.node.0, held.epoch
                ));
            }
        }
        text
    }
}

//! Bringing an arbiter up, and waking who must be awake.

use std::rc::Rc;
use std::sync::Arc;

use crate::conversation;
use crate::directory::Directory;
use crate::effect::{Effect, Envelope};
use crate::ids::{AgentKey, ConversationKey, GroupKey, Shard, TenantId};
use crate::limits::{HELD_BEAT_MS, WAKE_LOT, WAKE_LOT_MS, WAKE_PAUSE_MS};
use crate::ports::StoreFailure;
use crate::{agent, board, queue, skill_group};

use super::hub::{Hub, World};
use super::inbox::Parcel;

/// Starts the hub of the current arbiter: its flusher, its inbox, its timers. Must run on the arbiter.
pub fn start_arbiter(world: World, arbiter: u16, directory: Arc<Directory>) -> Rc<Hub> {
    let hub = Hub::new(world, arbiter, directory);
    actix::spawn(flush_each_tick(hub.clone()));
    actix::spawn(receive_parcels(hub.clone()));
    actix::spawn(fire_timers(hub.clone()));
    actix::spawn(retry_held(hub.clone()));
    hub
}

/// Wakes everything that this node owns: see [`enter_shards`].
pub fn wake_all(hub: &Rc<Hub>) {
    enter_shards(hub, &Shard::all().collect::<Vec<_>>());
}

/// These shards are this node's now. Wakes their queues, groups, boards and agents, and every
/// conversation that must be awake; conversations come in lots, so that customers are served
/// meanwhile. What waited for their owner is taken up.
pub fn enter_shards(hub: &Rc<Hub>, shards: &[Shard]) {
    let directory = hub.directory();
    for (tenant, settings) in &directory.tenants {
        let boards = std::iter::once(Envelope::Board(tenant.clone(), board::Note::Wake));
        let groups = settings.groups.keys().flat_map(|group| {
            let key = GroupKey {
                tenant: tenant.clone(),
                group: group.clone(),
            };
            [
                Envelope::SkillGroup(key.clone(), skill_group::Note::Wake),
                Envelope::Queue(key, queue::Note::Wake),
            ]
        });
        let agents = settings.agents.keys().map(|agent| {
            let key = AgentKey {
                tenant: tenant.clone(),
                agent: agent.clone(),
            };
            Envelope::Agent(key, agent::Note::Reconfigured)
        });
        let entered = |envelope: &Envelope| shards.contains(&envelope.address().shard());
        tell_local(hub, boards.chain(groups).chain(agents).filter(entered));
    }
    hub.release_held();
    let local = |shard: &Shard| is_local(hub, *shard);
    sweep(hub, shards.iter().copied().filter(local).collect());
}

/// These shards are not this node's any more, or may not be: their actors end without another word.
/// The placement must say so already. Nothing is lost by it: what they decided and was not yet
/// acknowledged is in the log or sent again.
pub fn leave_shards(hub: &Rc<Hub>, shards: &[Shard]) {
    let gone = |shard: Shard| shards.contains(&shard);
    hub.customers.leave(hub, &gone);
    hub.conversations.leave(hub, &gone);
    hub.agents.leave(hub, &gone);
    hub.queues.leave(hub, &gone);
    hub.skill_groups.leave(hub, &gone);
    hub.boards.leave(hub, &gone);
}

/// Every actor here that the directory concerns looks at it again.
pub fn reconfigure(hub: &Rc<Hub>, directory: Arc<Directory>) {
    hub.set_directory(directory.clone());
    for (tenant, settings) in &directory.tenants {
        let groups = settings.groups.keys().map(|group| {
            let key = GroupKey {
                tenant: tenant.clone(),
                group: group.clone(),
            };
            Envelope::SkillGroup(key, skill_group::Note::Reconfigured)
        });
        let agents = settings.agents.keys().map(|agent| {
            let key = AgentKey {
                tenant: tenant.clone(),
                agent: agent.clone(),
            };
            Envelope::Agent(key, agent::Note::Reconfigured)
        });
        tell_local(hub, groups.chain(agents));
    }
    for key in hub.agents.keys() {
        let _ = hub.tell(Envelope::Agent(key, agent::Note::Reconfigured));
    }
}

/// Every conversation here, those at rest in lots, and every agent of the tenant says how it stands.
pub(super) fn describe_all(hub: &Rc<Hub>, tenant: &TenantId) {
    for key in hub.conversations.keys() {
        if key.tenant == *tenant {
            let _ = hub.tell(Envelope::Conversation(key, conversation::Note::Describe));
        }
    }
    let mut resting = hub.conversations.resting();
    resting.retain(|key| key.tenant == *tenant);
    actix::spawn(wake_in_lots(hub.clone(), resting));
    for key in hub.agents.keys() {
        if key.tenant == *tenant {
            let _ = hub.tell(Envelope::Agent(key, agent::Note::Reconfigured));
        }
    }
}

/// Does this arbiter have the actors of that shard?
fn is_local(hub: &Rc<Hub>, shard: Shard) -> bool {
    hub.world().post.arbiter_of(shard) == hub.arbiter() && hub.world().placement.is_here(shard)
}

fn tell_local(hub: &Rc<Hub>, envelopes: impl Iterator<Item = Envelope>) {
    let here = |envelope: &Envelope| is_local(hub, envelope.address().shard());
    hub.run(envelopes.filter(here).map(Effect::Tell));
}

/// Wakes the conversations of these shards that must be awake.
fn sweep(hub: &Rc<Hub>, shards: Vec<Shard>) {
    if shards.is_empty() {
        return;
    }
    let asked = shards.clone();
    let inbox = hub.inbox();
    let done = move |found: Result<Vec<ConversationKey>, StoreFailure>| {
        inbox.post(Parcel::Job(Box::new(move |hub| match found {
            Ok(keys) => {
                tracing::info!(
                    arbiter = hub.arbiter(),
                    conversations = keys.len(),
                    "waking"
                );
                actix::spawn(wake_in_lots(hub.clone(), keys));
            }
            Err(failure) => {
                tracing::error!(%failure, "cannot read who must be awake, trying again");
                actix::spawn(sweep_again(hub.clone(), shards));
            }
        })));
    };
    hub.store().awake(asked, Box::new(done));
}

async fn sweep_again(hub: Rc<Hub>, mut shards: Vec<Shard>) {
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    shards.retain(|shard| is_local(&hub, *shard)); // they may have moved meanwhile
    sweep(&hub, shards);
}

/// The next lot begins when the one before has been read: whoever writes meanwhile waits behind one
/// lot at the store, not behind all.
async fn wake_in_lots(hub: Rc<Hub>, keys: Vec<ConversationKey>) {
    let pause = || tokio::time::sleep(std::time::Duration::from_millis(WAKE_PAUSE_MS));
    for lot in keys.chunks(WAKE_LOT) {
        hub.run(lot.iter().map(|key| {
            Effect::Tell(Envelope::Conversation(
                key.clone(),
                conversation::Note::Describe,
            ))
        }));
        pause().await;
        let patience = hub.now().plus(WAKE_LOT_MS);
        while hub.now() < patience && lot.iter().any(|key| hub.conversations.is_loading(key)) {
            pause().await;
        }
    }
}

/// One flush for all turns that ran since the last: whoever is ready runs before this task does.
async fn flush_each_tick(hub: Rc<Hub>) {
    loop {
        hub.dirty.notified().await;
        tokio::task::yield_now().await;
        hub.flush();
    }
}

async fn receive_parcels(hub: Rc<Hub>) {
    let post = hub.world().post.clone();
    let inbox = post.inbox(hub.arbiter());
    let mut parcels = Vec::new();
    loop {
        inbox.wake.notified().await;
        inbox.take(&mut parcels);
        for parcel in parcels.drain(..) {
            hub.receive(parcel);
        }
    }
}

async fn retry_held(hub: Rc<Hub>) {
    let mut beats = tokio::time::interval(std::time::Duration::from_millis(HELD_BEAT_MS));
    beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beats.tick().await;
        hub.release_held();
    }
}

async fn fire_timers(hub: Rc<Hub>) {
    loop {
        match hub.fire() {
            Some(next) => {
                let changed = tokio::time::timeout_at(
                    hub.world().clock.instant(next),
                    hub.timers_changed.notified(),
                );
                if changed.await.is_err() {
                    hub.late(hub.now().since(next));
                }
            }
            None => hub.timers_changed.notified().await,
        }
    }
}

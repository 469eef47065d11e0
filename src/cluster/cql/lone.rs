//! From one node alone to a cluster and back. Both give epochs to owners of the same logs, each from a
//! row of its own, and whoever comes later needs the higher ones: an older marker would not be found
//! behind a newer.

use std::time::Duration;

use super::asks::{AskFailure, Asks};
use crate::cluster::ask::{Answer, Ask};
use crate::store::cql::{EPOCH_CHECK, Place, epoch};

/// Why a node cannot serve alone.
#[derive(Debug, thiserror::Error)]
pub enum LoneFailure {
    #[error(transparent)]
    Ask(#[from] AskFailure),
    #[error(
        "nodes {0} of a cluster have not left this keyspace: stop them, or join them by cluster.nats_url; one that crashed leaves when it is started and stopped once more"
    )]
    Clustered(String),
}

/// Changes of the map that are tried.
const TRIES: u32 = 10;
const AGAIN: Duration = Duration::from_millis(100);

/// The highest epoch that a cluster gave, for a node that is to serve alone: it needs a higher one.
/// `Err` while a node of a cluster owns something and has not left.
pub async fn before_alone(place: &Place) -> Result<u64, LoneFailure> {
    let asks = Asks::open(place).await?;
    let Answer::Map(Some(map)) = asks.carry_out(&Ask::ReadMap).await? else {
        return Ok(0);
    };
    let mut there = Vec::new();
    for owner in map.owners() {
        let row = asks.carry_out(&Ask::ReadLease(owner.node)).await?;
        let owns = |row| matches!(row, Answer::Lease(Some(row)) if row.alive && row.incarnation == owner.incarnation);
        if owns(row) {
            there.push(owner.node.0.to_string());
        }
    }
    match there.is_empty() {
        true => Ok(map.shards().map(|(_, held)| held.epoch).max().unwrap_or(0)),
        false => Err(LoneFailure::Clustered(there.join(", "))),
    }
}

/// Puts every epoch of the map above those of nodes alone, for a node that joins; answers the first
/// epoch of a map that is yet to be made. A node that serves alone is ended by it.
pub async fn before_joining(asks: &Asks, place: &Place) -> Result<u64, AskFailure> {
    let newest = epoch::newest(&asks.session, place).await?;
    let Some(mut lone) = epoch::held(&asks.session, &newest).await? else {
        return Ok(1);
    };
    let mut ended = false;
    for _ in 0..TRIES {
        let map = match asks.carry_out(&Ask::ReadMap).await? {
            Answer::Map(map) => map,
            _ => None,
        };
        let lowest = |map: &crate::cluster::Map| map.shards().map(|(_, held)| held.epoch).min();
        if map.as_deref().and_then(lowest).is_some_and(|it| it > lone) {
            return Ok(lone + 1);
        }
        if !ended {
            ended = true;
            tracing::info!("a node served this keyspace alone before; it may not go on");
            lone = epoch::take(&asks.session, place, &newest, &rand::random(), 0).await?;
            tokio::time::sleep(2 * EPOCH_CHECK).await; // it looks so often, and then refuses everything
        }
        let Some(map) = map else {
            return Ok(lone + 1);
        };
        let change = Ask::CasMap {
            expected: Some(map.version()),
            next: map.above(lone).into(),
        };
        // Whatever became of it, the map as it is now decides.
        if let Err(why) = asks.carry_out(&change).await {
            tracing::debug!(%why, "whether the epochs were raised is not known yet");
            tokio::time::sleep(AGAIN).await;
        }
    }
    Err(AskFailure::Unanswered {
        why: "the epochs of the map cannot be raised above those of a node alone".to_owned(),
    })
}

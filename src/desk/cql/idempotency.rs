//! Answers given once for each idempotency key: a cell that is compared and replaced as a whole.

use crest_actors::ids::{Millis, TenantId};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::sessions::expiry;
use super::sheet::Writer;
use super::store::Desk;
use super::tables::Tables;
use crate::desk::failure::{DeskError, DeskFailure};
use crate::desk::limits::{CLAIM_STALE_MS, IDEMPOTENCY_MS};
use crate::desk::records::{Claim, Digest};
use crate::store::cql::GIVE_UP;

/// Whose request a key is.
pub struct Key {
    pub tenant: TenantId,
    pub actor: String,
    pub key: String,
}

/// The cell. `writer` is random, so that no two claims are equal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Held {
    writer: Writer,
    digest: Digest,
    claimed_at: u64,
    answer: Option<(u16, Vec<u8>)>,
}

pub async fn claim(desk: &Desk, of: &Key, digest: Digest, now: Millis) -> Result<Claim, DeskError> {
    let tables = &desk.tables;
    let own = Held {
        writer: rand::random(),
        digest,
        claimed_at: now.0,
        answer: None,
    };
    let cell = own.encode();
    let mut there: Option<Vec<u8>> = None;
    let begun = Instant::now();
    loop {
        if replace(tables, of, there.as_deref(), Some(&cell)).await {
            return Ok(Claim::Fresh);
        }
        there = read(tables, of).await?;
        if let Some(bytes) = &there {
            if *bytes == cell {
                return Ok(Claim::Fresh);
            }
            if let Some(claim) = Held::decode(bytes)?.answers(&digest, now) {
                return Ok(claim);
            }
        }
        give_up(begun)?;
    }
}

pub async fn settle(
    desk: &Desk,
    of: &Key,
    answer: Option<(u16, Vec<u8>)>,
) -> Result<(), DeskError> {
    let tables = &desk.tables;
    let begun = Instant::now();
    let Some(mut there) = read(tables, of).await? else {
        return Ok(());
    };
    let held = Held::decode(&there)?;
    let writer = held.writer;
    let cell = answer.map(|answer| {
        let answer = Some(answer);
        Held { answer, ..held }.encode()
    });
    loop {
        if replace(tables, of, Some(&there), cell.as_deref()).await {
            return Ok(());
        }
        match read(tables, of).await? {
            Some(now) if cell.as_ref() != Some(&now) && Held::decode(&now)?.writer == writer => {
                there = now;
            }
            // Done by the try that was not answered, or no longer this claim's.
            _ => return Ok(()),
        }
        give_up(begun)?;
    }
}

impl Held {
    /// `None`: it holds no longer.
    fn answers(self, digest: &Digest, now: Millis) -> Option<Claim> {
        let age = now.since(Millis(self.claimed_at));
        if age >= IDEMPOTENCY_MS {
            return None;
        }
        match self.answer {
            _ if self.digest != *digest => Some(Claim::Different),
            Some((status, body)) => Some(Claim::Answered { status, body }),
            None => (age < CLAIM_STALE_MS).then_some(Claim::InFlight),
        }
    }

    fn encode(&self) -> Vec<u8> {
        rmp_serde::to_vec(self).expect("plain values always serialise")
    }

    fn decode(bytes: &[u8]) -> Result<Self, DeskFailure> {
        rmp_serde::from_slice(bytes).map_err(|why| DeskFailure::Corrupt {
            what: "an idempotency key",
            why: why.to_string(),
        })
    }
}

/// `false`: it was not so, or is not known.
async fn replace(tables: &Tables, of: &Key, there: Option<&[u8]>, cell: Option<&[u8]>) -> bool {
    let (tenant, actor, key) = (of.tenant.as_str(), &of.actor, &of.key);
    let seconds = expiry(IDEMPOTENCY_MS);
    let done = match (there, cell) {
        (None, Some(cell)) => {
            let values = (seconds, cell, tenant, actor, key);
            tables.transact(&tables.first_claim, values).await
        }
        (Some(there), Some(cell)) => {
            let values = (seconds, cell, tenant, actor, key, there);
            tables.transact(&tables.change_claim, values).await
        }
        (Some(there), None) => {
            let values = (tenant, actor, key, there);
            tables.transact(&tables.remove_claim, values).await
        }
        (None, None) => Ok(true),
    };
    done.unwrap_or_else(|doubt| {
        tracing::debug!(?doubt, "an idempotency key was not answered");
        false
    })
}

async fn read(tables: &Tables, of: &Key) -> Result<Option<Vec<u8>>, DeskFailure> {
    let values = (of.tenant.as_str(), &of.actor, &of.key);
    let rows = tables
        .rows::<(Option<Vec<u8>>,)>(&tables.claim, values)
        .await?;
    Ok(rows.into_iter().next().and_then(|(claim,)| claim))
}

fn give_up(begun: Instant) -> Result<(), DeskFailure> {
    if begun.elapsed() < GIVE_UP {
        return Ok(());
    }
    Err(DeskFailure::Lost)
}

//! Answers given once for each idempotency key.

use crest_actors::ids::{Millis, TenantId};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::desk::failure::DeskError;
use crate::desk::limits::{CLAIM_STALE_MS, IDEMPOTENCY_MS, SWEEP_ROWS};
use crate::desk::records::{Claim, Digest};

pub(super) fn claim(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    actor: &str,
    key: &str,
    digest: &Digest,
    now: Millis,
) -> Result<Claim, DeskError> {
    tx.execute(
        "DELETE FROM idempotency WHERE rowid IN
         (SELECT rowid FROM idempotency WHERE claimed_at <= ?1 - ?2 LIMIT ?3)",
        params![now.0, IDEMPOTENCY_MS, SWEEP_ROWS],
    )?;
    let found = tx
        .prepare_cached(
            "SELECT digest, claimed_at, status, body FROM idempotency
             WHERE tenant = ?1 AND actor = ?2 AND key = ?3",
        )?
        .query_row([tenant.as_str(), actor, key], |row| {
            let digest: Digest = row.get(0)?;
            let claimed_at = Millis(row.get(1)?);
            let status: Option<u16> = row.get(2)?;
            let body: Option<Vec<u8>> = row.get(3)?;
            Ok((digest, claimed_at, status.zip(body)))
        })
        .optional()?;
    match found {
        Some((of, claimed_at, _)) if now.since(claimed_at) < IDEMPOTENCY_MS && of != *digest => {
            return Ok(Claim::Different);
        }
        Some((_, claimed_at, Some((status, body)))) if now.since(claimed_at) < IDEMPOTENCY_MS => {
            return Ok(Claim::Answered { status, body });
        }
        Some((_, claimed_at, None)) if now.since(claimed_at) < CLAIM_STALE_MS => {
            return Ok(Claim::InFlight);
        }
        Some(_) | None => {}
    }
    tx.execute(
        "INSERT OR REPLACE INTO idempotency (tenant, actor, key, digest, claimed_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![tenant.as_str(), actor, key, digest.as_slice(), now.0],
    )?;
    Ok(Claim::Fresh)
}

pub(super) fn settle(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    actor: &str,
    key: &str,
    answer: Option<(u16, Vec<u8>)>,
) -> Result<(), DeskError> {
    match answer {
        Some((status, body)) => tx.execute(
            "UPDATE idempotency SET status = ?4, body = ?5
             WHERE tenant = ?1 AND actor = ?2 AND key = ?3",
            params![tenant.as_str(), actor, key, status, body],
        )?,
        None => tx.execute(
            "DELETE FROM idempotency WHERE tenant = ?1 AND actor = ?2 AND key = ?3",
            [tenant.as_str(), actor, key],
        )?,
    };
    Ok(())
}

//! Staff logins. Only the digest of a session's secret is here.

use crest_actors::ids::{AgentId, Millis, TenantId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::row::{record, referring};
use crate::desk::failure::{DeskError, DeskRefusal};
use crate::desk::limits::SWEEP_ROWS;
use crate::desk::records::{Digest, StaffMember, StaffSession};

pub(super) fn open(
    tx: &Transaction<'_>,
    session: &StaffSession,
    now: Millis,
) -> Result<(), DeskError> {
    tx.execute(
        "DELETE FROM staff_sessions WHERE digest IN
         (SELECT digest FROM staff_sessions WHERE expires_at <= ?1 LIMIT ?2)",
        params![now.0, SWEEP_ROWS],
    )?;
    let inserted = tx.execute(
        "INSERT INTO staff_sessions (digest, tenant, agent, expires_at) VALUES (?1, ?2, ?3, ?4)",
        params![
            session.digest.as_slice(),
            session.tenant.as_str(),
            session.agent.as_str(),
            session.expires_at.0
        ],
    );
    referring(inserted, DeskRefusal::NoSuch { field: "agent" })?;
    Ok(())
}

pub(super) fn find(
    db: &Connection,
    digest: &Digest,
    now: Millis,
) -> Result<Option<(StaffSession, StaffMember)>, DeskError> {
    let found = db
        .prepare_cached(
            "SELECT s.tenant, s.agent, s.expires_at, m.profile FROM staff_sessions s
             JOIN staff m ON m.tenant = s.tenant AND m.id = s.agent
             WHERE s.digest = ?1 AND s.expires_at > ?2",
        )?
        .query_row(params![digest.as_slice(), now.0], |row| {
            let session = StaffSession {
                digest: *digest,
                tenant: TenantId::new(row.get_ref(0)?.as_str()?),
                agent: AgentId::new(row.get_ref(1)?.as_str()?),
                expires_at: Millis(row.get(2)?),
            };
            Ok((session, record::<StaffMember>(row, 3)?))
        })
        .optional()?;
    Ok(found.filter(|(_, member)| member.active))
}

pub(super) fn close(tx: &Transaction<'_>, digest: &Digest) -> Result<(), DeskError> {
    tx.execute(
        "DELETE FROM staff_sessions WHERE digest = ?1",
        [digest.as_slice()],
    )?;
    Ok(())
}

pub(super) fn close_all(
    tx: &Transaction<'_>,
    tenant: &TenantId,
    agent: &str,
) -> Result<(), DeskError> {
    tx.execute(
        "DELETE FROM staff_sessions WHERE tenant = ?1 AND agent = ?2",
        params![tenant.as_str(), agent],
    )?;
    Ok(())
}

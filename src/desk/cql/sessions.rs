//! Staff logins. Only the digest of a session's secret is here.

use crest_actors::ids::{AgentId, Millis, TenantId};

use super::kind::Kind;
use super::limits::{EXPIRY_MAX_S, EXPIRY_SLACK_S};
use super::staff::Hired;
use super::store::Desk;
use crate::desk::failure::{DeskError, DeskRefusal};
use crate::desk::records::{Digest, StaffMember, StaffSession};

pub async fn open(desk: &Desk, session: &StaffSession, now: Millis) -> Result<(), DeskError> {
    let StaffSession {
        digest,
        tenant,
        agent,
        expires_at,
    } = session;
    let hired: Option<Hired> = desk.one(tenant, Kind::Staff, agent.as_str()).await?;
    let Some(hired) = hired else {
        return Err(DeskRefusal::NoSuch { field: "agent" }.into());
    };
    let values = (
        &digest[..],
        tenant.as_str(),
        agent.as_str(),
        hired.login,
        expires_at.0 as i64,
        expiry(expires_at.since(now)),
    );
    Ok(desk.tables.write(&desk.tables.add_session, values).await?)
}

pub async fn find(
    desk: &Desk,
    digest: Digest,
    now: Millis,
) -> Result<Option<(StaffSession, StaffMember)>, DeskError> {
    type Columns = (String, String, i64, i64);
    let tables = &desk.tables;
    let rows = tables
        .rows::<Columns>(&tables.session_of, (&digest[..],))
        .await?;
    let Some((tenant, agent, login, expires_at)) = rows.into_iter().next() else {
        return Ok(None);
    };
    let session = StaffSession {
        digest,
        tenant: TenantId::new(tenant),
        agent: AgentId::new(agent),
        expires_at: Millis(expires_at as u64),
    };
    if session.expires_at <= now {
        return Ok(None);
    }
    let (tenant, agent) = (&session.tenant, session.agent.as_str());
    let hired: Option<Hired> = desk.one(tenant, Kind::Staff, agent).await?;
    let hired = hired.filter(|hired| hired.member.active && hired.login == login);
    Ok(hired.map(|hired| (session, hired.member)))
}

pub async fn close(desk: &Desk, digest: Digest) -> Result<(), DeskError> {
    let tables = &desk.tables;
    Ok(tables.write(&tables.remove_session, (&digest[..],)).await?)
}

/// Seconds after which a row goes that holds for so many milliseconds.
pub fn expiry(holds_ms: u64) -> i32 {
    let seconds = (holds_ms / 1_000).saturating_add(1 + EXPIRY_SLACK_S);
    seconds.min(EXPIRY_MAX_S) as i32
}

//! Index rows of conversations, to and from their columns.

use crest_actors::conversation::{CloseReason, PhaseKind, Summary};
use crest_actors::ids::{
    AgentId, ChannelId, ConversationId, ConversationKey, CustomerId, GroupId, Millis, Seq, Shard,
    TenantId,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

/// The columns in the order [`read`] expects them.
pub const COLUMNS: &str = "tenant, id, customer, channel, tier, phase, position, skill_group, \
    agent, taken_over, opened_at, phase_since, enqueued_at, closed_at, close_reason, rating, awake";

const WRITE: &str = "INSERT OR REPLACE INTO conversation (shard, tenant, id, customer, channel, \
    tier, phase, position, skill_group, agent, taken_over, opened_at, phase_since, enqueued_at, \
    closed_at, close_reason, rating, awake) \
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";

/// Writes the row, replacing the one before it.
pub fn write(connection: &Connection, summary: &Summary) -> rusqlite::Result<()> {
    let time = |at: Option<Millis>| at.map(|at| at.0 as i64);
    connection.prepare_cached(WRITE)?.execute(params![
        summary.key.id.shard().0,
        summary.key.tenant.as_str(),
        &summary.key.id.0[..],
        summary.customer.as_str(),
        summary.channel.as_str(),
        summary.tier,
        phase_number(summary.phase),
        summary.position.0 as i64,
        summary.group.as_str(),
        summary.agent.as_ref().map(AgentId::as_str),
        summary.taken_over,
        summary.opened_at.0 as i64,
        summary.phase_since.0 as i64,
        time(summary.enqueued_at),
        time(summary.closed_at),
        summary.close_reason.map(close_reason_number),
        summary.rating,
        summary.awake,
    ])?;
    Ok(())
}

/// The row of one conversation.
pub fn find(connection: &Connection, key: &ConversationKey) -> rusqlite::Result<Option<Summary>> {
    let sql = format!("SELECT {COLUMNS} FROM conversation WHERE tenant = ?1 AND id = ?2");
    connection
        .prepare_cached(&sql)?
        .query_row(params![key.tenant.as_str(), &key.id.0[..]], read)
        .optional()
}

/// Keys of the conversations of one shard that must be awake.
pub fn awake(connection: &Connection, shard: Shard) -> rusqlite::Result<Vec<ConversationKey>> {
    let sql = "SELECT tenant, id FROM conversation WHERE awake = 1 AND shard = ?1";
    let mut statement: CachedStatement<'_> = connection.prepare_cached(sql)?;
    let keys = statement.query_map([shard.0], |row| {
        Ok(ConversationKey {
            tenant: TenantId::new(row.get_ref(0)?.as_str()?),
            id: ConversationId(row.get(1)?),
        })
    })?;
    keys.collect()
}

/// Reads a row selected as [`COLUMNS`].
pub fn read(row: &Row<'_>) -> rusqlite::Result<Summary> {
    let text = |at: usize| Ok::<_, rusqlite::Error>(row.get_ref(at)?.as_str()?);
    let time = |at: usize| Ok::<_, rusqlite::Error>(Millis(row.get::<_, i64>(at)? as u64));
    let some_time = |at: usize| {
        let at: Option<i64> = row.get(at)?;
        Ok::<_, rusqlite::Error>(at.map(|at| Millis(at as u64)))
    };
    let unknown =
        |at: usize, number: u8| rusqlite::Error::IntegralValueOutOfRange(at, i64::from(number));
    let phase: u8 = row.get(5)?;
    let close_reason: Option<u8> = row.get(14)?;
    Ok(Summary {
        key: ConversationKey {
            tenant: TenantId::new(text(0)?),
            id: ConversationId(row.get(1)?),
        },
        customer: CustomerId::new(text(2)?),
        channel: ChannelId::new(text(3)?),
        tier: row.get(4)?,
        phase: phase_of(phase).ok_or_else(|| unknown(5, phase))?,
        position: Seq(row.get::<_, i64>(6)? as u64),
        group: GroupId::new(text(7)?),
        agent: row.get_ref(8)?.as_str_or_null()?.map(AgentId::new),
        taken_over: row.get(9)?,
        opened_at: time(10)?,
        phase_since: time(11)?,
        enqueued_at: some_time(12)?,
        closed_at: some_time(13)?,
        close_reason: close_reason
            .map(|number| close_reason_of(number).ok_or_else(|| unknown(14, number)))
            .transpose()?,
        rating: row.get(15)?,
        awake: row.get(16)?,
    })
}

/// A number once stored is never given to another phase.
pub fn phase_number(phase: PhaseKind) -> u8 {
    match phase {
        PhaseKind::BotServing => 1,
        PhaseKind::Waiting => 2,
        PhaseKind::Offered => 3,
        PhaseKind::Active => 4,
        PhaseKind::WrapUp => 5,
        PhaseKind::Closed => 6,
    }
}

pub fn phase_of(number: u8) -> Option<PhaseKind> {
    Some(match number {
        1 => PhaseKind::BotServing,
        2 => PhaseKind::Waiting,
        3 => PhaseKind::Offered,
        4 => PhaseKind::Active,
        5 => PhaseKind::WrapUp,
        6 => PhaseKind::Closed,
        _ => return None,
    })
}

/// A number once stored is never given to another reason.
pub fn close_reason_number(reason: CloseReason) -> u8 {
    match reason {
        CloseReason::Resolved => 1,
        CloseReason::CustomerLeft => 2,
        CloseReason::Silence => 3,
        CloseReason::Abandoned => 4,
        CloseReason::LeftMessage => 5,
        CloseReason::CallBack => 6,
        CloseReason::Overflow => 7,
    }
}

pub fn close_reason_of(number: u8) -> Option<CloseReason> {
    Some(match number {
        1 => CloseReason::Resolved,
        2 => CloseReason::CustomerLeft,
        3 => CloseReason::Silence,
        4 => CloseReason::Abandoned,
        5 => CloseReason::LeftMessage,
        6 => CloseReason::CallBack,
        7 => CloseReason::Overflow,
        _ => return None,
    })
}

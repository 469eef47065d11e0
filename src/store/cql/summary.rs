//! The cell of an index row: a summary without the key it lies under, as MessagePack.

use crest_actors::conversation::Summary;
use crest_actors::ids::{AgentId, ChannelId, ConversationKey, CustomerId, GroupId, Millis, Seq};
use serde::{Deserialize, Serialize};

use crate::store::summary::{close_reason_number, close_reason_of, phase_number, phase_of};

/// The fields in the order stored; new ones are only ever added at the end.
#[derive(Serialize, Deserialize)]
struct Fields {
    customer: String,
    channel: String,
    tier: u8,
    phase: u8,
    position: u64,
    group: String,
    agent: Option<String>,
    taken_over: bool,
    opened_at: u64,
    phase_since: u64,
    enqueued_at: Option<u64>,
    closed_at: Option<u64>,
    close_reason: Option<u8>,
    rating: Option<u8>,
    awake: bool,
}

pub fn encode(summary: &Summary) -> Vec<u8> {
    let fields = Fields {
        customer: summary.customer.as_str().to_owned(),
        channel: summary.channel.as_str().to_owned(),
        tier: summary.tier,
        phase: phase_number(summary.phase),
        position: summary.position.0,
        group: summary.group.as_str().to_owned(),
        agent: summary.agent.as_ref().map(|it| it.as_str().to_owned()),
        taken_over: summary.taken_over,
        opened_at: summary.opened_at.0,
        phase_since: summary.phase_since.0,
        enqueued_at: summary.enqueued_at.map(|at| at.0),
        closed_at: summary.closed_at.map(|at| at.0),
        close_reason: summary.close_reason.map(close_reason_number),
        rating: summary.rating,
        awake: summary.awake,
    };
    rmp_serde::to_vec(&fields).expect("plain fields can be written to memory")
}

/// `None` where the bytes are not what was written.
pub fn decode(key: ConversationKey, bytes: &[u8]) -> Option<Summary> {
    let fields: Fields = rmp_serde::from_slice(bytes).ok()?;
    Some(Summary {
        key,
        customer: CustomerId::new(fields.customer),
        channel: ChannelId::new(fields.channel),
        tier: fields.tier,
        phase: phase_of(fields.phase)?,
        position: Seq(fields.position),
        group: GroupId::new(fields.group),
        agent: fields.agent.map(AgentId::new),
        taken_over: fields.taken_over,
        opened_at: Millis(fields.opened_at),
        phase_since: Millis(fields.phase_since),
        enqueued_at: fields.enqueued_at.map(Millis),
        closed_at: fields.closed_at.map(Millis),
        close_reason: match fields.close_reason {
            None => None,
            Some(number) => Some(close_reason_of(number)?),
        },
        rating: fields.rating,
        awake: fields.awake,
    })
}

#[cfg(test)]
mod tests {
    use crest_actors::conversation::{CloseReason, PhaseKind};
    use crest_actors::ids::{ConversationId, TenantId};

    use super::*;

    #[test]
    fn a_summary_reads_back_as_written() {
        let full = Summary {
            key: ConversationKey {
                tenant: TenantId::new("shop"),
                id: ConversationId([7; 16]),
            },
            customer: "li".into(),
            channel: "web".into(),
            tier: 3,
            phase: PhaseKind::Closed,
            position: Seq(41),
            group: "presale".into(),
            agent: Some("mei".into()),
            taken_over: true,
            opened_at: Millis(1),
            phase_since: Millis(2),
            enqueued_at: Some(Millis(3)),
            closed_at: Some(Millis(4)),
            close_reason: Some(CloseReason::Silence),
            rating: Some(4),
            awake: true,
        };
        let plain = Summary {
            agent: None,
            enqueued_at: None,
            closed_at: None,
            close_reason: None,
            rating: None,
            awake: false,
            ..full.clone()
        };
        for summary in [full, plain] {
            let bytes = encode(&summary);
            assert_eq!(decode(summary.key.clone(), &bytes), Some(summary.clone()));
            assert_eq!(decode(summary.key.clone(), &bytes[..bytes.len() - 1]), None);
        }
    }
}

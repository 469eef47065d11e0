//! Pictures for staff: summaries, presence, offers' context, boards.

use crest_actors::agent::{Availability, Presence};
use crest_actors::board::{BoardView, Scope};
use crest_actors::conversation::{PhaseKind, Refusal, Summary};
use crest_actors::effect::{OfferContext, OfferOutcome};
use crest_actors::ids::{AgentId, GroupId};
use crest_actors::queue::QueueStats;
use crest_schema::frame::{client, desk as wire, server};
use crest_schema::limits::BOARD_ROWS;

use super::body::name;
use super::names::{close_reason, option, pairs, text, wire_id};
use super::staff_view;

pub fn summary(summary: &Summary) -> wire::Summary<'_> {
    wire::Summary {
        conversation: wire_id(summary.key.id),
        customer: text(summary.customer.as_str()),
        channel: text(summary.channel.as_str()),
        tier: summary.tier,
        phase: phase(summary.phase),
        position: summary.position.0,
        group: text(summary.group.as_str()),
        agent: summary.agent.as_ref().map(|agent| text(agent.as_str())),
        taken_over: summary.taken_over,
        opened_at: summary.opened_at.0,
        phase_since: summary.phase_since.0,
        enqueued_at: summary.enqueued_at.map(|at| at.0),
        closed_at: summary.closed_at.map(|at| at.0),
        close_reason: summary.close_reason.map(close_reason),
        rating: summary.rating,
    }
}

pub(super) fn presence(presence: &Presence) -> wire::Presence<'_> {
    match presence {
        Presence::Offline => wire::Presence::Offline,
        Presence::NotReady { reason } => wire::Presence::NotReady(text(reason)),
        Presence::Ready => wire::Presence::Ready,
    }
}

pub(super) fn domain_presence(presence: wire::Presence<'static>) -> Result<Presence, Refusal> {
    Ok(match presence {
        wire::Presence::Offline => Presence::Offline,
        wire::Presence::NotReady(reason) => Presence::NotReady {
            reason: name(reason)?,
        },
        wire::Presence::Ready => Presence::Ready,
    })
}

pub(super) fn scope(scope: client::Scope) -> Result<Scope, Refusal> {
    Ok(match scope {
        client::Scope::Tenant => Scope::Tenant,
        client::Scope::Group(group) => Scope::Group(GroupId::new(name(group)?)),
    })
}

pub(super) fn agent_row<'a>(agent: &'a AgentId, stands: &'a Availability) -> wire::AgentRow<'a> {
    wire::AgentRow {
        agent: text(agent.as_str()),
        presence: presence(&stands.presence),
        load: stands.load,
        capacity: stands.capacity,
        idle_since: stands.idle_since.0,
        offerable: stands.offerable,
    }
}

pub(super) fn offer_context(context: &OfferContext) -> wire::OfferContext<'_> {
    wire::OfferContext {
        summary: summary(&context.summary),
        display_name: option(&context.display_name),
        attributes: pairs(&context.attributes),
        reason: context.reason.as_ref().map(staff_view::wait_reason),
        bot: staff_view::bot_context(&context.bot),
        messages: context
            .messages
            .iter()
            .map(|entry| staff_view::entry(entry))
            .collect(),
        transfer_note: option(&context.transfer_note),
    }
}

pub(super) fn outcome(outcome: OfferOutcome) -> wire::OfferOutcome {
    match outcome {
        OfferOutcome::Accepted => wire::OfferOutcome::Accepted,
        OfferOutcome::Declined => wire::OfferOutcome::Declined,
        OfferOutcome::Missed => wire::OfferOutcome::Missed,
        OfferOutcome::Rescinded => wire::OfferOutcome::Rescinded,
    }
}

/// A view in frames of at most [`BOARD_ROWS`] rows; one frame where there is no row at all.
pub(super) fn boards<'a>(view: &'a BoardView, emit: &mut dyn FnMut(server::Board<'a>)) {
    let conversations = view.conversations.len();
    let agents = conversations + view.agents.len();
    let rows = agents + view.queues.len();
    let mut from = 0;
    loop {
        let to = rows.min(from + BOARD_ROWS);
        let part = |start: usize, end: usize| {
            let clamp = |row: usize| row.clamp(start, end) - start;
            clamp(from)..clamp(to)
        };
        emit(server::Board {
            version: view.version,
            since: view.since,
            at: view.at.0,
            conversations: view.conversations[part(0, conversations)]
                .iter()
                .map(summary)
                .collect(),
            agents: view.agents[part(conversations, agents)]
                .iter()
                .map(|(agent, stands)| agent_row(agent, stands))
                .collect(),
            queues: view.queues[part(agents, rows)]
                .iter()
                .map(|(group, stats)| queue_row(group, stats))
                .collect(),
            more: to < rows,
        });
        from = to;
        if from == rows {
            return;
        }
    }
}

fn queue_row<'a>(group: &'a GroupId, stats: &QueueStats) -> wire::QueueRow<'a> {
    wire::QueueRow {
        group: text(group.as_str()),
        length: stats.length,
        oldest_since: stats.oldest_since.map(|at| at.0),
        assigned_120s: stats.assigned_120s,
        abandoned_120s: stats.abandoned_120s,
        ready_agents: stats.ready_agents,
    }
}

fn phase(phase: PhaseKind) -> wire::Phase {
    match phase {
        PhaseKind::BotServing => wire::Phase::BotServing,
        PhaseKind::Waiting => wire::Phase::Waiting,
        PhaseKind::Offered => wire::Phase::Offered,
        PhaseKind::Active => wire::Phase::Active,
        PhaseKind::WrapUp => wire::Phase::WrapUp,
        PhaseKind::Closed => wire::Phase::Closed,
    }
}

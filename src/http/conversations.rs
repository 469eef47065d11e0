//! Conversations and what was said in them, for staff.

use axum::Json;
use axum::extract::State;
use crest_actors::conversation::{PhaseKind, Summary};
use crest_actors::directory::StaffRole;
use crest_actors::ids::{
    AgentId, ConversationId, ConversationKey, CustomerId, GroupId, Millis, Seq,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Name, Params, Staff};
use super::page::{Page, Window};
use super::ports::{ConversationQuery, Visibility};
use super::problem::Problem;
use super::state::HttpState;
use super::transcript;
use crate::auth::StaffPrincipal;

/// A conversation at a glance. Times are Unix milliseconds.
#[derive(Serialize, ToSchema)]
pub(super) struct ConversationView {
    id: String,
    customer: String,
    channel: String,
    /// 0 is standard.
    tier: u8,
    phase: &'static str,
    group: String,
    /// Who holds or last held it.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    opened_at: u64,
    phase_since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_at: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_reason: Option<&'static str>,
    /// 1 (不满意) to 4 (非常满意).
    #[serde(skip_serializing_if = "Option::is_none")]
    rating: Option<u8>,
}

fn view(summary: Summary) -> ConversationView {
    ConversationView {
        id: summary.key.id.to_string(),
        customer: summary.customer.to_string(),
        channel: summary.channel.to_string(),
        tier: summary.tier,
        phase: transcript::phase_word(summary.phase),
        group: summary.group.to_string(),
        agent: summary.agent.map(|agent| agent.to_string()),
        opened_at: summary.opened_at.0,
        phase_since: summary.phase_since.0,
        closed_at: summary.closed_at.map(|at| at.0),
        close_reason: summary.close_reason.map(transcript::close_word),
        rating: summary.rating,
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    #[param(inline)]
    phase: Option<PhaseParam>,
    /// Who holds or last held it.
    agent: Option<String>,
    customer: Option<String>,
    group: Option<String>,
    /// Begun at this time or later, Unix time in ms.
    from: Option<u64>,
    /// Begun before this time, Unix time in ms.
    to: Option<u64>,
    /// 1 to 200, 50 where absent.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PhaseParam {
    BotServing,
    Waiting,
    Offered,
    Active,
    WrapUp,
    Closed,
}

impl From<PhaseParam> for PhaseKind {
    fn from(phase: PhaseParam) -> Self {
        match phase {
            PhaseParam::BotServing => PhaseKind::BotServing,
            PhaseParam::Waiting => PhaseKind::Waiting,
            PhaseParam::Offered => PhaseKind::Offered,
            PhaseParam::Active => PhaseKind::Active,
            PhaseParam::WrapUp => PhaseKind::WrapUp,
            PhaseParam::Closed => PhaseKind::Closed,
        }
    }
}

pub(super) async fn list(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<ConversationView>>, Problem> {
    let window = Window {
        limit: params.limit,
        cursor: params.cursor,
    };
    let limit = window.limit();
    let query = ConversationQuery {
        visible_to: visibility(&staff),
        tenant: staff.key.tenant,
        phase: params.phase.map(PhaseKind::from),
        agent: params.agent.map(AgentId::new),
        customer: params.customer.map(CustomerId::new),
        group: params.group.map(GroupId::new),
        from: params.from.map(Millis),
        to: params.to.map(Millis),
        cursor: window.after(ConversationId::parse)?,
        limit,
    };
    let found = state.archive.list(query).await?;
    Ok(Json(Page {
        items: found.conversations.into_iter().map(view).collect(),
        next: found.next.map(|id| id.to_string()),
    }))
}

/// Supervisors and admins see everything of their tenant.
fn visibility(staff: &StaffPrincipal) -> Option<Visibility> {
    match staff.role {
        StaffRole::Agent => Some(Visibility {
            agent: staff.key.agent.clone(),
            groups: staff.groups.clone(),
        }),
        StaffRole::Supervisor | StaffRole::Admin => None,
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct TranscriptParams {
    /// 1 to 200, 50 where absent.
    limit: Option<usize>,
    /// `next` of the page before, or the seq after which to begin.
    cursor: Option<String>,
}

/// Part of a transcript in the order it happened.
#[derive(Serialize, ToSchema)]
pub(super) struct TranscriptView {
    conversation: ConversationView,
    /// Events as staff see them: `seq`, `at` (Unix time in ms), `customer_seq` where the customer
    /// sees it too, `type`, and what belongs to that type.
    #[schema(value_type = Vec<Object>)]
    items: Vec<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

pub(super) async fn transcript(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(id): Name,
    Params(params): Params<TranscriptParams>,
) -> Result<Json<TranscriptView>, Problem> {
    let id = ConversationId::parse(&id).ok_or_else(Problem::not_found)?;
    let window = Window {
        limit: params.limit,
        cursor: params.cursor,
    };
    let limit = window.limit();
    let after = window.after(|cursor| cursor.parse().ok())?.unwrap_or(0);
    let key = ConversationKey {
        tenant: staff.key.tenant.clone(),
        id,
    };
    let found = state.archive.transcript(key, Seq(after), limit + 1).await?;
    let visible = visibility(&staff);
    let part = found
        .filter(|part| visible.is_none_or(|visible| visible.includes(&part.summary)))
        .ok_or_else(Problem::not_found)?;
    let page = Page::of(
        part.entries,
        limit,
        |last| last.seq.0.to_string(),
        |entry| transcript::entry(&entry),
    );
    Ok(Json(TranscriptView {
        conversation: view(part.summary),
        items: page.items,
        next: page.next,
    }))
}

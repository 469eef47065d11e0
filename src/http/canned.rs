//! Canned replies: one's own, a group's, the tenant's.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use crest_actors::directory::StaffRole;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Body, Name, Staff};
use super::page::Page;
use super::problem::{Problem, ProblemCode};
use super::state::HttpState;
use crate::auth::StaffPrincipal;
use crate::desk::{CannedReply, CannedScope};

/// A reply without its id.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyBody {
    scope: CannedScope,
    /// What one types to find it; unique within its scope.
    shortcut: String,
    title: String,
    text: String,
}

impl ReplyBody {
    fn named(self, id: String) -> CannedReply {
        CannedReply {
            id,
            scope: self.scope,
            shortcut: self.shortcut,
            title: self.title,
            text: self.text,
        }
    }
}

pub(super) async fn list(
    State(state): State<HttpState>,
    Staff(staff): Staff,
) -> Result<Json<Page<CannedReply>>, Problem> {
    let key = staff.key;
    let replies = state.desk.canned_replies(key.tenant, key.agent).await?;
    Ok(Json(Page::whole(replies)))
}

pub(super) async fn create(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Body(body): Body<ReplyBody>,
) -> Result<(StatusCode, Json<CannedReply>), Problem> {
    may_write(&staff, &body.scope)?;
    let reply = body.named(format!("{:032x}", rand::random::<u128>()));
    state
        .desk
        .create_canned_reply(staff.key.tenant, reply.clone())
        .await?;
    Ok((StatusCode::CREATED, Json(reply)))
}

pub(super) async fn write(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(id): Name,
    Body(body): Body<ReplyBody>,
) -> Result<Json<CannedReply>, Problem> {
    may_write_existing(&state, &staff, &id).await?;
    may_write(&staff, &body.scope)?;
    let reply = body.named(id);
    state
        .desk
        .set_canned_reply(staff.key.tenant, reply.clone())
        .await?;
    Ok(Json(reply))
}

pub(super) async fn delete(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    may_write_existing(&state, &staff, &id).await?;
    state.desk.delete_canned_reply(staff.key.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn may_write_existing(
    state: &HttpState,
    staff: &StaffPrincipal,
    id: &str,
) -> Result<(), Problem> {
    let tenant = staff.key.tenant.clone();
    let found = state.desk.canned_reply(tenant, id.to_owned()).await?;
    let reply = found.ok_or_else(Problem::not_found)?;
    match &reply.scope {
        // Another's own replies are nobody else's business, not even that they exist.
        CannedScope::Personal(owner) if owner != staff.key.agent.as_str() => {
            Err(Problem::not_found())
        }
        scope => may_write(staff, scope),
    }
}

/// Personal: their owner. Shared ones: supervisors and admins.
fn may_write(staff: &StaffPrincipal, scope: &CannedScope) -> Result<(), Problem> {
    let allowed = match scope {
        CannedScope::Personal(owner) => owner == staff.key.agent.as_str(),
        CannedScope::Group(_) | CannedScope::Tenant => match staff.role {
            StaffRole::Agent => false,
            StaffRole::Supervisor | StaffRole::Admin => true,
        },
    };
    if allowed {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::Forbidden,
        "Agents write their own replies, supervisors and admins those of groups and the tenant; choose another scope.",
    )
    .at("scope"))
}

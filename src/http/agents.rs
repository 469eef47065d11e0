//! Staff: agents, supervisors, admins.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use crest_actors::ids::AgentId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Body, Name, Staff};
use super::groups::same_id;
use super::page::Page;
use super::problem::{Problem, ProblemCode};
use super::state::HttpState;
use crate::desk::{NewStaff, StaffMember, StaffRole};

pub(super) async fn list(
    State(state): State<HttpState>,
    Staff(staff): Staff,
) -> Result<Json<Page<StaffMember>>, Problem> {
    Ok(Json(Page::whole(state.desk.staff(staff.key.tenant).await?)))
}

/// A new member with the password to begin with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMember {
    member: StaffMember,
    /// 10 to 256 bytes; the member changes it with PUT /v1/me/password.
    password: String,
}

pub(super) async fn create(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Body(new): Body<NewMember>,
) -> Result<(StatusCode, Json<StaffMember>), Problem> {
    // Form first: hashing is dear.
    new.member.check()?;
    let hash = state.auth.hash_password(new.password).await?;
    let member = new.member.clone();
    let hired = NewStaff {
        member: new.member,
        hash,
    };
    state.desk.create_staff(staff.key.tenant, hired).await?;
    Ok((StatusCode::CREATED, Json(member)))
}

pub(super) async fn write(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(id): Name,
    Body(member): Body<StaffMember>,
) -> Result<Json<StaffMember>, Problem> {
    same_id(&id, &member.id)?;
    let own = staff.key.agent.as_str() == id;
    if own && (member.role != StaffRole::Admin || !member.active) {
        return Err(Problem::new(
            ProblemCode::InUse,
            "Let another admin do this: a tenant must not lose its last admin by a slip.",
        ));
    }
    state
        .desk
        .set_staff(staff.key.tenant, member.clone())
        .await?;
    Ok(Json(member))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPassword {
    /// 10 to 256 bytes.
    password: String,
}

/// Ends every session of the member.
pub(super) async fn set_password(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(id): Name,
    Body(body): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    let hash = state.auth.hash_password(body.password).await?;
    let agent = AgentId::new(id);
    state
        .desk
        .set_password(staff.key.tenant, agent, hash)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

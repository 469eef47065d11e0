//! Skill groups.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::extract::{Body, Name, Staff};
use super::page::Page;
use super::problem::{Problem, ProblemCode};
use super::state::HttpState;
use crate::desk::Group;

pub(super) async fn list(
    State(state): State<HttpState>,
    Staff(staff): Staff,
) -> Result<Json<Page<Group>>, Problem> {
    Ok(Json(Page::whole(
        state.desk.groups(staff.key.tenant).await?,
    )))
}

pub(super) async fn create(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Body(group): Body<Group>,
) -> Result<(StatusCode, Json<Group>), Problem> {
    state
        .desk
        .create_group(staff.key.tenant, group.clone())
        .await?;
    Ok((StatusCode::CREATED, Json(group)))
}

pub(super) async fn write(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(id): Name,
    Body(group): Body<Group>,
) -> Result<Json<Group>, Problem> {
    same_id(&id, &group.id)?;
    state
        .desk
        .set_group(staff.key.tenant, group.clone())
        .await?;
    Ok(Json(group))
}

pub(super) async fn delete(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(id): Name,
) -> Result<StatusCode, Problem> {
    state.desk.delete_group(staff.key.tenant, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Transcripts name ids for ever, so nothing is renamed.
pub(super) fn same_id(path: &str, body: &str) -> Result<(), Problem> {
    if path == body {
        return Ok(());
    }
    Err(Problem::new(
        ProblemCode::InvalidField,
        "id must be the one in the path; create another instead of renaming.",
    )
    .at("id"))
}

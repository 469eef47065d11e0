//! Who did what.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Params, Staff};
use super::page::{Page, Window};
use super::problem::Problem;
use super::state::HttpState;
use crate::desk::AuditLine;

/// One privileged act, written before it took effect.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditView {
    id: u64,
    /// Unix time in ms.
    at: u64,
    actor: String,
    role: String,
    operation: String,
    /// Path and query.
    subject: String,
    address: String,
}

fn view(line: AuditLine) -> AuditView {
    AuditView {
        id: line.id,
        at: line.record.at.0,
        actor: line.record.actor,
        role: line.record.role,
        operation: line.record.operation,
        subject: line.record.subject,
        address: line.record.address,
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditParams {
    /// 1 to 200, 50 where absent.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

pub(super) async fn list(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Params(params): Params<AuditParams>,
) -> Result<Json<Page<AuditView>>, Problem> {
    let window = Window {
        limit: params.limit,
        cursor: params.cursor,
    };
    let limit = window.limit();
    let before = window.after(|cursor| cursor.parse().ok())?;
    let found = state
        .desk
        .audit_log(staff.key.tenant, before, limit + 1)
        .await?;
    let page = Page::of(found, limit, |line| line.id.to_string(), view);
    Ok(Json(page))
}

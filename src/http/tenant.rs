//! The tenant's settings.

use axum::Json;
use axum::extract::State;

use super::extract::{Body, Staff};
use super::problem::Problem;
use super::state::HttpState;
use crate::desk::{Tenant, TenantSettings};

pub(super) async fn read(
    State(state): State<HttpState>,
    Staff(staff): Staff,
) -> Result<Json<TenantSettings>, Problem> {
    let found = state.desk.tenant(staff.key.tenant).await?;
    Ok(Json(found.ok_or_else(Problem::not_found)?.settings))
}

pub(super) async fn write(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Body(settings): Body<TenantSettings>,
) -> Result<Json<TenantSettings>, Problem> {
    let tenant = Tenant {
        id: staff.key.tenant,
        settings,
    };
    state.desk.set_tenant(tenant.clone()).await?;
    Ok(Json(tenant.settings))
}

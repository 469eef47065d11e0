//! The node itself: alive, ready, measured, and what lives on it.

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use crest_actors::ids::TenantId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Params, Staff};
use super::limits::PAGE_MAX;
use super::ports::{ActorsQuery, ActorsSnapshot, Check, ClusterSnapshot};
use super::state::HttpState;

#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    status: &'static str,
    version: &'static str,
}

/// The process answers; nothing else is said.
pub(super) async fn health() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

#[derive(Serialize, ToSchema)]
pub(super) struct ReadinessView {
    ready: bool,
    checks: Vec<Check>,
}

pub(super) async fn readiness(State(state): State<HttpState>) -> Response {
    let mut checks = state.readiness.checks();
    // Any read will do; this one is the cheapest.
    // No tenant can have this id, and every engine has to look.
    let read = state.desk.tenant(TenantId::new("?")).await;
    checks.push(Check {
        name: "desk".to_owned(),
        ready: read.is_ok(),
        detail: match read {
            Ok(_) => String::new(),
            Err(why) => {
                tracing::warn!(%why, "the desk cannot be read");
                "the desk cannot be read; the node's log says why".to_owned()
            }
        },
    });
    let ready = checks.iter().all(|check| check.ready);
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(ReadinessView { ready, checks })).into_response()
}

pub(super) async fn metrics(State(state): State<HttpState>) -> Response {
    let text = state.metrics.render();
    let media = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, media)], text).into_response()
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ActorsParams {
    /// customer, conversation, agent, queue, skill_group or board; all where absent.
    kind: Option<String>,
    /// At most 200.
    limit: Option<usize>,
}

pub(super) async fn cluster(State(state): State<HttpState>) -> Json<ClusterSnapshot> {
    Json(state.cluster.cluster())
}

pub(super) async fn actors(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Params(params): Params<ActorsParams>,
) -> Json<ActorsSnapshot> {
    let query = ActorsQuery {
        tenant: staff.key.tenant,
        kind: params.kind,
        limit: params.limit.unwrap_or(PAGE_MAX).clamp(1, PAGE_MAX),
    };
    Json(state.actors.actors(query).await)
}

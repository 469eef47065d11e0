//! Keys that the shop signs customer tokens with. What was set is never shown again.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Name, Staff};
use super::page::Page;
use super::problem::Problem;
use super::state::HttpState;
use crate::desk::{Algorithm, SigningKey};

#[derive(Serialize, ToSchema)]
pub(super) struct KeyView {
    kid: String,
    algorithm: Algorithm,
}

pub(super) async fn list(
    State(state): State<HttpState>,
    Staff(staff): Staff,
) -> Result<Json<Page<KeyView>>, Problem> {
    let keys = state.desk.signing_keys(staff.key.tenant).await?;
    let views = keys
        .into_iter()
        .map(|key| KeyView {
            kid: key.kid,
            algorithm: key.algorithm,
        })
        .collect();
    Ok(Json(Page::whole(views)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyBody {
    algorithm: Algorithm,
    /// HS256: the secret, at least 32 bytes. EdDSA: the raw public key in base64url (`x` of its JWK).
    key: String,
}

pub(super) async fn write(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(kid): Name,
    Body(body): Body<KeyBody>,
) -> Result<Json<KeyView>, Problem> {
    let view = KeyView {
        kid: kid.clone(),
        algorithm: body.algorithm,
    };
    let key = SigningKey {
        kid,
        algorithm: body.algorithm,
        key: body.key,
    };
    state.desk.set_signing_key(staff.key.tenant, key).await?;
    Ok(Json(view))
}

pub(super) async fn delete(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(kid): Name,
) -> Result<StatusCode, Problem> {
    state.desk.delete_signing_key(staff.key.tenant, kid).await?;
    Ok(StatusCode::NO_CONTENT)
}

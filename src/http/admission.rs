//! Tickets, logins, and who one is.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, StatusCode};
use crest_actors::ids::{AgentId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Staff, bearer};
use super::gate::ClientAddress;
use super::problem::{Problem, ProblemCode};
use super::state::HttpState;
use crate::auth::{LoginRequest, Operation, Proof, Role};
use crate::desk::StaffMember;

/// Who wants to connect. Staff send their session as bearer token and `{}`; customers name the
/// tenant, and the token that the shop signed for them; visitors name the tenant alone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TicketRequest {
    tenant: Option<String>,
    /// web or app; a token that names a channel wins.
    channel: Option<String>,
    /// JWT signed by the shop (EdDSA or HS256): `aud` the tenant, `sub` the customer's id, `iat`,
    /// `exp` at most 10 minutes later; may have `tier` 0 to 9, `name`, `attrs`, `channel`.
    token: Option<String>,
    /// `visitor` of an earlier answer, so that the same visitor returns.
    visitor: Option<String>,
}

/// For the first frame of one connection.
#[derive(Serialize, ToSchema)]
pub(super) struct TicketView {
    ticket: String,
    /// Unix time in ms.
    expires_at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    visitor: Option<String>,
}

pub(super) async fn ticket(
    State(state): State<HttpState>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    headers: HeaderMap,
    Body(request): Body<TicketRequest>,
) -> Result<(StatusCode, Json<TicketView>), Problem> {
    let now = state.now();
    let view = match (bearer(&headers), request.tenant) {
        (Some(session), _) => {
            let staff = state.auth.staff(session, now).await?;
            let issued = state.auth.staff_ticket(staff, now)?;
            TicketView {
                ticket: issued.text,
                expires_at: issued.expires_at.0,
                customer: None,
                visitor: None,
            }
        }
        (None, Some(tenant)) => {
            let proof = match request.token {
                Some(token) => Proof::Token(token),
                None => Proof::Visitor(request.visitor),
            };
            let channel = request.channel.as_deref();
            let tenant = TenantId::new(tenant);
            let issued = state
                .auth
                .customer_ticket(tenant, proof, channel, address, now)
                .await?;
            TicketView {
                ticket: issued.ticket.text,
                expires_at: issued.ticket.expires_at.0,
                customer: Some(issued.customer.to_string()),
                visitor: issued.visitor,
            }
        }
        (None, None) => {
            return Err(Problem::new(
                ProblemCode::InvalidField,
                "Name the `tenant`; staff send their session as `Authorization: Bearer …` instead.",
            )
            .at("tenant"));
        }
    };
    Ok((StatusCode::CREATED, Json(view)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LoginBody {
    tenant: String,
    login: String,
    password: String,
}

/// A session: send `token` as `Authorization: Bearer …`.
#[derive(Serialize, ToSchema)]
pub(super) struct LoginView {
    token: String,
    /// Unix time in ms.
    expires_at: u64,
    staff: StaffMember,
}

pub(super) async fn log_in(
    State(state): State<HttpState>,
    Extension(ClientAddress(address)): Extension<ClientAddress>,
    Body(body): Body<LoginBody>,
) -> Result<(StatusCode, Json<LoginView>), Problem> {
    let request = LoginRequest {
        tenant: TenantId::new(body.tenant),
        agent: AgentId::new(body.login),
        password: body.password,
    };
    let login = state.auth.log_in(request, address, state.now()).await?;
    let view = LoginView {
        token: login.token,
        expires_at: login.expires_at.0,
        staff: login.member,
    };
    Ok((StatusCode::CREATED, Json(view)))
}

pub(super) async fn log_out(
    State(state): State<HttpState>,
    Staff(staff): Staff,
) -> Result<StatusCode, Problem> {
    state.auth.log_out(&staff).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is logged in, and what this role may do.
#[derive(Serialize, ToSchema)]
pub(super) struct MeView {
    tenant: String,
    id: String,
    name: String,
    role: &'static str,
    groups: Vec<String>,
    /// Unix time in ms.
    session_expires_at: u64,
    /// Operations granted, HTTP and frames alike.
    may: Vec<&'static str>,
}

pub(super) async fn me(Staff(staff): Staff) -> Json<MeView> {
    let role = Role::from(staff.role);
    Json(MeView {
        tenant: staff.key.tenant.to_string(),
        id: staff.key.agent.to_string(),
        name: staff.name,
        role: role.as_str(),
        groups: staff.groups.iter().map(ToString::to_string).collect(),
        session_expires_at: staff.session_expires_at.0,
        may: Operation::ALL
            .iter()
            .filter(|operation| operation.allows(role))
            .map(|operation| operation.as_str())
            .collect(),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordChange {
    old: String,
    /// 10 to 256 bytes.
    new: String,
}

/// Ends every session of the member, this one too.
pub(super) async fn change_password(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Body(body): Body<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let now = state.now();
    state
        .auth
        .change_password(&staff, body.old, body.new, now)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

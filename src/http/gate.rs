//! What every request passes before its handler: who, may they, audit, idempotency, time.

use std::future::Future;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::{Problem, ProblemCode};
use super::state::HttpState;
use super::{address, extract, limits};
use crate::auth::{Access, AuthRefusal, Operation, Role, StaffPrincipal};
use crate::desk::{AuditRecord, Claim, DeskError};

/// The gate before one operation.
#[derive(Clone)]
pub(super) struct Gate {
    pub(super) state: HttpState,
    pub(super) operation: Operation,
}

/// The client's address, for whoever needs it behind the gate.
#[derive(Clone, Copy)]
pub(super) struct ClientAddress(pub(super) IpAddr);

pub(super) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let most = Duration::from_millis(gate.state.config.limits.request_timeout_ms);
    let operation = gate.operation.as_str();
    let response = match tokio::time::timeout(most, gate.serve(request, next)).await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => Problem::new(
            ProblemCode::TimedOut,
            "It may or may not have taken effect; look first, then send it again if it has not.",
        )
        .into_response(),
    };
    let status = response.status().as_str().to_owned();
    metrics::counter!("crest_http_requests_total", "operation" => operation, "status" => status)
        .increment(1);
    metrics::histogram!("crest_http_request_seconds", "operation" => operation)
        .record(began.elapsed());
    response
}

impl Gate {
    async fn serve(self, mut request: Request, next: Next) -> Result<Response, Problem> {
        let trusted = &self.state.config.server.trusted_proxies;
        let from = address::client(request.extensions(), request.headers(), trusted);
        request.extensions_mut().insert(ClientAddress(from));
        match self.operation.access() {
            Access::Public => Ok(next.run(request).await),
            Access::Scraper => {
                self.check_scraper(request.headers())?;
                Ok(next.run(request).await)
            }
            Access::Roles(_) => {
                let staff = self.staff(request.headers()).await?;
                if self.operation.audited() {
                    let record = self.record(&staff, &request, from);
                    self.audit(record, request.method()).await?;
                }
                request.extensions_mut().insert(staff.clone());
                match idempotency_key(&request)? {
                    Some(key) => self.once(staff, key, request, next).await,
                    None => Ok(next.run(request).await),
                }
            }
        }
    }

    /// Durable before the effect: what cannot be recorded is not done. Only where the disk is full and
    /// nothing would be changed is the record left to the node's log, so that reads go on.
    async fn audit(&self, record: AuditRecord, method: &Method) -> Result<(), Problem> {
        match self.state.desk.audit(record.clone()).await {
            Err(DeskError::Failed(failure)) if failure.is_full() && *method == Method::GET => {
                tracing::warn!(?record, "the disk is full: a read is recorded here alone");
                Ok(())
            }
            written => Ok(written?),
        }
    }

    fn check_scraper(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let Some(wanted) = self.state.config.server.metrics_token.expose() else {
            return Ok(());
        };
        // Hashes are compared in constant time, whatever was sent.
        let shown = extract::bearer(headers).unwrap_or_default();
        if blake3::hash(shown.as_bytes()) == blake3::hash(wanted.as_bytes()) {
            return Ok(());
        }
        Err(Problem::new(
            ProblemCode::Unauthenticated,
            "Send `server.metrics_token` as `Authorization: Bearer …`.",
        ))
    }

    async fn staff(&self, headers: &HeaderMap) -> Result<StaffPrincipal, Problem> {
        let token = extract::bearer(headers).ok_or(AuthRefusal::Session)?;
        let staff = self.state.auth.staff(token, self.state.now()).await?;
        let role = Role::from(staff.role);
        if self.operation.allows(role) {
            return Ok(staff);
        }
        Err(Problem::new(
            ProblemCode::Forbidden,
            format!(
                "{} is not granted to the role {}; ask somebody whose role it is granted to.",
                self.operation.as_str(),
                role.as_str()
            ),
        ))
    }

    fn record(&self, staff: &StaffPrincipal, request: &Request, from: IpAddr) -> AuditRecord {
        let target = request
            .uri()
            .path_and_query()
            .map_or(request.uri().path(), |target| target.as_str());
        let subject: String = target
            .bytes()
            .take(limits::SUBJECT_MAX_BYTES)
            .map(char::from)
            .collect();
        AuditRecord {
            at: self.state.now(),
            tenant: staff.key.tenant.clone(),
            actor: staff.key.agent.as_str().to_owned(),
            role: Role::from(staff.role).as_str().to_owned(),
            operation: self.operation.as_str().to_owned(),
            subject,
            address: from.to_string(),
        }
    }

    /// Answers the same request of the same person under the same key once.
    async fn once(
        self,
        staff: StaffPrincipal,
        key: String,
        request: Request,
        next: Next,
    ) -> Result<Response, Problem> {
        let (parts, body) = request.into_parts();
        let (tenant, actor) = (staff.key.tenant, staff.key.agent.as_str().to_owned());
        let whole = Request::from_parts(parts.clone(), body);
        let bytes = extract::bytes(whole, &self.state).await?;
        let digest = blake3::Hasher::new()
            .update(self.operation.as_str().as_bytes())
            .update(&[0])
            .update(parts.uri.to_string().as_bytes())
            .update(&[0])
            .update(&bytes)
            .finalize()
            .into();
        let desk = self.state.desk.clone();
        let now = self.state.now();
        let claim = desk.claim(tenant.clone(), actor.clone(), key.clone(), digest, now);
        match claim.await? {
            Claim::Fresh => {}
            Claim::Answered { status, body } => return Ok(replay(status, body)),
            Claim::Different => {
                return Err(Problem::new(
                    ProblemCode::IdempotencyMismatch,
                    "Use a new key for a new request; keep a key only to repeat the very same one.",
                ));
            }
            Claim::InFlight => {
                return Err(Problem::new(
                    ProblemCode::InFlight,
                    "Wait for the time given, then send it again under the same key.",
                )
                .after(1_000));
            }
        }
        let run = next.run(Request::from_parts(parts, Body::from(bytes)));
        // Finished even if the client goes away or time runs out: an effect without its kept answer
        // could be repeated.
        finish(async move {
            let (answer, kept) = keep(run.await).await;
            desk.settle(tenant, actor, key, kept).await?;
            Ok(answer)
        })
        .await
    }
}

async fn finish(
    work: impl Future<Output = Result<Response, Problem>> + Send + 'static,
) -> Result<Response, Problem> {
    tokio::spawn(work).await.unwrap_or_else(|_| {
        Err(Problem::new(
            ProblemCode::Unknown,
            "It may or may not have taken effect; look first, then send it again if it has not.",
        ))
    })
}

/// The answer, and what of it is kept: nothing where the world was broken, so that a repetition tries again.
async fn keep(response: Response) -> (Response, Option<(u16, Vec<u8>)>) {
    let status = response.status();
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, limits::KEPT_ANSWER_MAX_BYTES).await else {
        let problem = Problem::new(
            ProblemCode::Unknown,
            "The answer was too long to keep; look at what was asked for.",
        );
        return (problem.into_response(), None);
    };
    let kept = (!status.is_server_error()).then(|| (status.as_u16(), bytes.to_vec()));
    (Response::from_parts(parts, Body::from(bytes)), kept)
}

fn replay(status: u16, body: Vec<u8>) -> Response {
    let status = StatusCode::from_u16(status).expect("it was a status when it was kept");
    let media = if status.is_client_error() {
        "application/problem+json"
    } else {
        "application/json"
    };
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// The key of a POST. Everything else is idempotent by itself.
fn idempotency_key(request: &Request) -> Result<Option<String>, Problem> {
    if request.method() != Method::POST {
        return Ok(None);
    }
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    value
        .to_str()
        .ok()
        .filter(|key| (1..=limits::IDEMPOTENCY_KEY_MAX_BYTES).contains(&key.len()))
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| {
            Problem::new(
                ProblemCode::BadIdempotencyKey,
                "Send 1 to 128 visible characters, such as a UUID.",
            )
        })
}

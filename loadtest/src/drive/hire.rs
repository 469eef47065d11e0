//! What the admin does before a run: hires agents, sets the key that customers' tokens are signed
//! with.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rand::distr::{Alphanumeric, SampleString};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::client::{Identity, Server, Setting, post, put};
use crate::scenario::{Agents, Hire, Login, Scenario};

/// Id of the key among the tenant's.
const KID: &str = "rehearsal";
/// The longest life that a server takes.
const TOKEN_LIFE_S: u64 = 600;

/// Signs customers' tokens as the shop's own server does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Signer {
    tenant: String,
    secret: String,
    /// Tells the customers of this run from those of every other.
    run: String,
}

/// Sets a fresh key, where the scenario has signed customers.
pub(super) async fn signer(
    setting: &Setting,
    scenario: &Scenario,
) -> anyhow::Result<Option<Signer>> {
    let Some(admin) = scenario.admin.as_ref() else {
        return Ok(None);
    };
    if scenario.customers.signed_share == 0.0 {
        return Ok(None);
    }
    let session = log_in(setting, admin).await?;
    let random = |length| Alphanumeric.sample_string(&mut rand::rng(), length);
    let signer = Signer {
        tenant: setting.tenant.clone(),
        secret: random(48),
        run: random(8),
    };
    let key = json!({"algorithm": "HS256", "key": signer.secret});
    let path = format!("/v1/signing-keys/{KID}");
    put(&setting.server, &path, Some(&session), &key)
        .await?
        .success(&format!("PUT {path}"))?;
    Ok(Some(signer))
}

impl Signer {
    /// A customer of the shop's, whose token lasts ten minutes from now.
    pub fn customer(&self, number: u64, tier: u8) -> anyhow::Result<Identity> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = json!({
            "sub": format!("rehearsal-{}-{number}", self.run),
            "aud": self.tenant,
            "iat": now,
            "exp": now + TOKEN_LIFE_S,
            "tier": tier,
            "name": format!("Rehearsal {number}"),
        });
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(KID.to_owned());
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        Ok(Identity::Signed {
            tenant: self.tenant.clone(),
            channel: "web".to_owned(),
            token: encode(&header, &claims, &key)?,
        })
    }
}

async fn log_in(setting: &Setting, admin: &Login) -> anyhow::Result<String> {
    let mut admin = Identity::staff(&setting.tenant, &admin.login, &admin.password);
    let session = admin.session(&setting.server).await;
    session.context("the admin cannot log in")
}

/// Everybody who is to log in; those to be hired are there afterwards.
pub(super) async fn staff(
    setting: &Setting,
    agents: &Agents,
    admin: Option<&Login>,
) -> anyhow::Result<Vec<Login>> {
    let mut logins = agents.login.clone();
    if let (Some(hire), Some(admin)) = (&agents.hire, admin) {
        let session = log_in(setting, admin).await?;
        for number in 1..=hire.count {
            logins.push(one(&setting.server, &session, hire, number).await?);
        }
    }
    Ok(logins)
}

async fn one(server: &Server, session: &str, hire: &Hire, number: u32) -> anyhow::Result<Login> {
    let login = format!("rehearsal-{number}");
    let member = json!({
        "id": login,
        "name": format!("Rehearsal {number}"),
        "role": "agent",
        "groups": hire.groups,
        "skills": hire.skills,
        "capacity": hire.capacity,
    });
    let body = json!({"member": member, "password": hire.password});
    let reply = post(server, "/v1/agents", Some(session), &body).await?;
    // One hired by an earlier run is still there.
    if reply.status != 409 {
        reply.success("POST /v1/agents")?;
    }
    Ok(Login {
        login,
        password: hire.password.clone(),
    })
}

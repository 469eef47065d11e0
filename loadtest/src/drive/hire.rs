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

/// Signs customers' tokens as the shops' own servers do; each token is for one tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Signer {
    secret: String,
    /// Tells the customers of this run from those of every other.
    run: String,
}

/// Sets a fresh key in every tenant, where the scenario has signed customers.
pub(super) async fn signer(
    settings: &[Setting],
    scenario: &Scenario,
) -> anyhow::Result<Option<Signer>> {
    let Some(admin) = scenario.admin.as_ref() else {
        return Ok(None);
    };
    if scenario.customers.signed_share == 0.0 {
        return Ok(None);
    }
    let random = |length| Alphanumeric.sample_string(&mut rand::rng(), length);
    let signer = Signer {
        secret: random(48),
        run: random(8),
    };
    let key = json!({"algorithm": "HS256", "key": signer.secret});
    let path = format!("/v1/signing-keys/{KID}");
    for setting in settings {
        let session = log_in(setting, admin).await?;
        put(setting.servers.first(), &path, Some(&session), &key)
            .await?
            .success(&format!("PUT {path}"))?;
    }
    Ok(Some(signer))
}

impl Signer {
    /// A customer of the tenant's, whose token lasts ten minutes from now.
    pub fn customer(&self, tenant: &str, number: u64, tier: u8) -> anyhow::Result<Identity> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let claims = json!({
            "sub": format!("rehearsal-{}-{number}", self.run),
            "aud": tenant,
            "iat": now,
            "exp": now + TOKEN_LIFE_S,
            "tier": tier,
            "name": format!("Rehearsal {number}"),
        });
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(KID.to_owned());
        let key = EncodingKey::from_secret(self.secret.as_bytes());
        Ok(Identity::Signed {
            tenant: tenant.to_owned(),
            channel: "web".to_owned(),
            token: encode(&header, &claims, &key)?,
        })
    }
}

async fn log_in(setting: &Setting, admin: &Login) -> anyhow::Result<String> {
    let mut admin = Identity::staff(&setting.tenant, &admin.login, &admin.password);
    let session = admin.session(setting.servers.first()).await;
    session.with_context(|| format!("the admin of {} cannot log in", setting.tenant))
}

/// The logins of so many agents of the tenant; those to be hired are there afterwards.
pub(super) async fn staff(
    setting: &Setting,
    agents: &Agents,
    people: usize,
    admin: Option<&Login>,
) -> anyhow::Result<Vec<Login>> {
    let (known, beyond) = agents.crew(people);
    let mut logins = known.to_vec();
    if let (Some(hire), Some(admin), 1..) = (&agents.hire, admin, beyond) {
        let session = log_in(setting, admin).await?;
        for number in 1..=beyond {
            logins.push(one(setting.servers.first(), &session, hire, number).await?);
        }
    }
    Ok(logins)
}

async fn one(server: &Server, session: &str, hire: &Hire, number: usize) -> anyhow::Result<Login> {
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

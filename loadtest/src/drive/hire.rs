//! More agents than the tenant has, made over the admin interface.

use anyhow::Context;
use serde_json::json;

use crate::client::{Identity, Setting, post};
use crate::scenario::{Agents, Hire, Login};

/// Everybody who is to log in; those to be hired are there afterwards.
pub(super) async fn staff(setting: &Setting, agents: &Agents) -> anyhow::Result<Vec<Login>> {
    let mut logins = agents.login.clone();
    if let Some(hire) = &agents.hire {
        for number in 1..=hire.count {
            logins.push(one(setting, hire, number).await?);
        }
    }
    Ok(logins)
}

async fn one(setting: &Setting, hire: &Hire, number: u32) -> anyhow::Result<Login> {
    let mut admin = Identity::staff(&setting.tenant, &hire.admin.login, &hire.admin.password);
    let session = admin
        .session(&setting.server)
        .await
        .context("the admin cannot log in")?;
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
    let reply = post(&setting.server, "/v1/agents", Some(&session), &body).await?;
    // One hired by an earlier run is still there.
    if reply.status != 409 {
        reply.success("POST /v1/agents")?;
    }
    Ok(Login {
        login,
        password: hire.password.clone(),
    })
}

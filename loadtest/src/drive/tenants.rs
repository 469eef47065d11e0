//! The tenants of a run: a setting for each before it, each one's part in it afterwards.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::json;

use super::measured::{Count, Measured};
use crate::client::{Server, Servers, Setting, post};
use crate::scenario::Scenario;

/// A setting a tenant, the busiest first.
///
/// Each has a recorder of its own: conversations, logins and queues of two tenants are never held
/// against each other, and what one tenant's client saw of another's conversation is in no log of its
/// own tenant.
pub(super) fn settings(servers: &Servers, scenario: &Scenario) -> Vec<Setting> {
    let servers = servers.clone().from_addresses(scenario.harness.addresses);
    let names = scenario.tenants.names(&scenario.tenant);
    let settings = names.iter().enumerate().map(|(index, name)| {
        let mut setting = Setting::new(servers.clone(), name);
        // People of one name in two tenants have pauses of their own.
        setting.seed = scenario.seed ^ ((index as u64) << 40);
        setting
    });
    settings.collect()
}

/// Asks the server for each tenant. An error names the first that is missing and what makes it.
pub(super) async fn are_there(settings: &[Setting]) -> anyhow::Result<()> {
    for setting in settings {
        // Tells an unknown tenant from a token that is none; nobody is let in, nothing is charged.
        let body = json!({"tenant": setting.tenant, "channel": "web", "token": "none"});
        let reply = post(setting.servers.first(), "/v1/tickets", None, &body).await;
        let reply = reply.with_context(|| format!("asking for tenant {}", setting.tenant))?;
        if reply.status == 404 {
            bail!(missing(setting.servers.first(), &setting.tenant, settings));
        }
    }
    Ok(())
}

fn missing(server: &Server, tenant: &str, settings: &[Setting]) -> String {
    let words = format!("the server at {} has no tenant {tenant}", server.authority);
    match settings {
        [first, ..] if first.tenant == "demo" => format!(
            "{words}; stop it, run `crest seed --tenants {}` on its data and start it again",
            settings.len()
        ),
        _ => words,
    }
}

/// What one tenant had of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TenantPart {
    pub tenant: String,
    pub agents: usize,
    /// Of all arrivals, 0 to 1, as drawn.
    pub share: f64,
    /// By the scenario's weights.
    pub expected_share: f64,
    pub counts: BTreeMap<Count, u64>,
    /// Of customers without trouble of their own; `None` where nothing was acknowledged.
    pub ack_p50_ms: Option<f64>,
    pub ack_p99_ms: Option<f64>,
}

impl TenantPart {
    pub fn count(&self, count: Count) -> u64 {
        self.counts.get(&count).copied().unwrap_or(0)
    }
}

/// One a tenant, those where nothing happened included.
pub(super) fn parts(scenario: &Scenario, measured: &Measured) -> Vec<TenantPart> {
    let arrived = |counts: &BTreeMap<Count, u64>| counts.get(&Count::Arrived).copied();
    let all = arrived(&measured.counts).unwrap_or(0).max(1) as f64;
    let names = scenario.tenants.names(&scenario.tenant).into_iter();
    let expected = scenario.agents_by_tenant().into_iter();
    let expected = expected.zip(scenario.tenants.shares());
    let parts = names.zip(expected).enumerate();
    parts
        .map(|(index, (tenant, (agents, expected_share)))| {
            let of_tenant = measured.tenants.get(index).cloned().unwrap_or_default();
            let told = !of_tenant.ack.is_empty();
            TenantPart {
                tenant,
                agents,
                share: arrived(&of_tenant.counts).unwrap_or(0) as f64 / all,
                expected_share,
                ack_p50_ms: told.then(|| of_tenant.ack.ms_at(0.5)),
                ack_p99_ms: told.then(|| of_tenant.ack.ms_at(0.99)),
                counts: of_tenant.counts,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::scenario::Tenants;

    fn scenario(count: u32) -> Scenario {
        let text = include_str!("../../scenarios/smoke.toml");
        let mut scenario = Scenario::read(text, std::path::Path::new(".")).expect("ours");
        scenario.tenants = Tenants { count, skew: 1.0 };
        scenario
    }

    #[test]
    fn one_tenant_is_set_as_the_scenario_says_and_others_record_apart() {
        let server = Servers::at(&["http://127.0.0.1:1"]).expect("an address");
        let alone = settings(&server, &scenario(1));
        let told = alone.iter().map(|it| (it.tenant.as_str(), it.seed));
        assert_eq!(told.collect::<Vec<_>>(), [("demo", 1)]);
        let two = settings(&server, &scenario(2));
        two[1].recorder.client("lin", crate::history::Side::Staff);
        let clients = |index: usize| two[index].recorder.look(|history| history.clients.len());
        assert_eq!((clients(0), clients(1)), (0, 1));
        assert_ne!(two[0].seed, two[1].seed);
    }

    #[test]
    fn a_missing_tenant_is_named_with_the_command_that_makes_it() {
        let server = Server::at("http://127.0.0.1:1").expect("an address");
        let mut three = scenario(3);
        let all = Servers::from(server.clone());
        let words = missing(&server, "demo-3", &settings(&all, &three));
        assert!(words.contains("no tenant demo-3"), "{words}");
        assert!(words.contains("`crest seed --tenants 3`"), "{words}");
        three.tenant = "acme".to_owned();
        let words = missing(&server, "acme-2", &settings(&all, &three));
        assert!(words.ends_with("no tenant acme-2"), "{words}");
    }

    #[test]
    fn every_tenant_has_its_part_and_shares_are_of_all_arrivals() {
        let mut measured = Measured::lasting(Duration::from_secs(10));
        for tenant in [0, 0, 0, 1] {
            measured.count(tenant, Count::Arrived);
        }
        measured.tenant(0).ack.record(Duration::from_millis(4));
        let parts = parts(&scenario(3), &measured);
        let told = parts
            .iter()
            .map(|it| (it.tenant.as_str(), it.share, it.agents));
        let expected = [("demo", 0.75, 1), ("demo-2", 0.25, 1), ("demo-3", 0.0, 1)];
        assert_eq!(told.collect::<Vec<_>>(), expected);
        assert_eq!(parts[0].ack_p50_ms.map(f64::round), Some(4.0));
        assert_eq!(parts[1].ack_p99_ms, None);
        assert_eq!(parts[0].count(Count::Arrived), 3);
    }
}

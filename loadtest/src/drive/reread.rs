//! Transcripts read once more, after servers were stopped and started again, or from another node.

use super::archive;
use super::outcome::Outcome;
use crate::client::{Servers, Setting};
use crate::history::{Report, compare};

/// Reads every conversation of the run again and adds what differs to its report.
pub async fn reread(outcome: &mut Outcome, servers: &Servers) -> anyhow::Result<()> {
    let scenario = &outcome.scenario;
    let login = scenario.supervisors.as_login();
    for (tenant, before) in &mut outcome.transcripts {
        let setting = Setting::new(servers.clone(), tenant);
        let named = before.iter().map(|it| it.conversation).collect();
        let after = archive::transcripts(&setting, &login, &named).await?;
        let after: Vec<_> = after.into_values().collect();
        let mut report = Report::default();
        compare(before, &after, &mut report);
        outcome.history.join(report.of_tenant(tenant));
        *before = after;
    }
    Ok(())
}

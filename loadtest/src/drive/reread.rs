//! Transcripts read once more, after the server was stopped and started again.

use super::archive;
use super::outcome::Outcome;
use crate::client::{Server, Setting};
use crate::history::compare;

/// Reads every conversation of the run again and adds what differs to its report.
pub async fn reread(outcome: &mut Outcome, server: &Server) -> anyhow::Result<()> {
    let scenario = &outcome.scenario;
    let setting = Setting::new(server.clone(), &scenario.tenant);
    let login = scenario.supervisors.as_login();
    let before = std::mem::take(&mut outcome.transcripts);
    let named = before.iter().map(|it| it.conversation).collect();
    let after = archive::transcripts(&setting, &login, &named).await?;
    let after: Vec<_> = after.into_values().collect();
    compare(&before, &after, &mut outcome.history);
    outcome.transcripts = after;
    Ok(())
}

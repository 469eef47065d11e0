//! The walk over a history.

use super::anomaly::{Anomaly, Promise, Report};
use super::claims;
use super::log::Logs;
use super::queueing;
use super::seen::{History, Seen, Side};
use super::sending::Sending;
use super::viewing::Viewing;

/// Goes over the history once and reports every broken promise it shows.
///
/// Takes time and memory linear in observations and events; only claims of one agent and openings of
/// one customer are sorted by time.
pub fn check(history: &History) -> Report {
    let mut report = Report {
        conversations: history.transcripts.len() as u64,
        events: history
            .transcripts
            .iter()
            .map(|it| it.entries.len() as u64)
            .sum(),
        observations: history.observations.len() as u64,
        ..Report::default()
    };
    for unknown in history
        .transcripts
        .iter()
        .filter(|it| it.entries.is_empty())
    {
        let detail = "somebody was told of it, and its tenant has no such conversation".to_owned();
        report.add(Anomaly::new(Promise::Shown, detail).of(unknown.conversation));
    }
    let logs = Logs::new(&history.transcripts, &mut report);
    let mut viewing = Viewing::new(&history.clients, &logs);
    let mut sending = Sending::new(&history.clients, &logs);
    for observation in &history.observations {
        let client = &history.clients[observation.client];
        viewing.take(observation, &mut report);
        sending.take(observation, &mut report);
        match &observation.seen {
            Seen::Unreadable { why } => {
                report.add(Anomaly::new(Promise::Protocol, why.clone()).by(&client.name));
            }
            Seen::StaffFrame { name } if client.side == Side::Customer => {
                let detail = format!("a {name} frame reached a customer");
                report.add(Anomaly::new(Promise::Whisper, detail).by(&client.name));
            }
            _ => {}
        }
    }
    sending.finish(&mut report);
    claims::check(history, &mut report);
    queueing::check(&history.transcripts, history.away_ms, &mut report);
    report
}

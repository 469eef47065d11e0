//! Writes down the shape of a live tenant's traffic: what a supervisor's board shows, as figures.
//! Nobody's conversation is looked into.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crest_schema::ServerFrame;
use crest_schema::frame::Id;
use crest_schema::frame::desk::{Phase, Summary};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::time::{Instant, timeout_at};

use crate::client::{Server, Setting, Supervisor, What};
use crate::scenario::{Login, Traffic};

/// Watches the tenant's board for so long.
pub async fn record(
    server: &Server,
    tenant: &str,
    login: &Login,
    lasting: Duration,
    slice: Duration,
    quiet: bool,
) -> anyhow::Result<Traffic> {
    let setting = Setting::new(server.clone(), tenant);
    let mut supervisor = Supervisor::connect(&setting, &login.login, &login.password).await?;
    let begun_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as u64;
    let until = Instant::now() + lasting;
    supervisor.watch_board().await?;
    let mut sheet = Sheet::new(begun_ms, lasting, slice);
    let bar = match quiet {
        true => ProgressBar::hidden(),
        false => ProgressBar::new(lasting.as_secs()).with_style(ProgressStyle::with_template(
            "recording {bar:40} {pos} of {len} s  {msg}",
        )?),
    };
    while let Ok(Some(incoming)) = timeout_at(until, supervisor.next()).await {
        match incoming.what {
            What::Frame(frame) => match *frame {
                ServerFrame::Board(board) => {
                    board.conversations.iter().for_each(|row| sheet.take(row));
                }
                ServerFrame::Welcome(_) => {
                    supervisor.watch_board().await?;
                }
                _ => {}
            },
            What::Lost(_) => {}
            What::Over(lost) => anyhow::bail!("closed with {}: {}", lost.code, lost.reason),
        }
        bar.set_position((lasting - until.duration_since(Instant::now())).as_secs());
        bar.set_message(format!("{} conversations", sheet.traffic.total()));
    }
    bar.finish_and_clear();
    supervisor.leave_the_line().await;
    Ok(sheet.finish())
}

struct Sheet {
    begun_ms: u64,
    slice_ms: u64,
    traffic: Traffic,
    /// Of conversations that began in the recording: when it began to wait, and whether it was held.
    known: HashMap<Id, Known>,
}

#[derive(Default)]
struct Known {
    enqueued_at: Option<u64>,
    held: bool,
    over: bool,
}

impl Sheet {
    fn new(begun_ms: u64, lasting: Duration, slice: Duration) -> Self {
        let slice_ms = (slice.as_millis() as u64).max(1);
        let slices = (lasting.as_millis() as u64).div_ceil(slice_ms) as usize;
        Self {
            begun_ms,
            slice_ms,
            traffic: Traffic {
                slice_s: slice_ms as f64 / 1_000.0,
                arrivals: vec![0; slices.max(1)],
                ..Traffic::default()
            },
            known: HashMap::new(),
        }
    }

    /// Rows come again with each change.
    fn take(&mut self, row: &Summary<'_>) {
        let Some(since) = row.opened_at.checked_sub(self.begun_ms) else {
            return;
        };
        let traffic = &mut self.traffic;
        let known = self.known.entry(row.conversation).or_insert_with(|| {
            let slice = (since / self.slice_ms) as usize;
            let last = traffic.arrivals.len() - 1;
            traffic.arrivals[slice.min(last)] += 1;
            let tier = usize::from(row.tier);
            if traffic.tiers.len() <= tier {
                traffic.tiers.resize(tier + 1, 0);
            }
            traffic.tiers[tier] += 1;
            Known::default()
        });
        if let (None, Some(at)) = (known.enqueued_at, row.enqueued_at) {
            known.enqueued_at = Some(at);
            traffic.asked_human += 1;
        }
        if let (Phase::Active, Some(enqueued)) = (row.phase, known.enqueued_at)
            && !std::mem::replace(&mut known.held, true)
        {
            let waited = row.phase_since.saturating_sub(enqueued);
            traffic.waited_s.push(waited as f64 / 1_000.0);
        }
        if let (Phase::Closed | Phase::WrapUp, false) = (row.phase, known.over) {
            known.over = true;
            let lasted = row.phase_since.saturating_sub(row.opened_at);
            traffic.lasted_s.push(lasted as f64 / 1_000.0);
        }
    }

    fn finish(mut self) -> Traffic {
        self.traffic.lasted_s.sort_by(f64::total_cmp);
        self.traffic.waited_s.sort_by(f64::total_cmp);
        self.traffic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u8, opened_at: u64, phase: Phase, phase_since: u64) -> Summary<'static> {
        Summary {
            conversation: Id([number; 16]),
            customer: "visitor".into(),
            channel: "web".into(),
            tier: number % 2,
            phase,
            position: 1,
            group: "presale".into(),
            agent: None,
            taken_over: false,
            opened_at,
            phase_since,
            enqueued_at: (phase == Phase::Waiting).then_some(phase_since),
            closed_at: None,
            close_reason: None,
            rating: None,
        }
    }

    #[test]
    fn a_conversation_counts_once_where_it_began_and_older_ones_not_at_all() {
        let mut sheet = Sheet::new(10_000, Duration::from_secs(3), Duration::from_secs(1));
        sheet.take(&row(9, 9_000, Phase::BotServing, 9_000));
        sheet.take(&row(1, 10_500, Phase::BotServing, 10_500));
        sheet.take(&row(2, 12_100, Phase::BotServing, 12_100));
        for (phase, at) in [
            (Phase::Waiting, 12_400),
            (Phase::Active, 14_400),
            (Phase::WrapUp, 20_100),
            (Phase::Closed, 21_000),
        ] {
            sheet.take(&row(2, 12_100, phase, at));
        }
        let traffic = sheet.finish();
        assert_eq!(traffic.arrivals, [1, 0, 1]);
        assert_eq!((traffic.asked_human, traffic.human_share()), (1, 0.5));
        assert_eq!(traffic.tiers, [1, 1]);
        assert_eq!(traffic.waited_s, [2.0]);
        assert_eq!(traffic.lasted_s, [8.0]);
    }
}

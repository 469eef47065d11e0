//! Load around one fault, and the verdict.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use crest_loadtest::client::{Reconnect, Setting};
use crest_loadtest::drive::{AWAY, Acceptance, Clock, Meter, Talk, Talking, Word};
use crest_loadtest::rig::Cluster;

use crate::fault::Fault;
use crate::say;

const STEADY: Duration = Duration::from_secs(2);
/// After the fault is over.
const AFTER: Duration = Duration::from_secs(3);
/// Of a round, for the width of what is measured, which nobody looks at here.
const LONGEST: Duration = Duration::from_secs(600);
/// Of how many seconds the share of those that are served again is told.
const TOLD_S: f64 = 15.0;

/// An error is a broken promise.
pub async fn go(cluster: &mut Cluster, fault: Fault, seed: u64) -> anyhow::Result<()> {
    let mut setting = Setting::new(cluster.servers()?, "demo");
    setting.seed = seed;
    setting.reconnect = Reconnect {
        first_ms: 200,
        last_ms: 1_000,
    };
    let clock = Clock::begin_in(Duration::ZERO);
    let meter = Meter::new(clock, LONGEST);
    let talk = Talk {
        customers: 24,
        away: AWAY,
        quiet: fault.healed_within(),
        ..Talk::default()
    };
    let talking = Talking::start(&setting, &talk, &meter).await?;
    tokio::time::sleep(STEADY).await;
    let fault_us = clock.us(Instant::now());
    let victim = seed as usize % cluster.nodes.len();
    let struck = fault.strike(cluster, victim).await?;
    tokio::time::sleep(AFTER).await;
    let heard = talking.finish(&setting).await?;
    let it = Acceptance::of(&heard.words, fault_us, TOLD_S);
    say(&format!(
        "{fault:?} (seed {seed}): {struck}\n  {} of {} conversations kept waiting; accept again: p50 {:.2} s, p99 {:.2} s, max {:.2} s\n  connections ended: {:?}\n  {}",
        it.kept_waiting_of_all,
        it.conversations,
        it.p50_ms / 1e3,
        it.p99_ms / 1e3,
        it.max_of_all_ms / 1e3,
        heard.lost,
        heard.history.words()
    ));
    for customer in late(&heard.words, fault_us) {
        let words = heard.words.iter().filter(|it| it.customer == customer);
        let words = words.filter(|it| it.acked_us.is_none_or(|it| it > fault_us));
        let since = |us: u64| us as f64 / 1e6 - fault_us as f64 / 1e6;
        let told: Vec<String> = words
            .take(8)
            .map(|it| match it.acked_us {
                Some(acked) => format!("{:.2}→{:.2}", since(it.due_us), since(acked)),
                None => format!("{:.2}→never", since(it.due_us)),
            })
            .collect();
        say(&format!("  customer-{customer} waited: {}", told.join(" ")));
    }
    if !heard.history.is_clean() {
        let file = std::env::temp_dir().join(format!("crest-evidence-{seed}.txt"));
        std::fs::write(&file, &heard.evidence)?;
        bail!("{}\nevidence: {}", heard.history.words(), file.display());
    }
    ensure!(heard.unanswered == 0, "{} unanswered", heard.unanswered);
    ensure!(heard.shut_out.is_empty(), "{:?}", heard.shut_out);
    ensure!(it.never == 0, "{} were never served again", it.never);
    ensure!(it.asked > 0, "nobody had anything to say");
    if fault == Fault::Kill {
        ensure!(
            it.max_of_all_ms <= AWAY.as_secs_f64() * 1e3,
            "not all within {AWAY:?}"
        );
    }
    if fault.is_planned() {
        let broken = heard.lost.get(&1006).copied().unwrap_or(0);
        ensure!(
            broken == 0,
            "{broken} connections ended without a word: {:?}",
            heard.reasons
        );
    }
    Ok(())
}

/// Customers whose first words after the fault waited for more than five seconds.
fn late(words: &[Word], fault_us: u64) -> Vec<u32> {
    const LATE_US: u64 = 5_000_000;
    let waited = |word: &&Word| {
        let from = word.due_us.max(fault_us);
        word.acked_us.is_none_or(|acked| acked > from + LATE_US)
    };
    let mut late: Vec<u32> = words.iter().filter(waited).map(|it| it.customer).collect();
    late.dedup();
    late.sort_unstable();
    late.dedup();
    late
}

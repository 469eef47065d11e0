//! Customers in processes of their own: a job goes in at a worker's standard input, progress comes
//! out at its standard output, what it measured and recorded in a file.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::clock::{Clock, Zero};
use super::crowd::{Crowd, Part};
use super::hire::Signer;
use super::lag::{LagWatch, own_cpu};
use super::measured::Measured;
use super::meter::Meter;
use super::tenants;
use crate::client::Servers;
use crate::history::History;
use crate::scenario::Scenario;

/// What a worker is to do.
#[derive(Serialize, Deserialize)]
struct Job {
    scenario: Scenario,
    urls: Vec<String>,
    part: Part,
    zero: Zero,
    signer: Option<Signer>,
    result: PathBuf,
}

/// What it hands back.
#[derive(Serialize, Deserialize)]
struct Yield {
    measured: Measured,
    /// One a tenant.
    histories: Vec<History>,
}

/// Running workers. Dropped, they are killed.
pub(super) struct Workers {
    children: Vec<(Child, PathBuf)>,
    readers: JoinSet<()>,
    directory: PathBuf,
}

impl Workers {
    /// Starts `binary worker` for each process of the scenario. `tell` hears how many customers are here
    /// and how many have gone, over all workers.
    pub async fn start(
        binary: &Path,
        servers: &Servers,
        scenario: &Scenario,
        signer: Option<&Signer>,
        clock: Clock,
        tell: impl Fn(u64, u64) + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        let random = rand::random::<u64>();
        let directory = std::env::temp_dir().join(format!("crest-loadtest-run-{random:016x}"));
        std::fs::create_dir_all(&directory)?;
        let of = scenario.harness.processes as usize;
        let (progress, seen) = watch::channel(vec![(0, 0); of]);
        let mut workers = Self {
            children: Vec::new(),
            readers: JoinSet::new(),
            directory,
        };
        for index in 0..of {
            let result = workers.directory.join(format!("{index}"));
            let job = Job {
                scenario: scenario.clone(),
                urls: servers.iter().map(|it| it.url()).collect(),
                part: Part { index, of },
                zero: clock.zero(),
                signer: signer.cloned(),
                result: result.clone(),
            };
            let mut child = Command::new(binary)
                .arg("worker")
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .kill_on_drop(true)
                .spawn()
                .with_context(|| format!("{} does not start", binary.display()))?;
            let mut stdin = child.stdin.take().context("the worker has an input")?;
            stdin.write_all(&serde_json::to_vec(&job)?).await?;
            drop(stdin);
            let stdout = child.stdout.take().context("the worker has an output")?;
            let progress = progress.clone();
            workers.readers.spawn(async move {
                let mut lines = BufReader::new(stdout).lines();
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some(now) = read_progress(&line) {
                        progress.send_modify(|all| all[index] = now);
                    }
                }
            });
            workers.children.push((child, result));
        }
        workers.readers.spawn(async move {
            let mut seen = seen;
            while seen.changed().await.is_ok() {
                let all = seen.borrow_and_update().clone();
                let sum = all.iter().fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
                tell(sum.0, sum.1);
            }
        });
        Ok(workers)
    }

    pub fn pids(&self) -> Vec<u32> {
        self.children
            .iter()
            .filter_map(|(child, _)| child.id())
            .collect()
    }

    /// Waits for all of them; each hands back a history a tenant. An error is a worker that failed.
    pub async fn finish(mut self) -> anyhow::Result<Vec<(Measured, Vec<History>)>> {
        let mut yields = Vec::new();
        for (child, result) in &mut self.children {
            let status = child.wait().await?;
            ensure!(status.success(), "a worker ended with {status}");
            let bytes = std::fs::read(&*result).context("a worker left no result")?;
            let it: Yield = rmp_serde::from_slice(&bytes)?;
            yields.push((it.measured, it.histories));
        }
        Ok(yields)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        // Nobody can be told any more; the system clears its temporary files some day.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn read_progress(line: &str) -> Option<(u64, u64)> {
    let (here, gone) = line.split_once(' ')?;
    Some((here.parse().ok()?, gone.parse().ok()?))
}

/// The worker's side: reads its job from standard input and plays its customers.
pub async fn work() -> anyhow::Result<()> {
    let job: Job = serde_json::from_reader(std::io::stdin().lock())?;
    let scenario = &job.scenario;
    let settings = tenants::settings(&Servers::at(&job.urls)?, scenario);
    let clock = Clock::of(job.zero);
    let meter = Meter::new(clock, Duration::from_secs_f64(scenario.lasting_s()));
    let lag = LagWatch::start(meter.clone());
    let cpu = own_cpu();
    let mut crowd = Crowd::new(&settings, scenario, job.signer, meter.clone());
    let tell = |here: u64, gone: u64| println!("{here} {gone}");
    crowd.arrive(job.part, tell).await;
    crowd.go_home(tell).await;
    drop(lag);
    let mut measured = meter.take();
    measured.own_cpu_us = (own_cpu() - cpu).as_micros() as u64;
    let result = Yield {
        measured,
        histories: settings.iter().map(|it| it.recorder.take()).collect(),
    };
    // By name, so that a field added in between is an error and not a shift.
    std::fs::write(&job.result, rmp_serde::to_vec_named(&result)?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{Recorder, Seen, Side};

    #[test]
    fn what_a_worker_hands_back_is_read_as_it_was() {
        let recorder = Recorder::default();
        let witness = recorder.client("customer-3", Side::Customer);
        witness.saw(
            2,
            Seen::StaffFrame {
                name: "offer".to_owned(),
            },
        );
        let mut measured = Measured::lasting(Duration::from_secs(5));
        measured
            .slice(2_000_000)
            .ack
            .record(Duration::from_millis(7));
        let sent = Yield {
            measured,
            histories: vec![History::default(), recorder.take()],
        };
        let bytes = rmp_serde::to_vec_named(&sent).expect("writable");
        let mut read: Yield = rmp_serde::from_slice(&bytes).expect("readable");
        assert_eq!(read.histories, sent.histories);
        assert_eq!(read.measured.slices[2].ack, sent.measured.slices[2].ack);
        let all = Recorder::default();
        all.client("customer-1", Side::Customer);
        all.absorb(read.histories.remove(1));
        let history = all.take();
        assert_eq!(
            history.clients[history.observations[0].client].name,
            "customer-3"
        );
    }

    #[test]
    fn progress_is_two_numbers_and_anything_else_is_passed_over() {
        assert_eq!(read_progress("3 14"), Some((3, 14)));
        assert_eq!(read_progress("a warning"), None);
    }
}

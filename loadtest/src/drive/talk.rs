//! People who talk on while harm is done to servers: customers at a steady pace, agents who serve
//! them, a supervisor who whispers. Everything said is timed, and in the end held against the logs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, sleep_until, timeout_at};

use super::agent::serve;
use super::archive;
use super::meter::Meter;
use super::staff::judge;
use super::supervisor;
use crate::client::{Agent, Answer, Customer, Lost, Pending, Setting, Supervisor, What};
use crate::history::Report;
use crate::scenario::{Agents, LAST_WORDS, Login, Shape, Supervisors};

/// After the last harm everything unanswered must be answered.
const CATCH_UP: Duration = Duration::from_secs(30);
/// Between reading the logs first and asking viewers whether they have all of it.
const SETTLE: Duration = Duration::from_millis(500);
/// A customer with so many unanswered words says nothing more, as people do.
const UNANSWERED: usize = 64;
/// Share of words that let an agent go.
const BYE_SHARE: f64 = 1.0 / 60.0;

/// Who talks, and how fast.
#[derive(Clone, Debug)]
pub struct Talk {
    pub customers: u32,
    /// Customers come evenly over so long.
    pub fill: Duration,
    /// Bounds of the pause before the next words; times are kept, answered or not.
    pub pause_ms: (u64, u64),
    /// Messages in a row, at most.
    pub burst_max: u32,
    /// Chance of asking for a person after words.
    pub ask_share: f64,
    pub agents: Vec<Login>,
    pub supervisor: Login,
    /// It watches so many conversations and whispers into them, so that a whisper that harm turned into
    /// something else would be found.
    pub watch: usize,
    pub whispers_per_s: f64,
    /// For so long the owner of a conversation may be away: who waits there is overtaken in its queue.
    pub away: Duration,
    /// From the last words until viewers must have seen everything; agents finish what they began.
    pub quiet: Duration,
}

impl Default for Talk {
    /// The demo tenant's people; 16 customers who talk fast.
    fn default() -> Self {
        let login = |login: &str, password: &str| Login {
            login: login.to_owned(),
            password: password.to_owned(),
        };
        Self {
            customers: 16,
            fill: Duration::ZERO,
            pause_ms: (100, 300),
            burst_max: 2,
            ask_share: 0.1,
            agents: ["lin", "zhao", "sato"]
                .map(|name| login(name, "demo-agent"))
                .to_vec(),
            supervisor: login("sun", "demo-supervisor"),
            watch: 500,
            whispers_per_s: 20.0,
            away: Duration::ZERO,
            quiet: Duration::from_secs(2),
        }
    }
}

/// One customer's words: when they were due, and when they were acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    pub customer: u32,
    /// Since the run began.
    pub due_us: u64,
    /// `None` where they never were, or were refused for good.
    pub acked_us: Option<u64>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Heard {
    pub words: Vec<Word>,
    pub history: Report,
    pub evidence: String,
    /// Commands that were never answered.
    pub unanswered: u64,
    /// Customers whose connection ended for good.
    pub shut_out: Vec<String>,
    /// Ends of customers' connections by close code, attempts that came to nothing included; 1006 where
    /// nothing was said.
    pub lost: BTreeMap<u16, u64>,
    /// The first reasons given.
    pub reasons: Vec<Lost>,
}

/// Everybody on the wire.
pub struct Talking {
    talk: Talk,
    calm: watch::Sender<bool>,
    stop: watch::Sender<bool>,
    sheet: Sheet,
    customers: JoinSet<anyhow::Result<Customer>>,
    agents: Vec<JoinHandle<Agent>>,
    supervisor: JoinHandle<Supervisor>,
}

/// What all customers write on.
type Sheet = Arc<Mutex<Heard>>;
/// Reasons kept.
const REASONS: usize = 20;

impl Talking {
    /// Returns once every customer is connected and was heard once.
    pub async fn start(setting: &Setting, talk: &Talk, meter: &Meter) -> anyhow::Result<Self> {
        let (calm, calmed) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let agents = agents(setting, talk, meter, &stopped).await?;
        let supervisor = watcher(setting, talk, meter, calmed.clone()).await?;
        let mut talking = Self {
            talk: talk.clone(),
            calm,
            stop,
            sheet: Sheet::default(),
            customers: JoinSet::new(),
            agents,
            supervisor,
        };
        let mut heard = Vec::new();
        let begun = Instant::now();
        for number in 0..talk.customers {
            let at = begun + talk.fill * number / talk.customers.max(1);
            sleep_until(at.into()).await;
            let (tell, told) = tokio::sync::oneshot::channel();
            let customer = Chatter {
                number,
                talk: talk.clone(),
                rng: StdRng::seed_from_u64(setting.seed ^ (3 << 32) ^ u64::from(number)),
                meter: meter.clone(),
                sheet: talking.sheet.clone(),
                calm: calmed.clone(),
            };
            talking
                .customers
                .spawn(customer.come(setting.clone(), tell));
            heard.push(told);
        }
        for (number, heard) in heard.into_iter().enumerate() {
            if heard.await.is_err() {
                while let Some(ended) = talking.customers.join_next().await {
                    ended.context("a customer panicked")??;
                }
                anyhow::bail!("customer-{number} was not heard");
            }
        }
        Ok(talking)
    }

    /// What was said so far.
    pub fn words(&self) -> Vec<Word> {
        lock(&self.sheet).words.clone()
    }

    /// No more new words: waits until all said is answered, lets everybody go and holds the history
    /// against the logs.
    pub async fn finish(mut self, setting: &Setting) -> anyhow::Result<Heard> {
        self.calm.send_replace(true);
        let mut shut_out = Vec::new();
        let mut customers = Vec::new();
        while let Some(customer) = self.customers.join_next().await {
            match customer.context("a customer panicked")? {
                Ok(customer) => customers.push(customer),
                Err(why) => shut_out.push(format!("{why:#}")),
            }
        }
        let supervisor = self.supervisor.await.context("the supervisor panicked")?;
        sleep(self.talk.quiet).await;
        let mut unanswered: u64 = customers.iter().map(|it| it.unanswered() as u64).sum();
        unanswered += supervisor.unanswered() as u64;
        let login = &self.talk.supervisor;
        let seen = setting.recorder.look(archive::seen);
        // What readers see is no part of the history.
        let mut reading = setting.clone();
        reading.recorder = Default::default();
        let quiet = archive::transcripts(&reading, login, &seen).await?;
        sleep(SETTLE).await;
        self.stop.send_replace(true);
        for customer in customers {
            customer.settle().await;
            customer.leave_the_line().await;
        }
        for agent in self.agents {
            let agent = agent.await.context("an agent panicked")?;
            agent.settle().await;
            agent.leave_the_line().await;
        }
        supervisor.settle().await;
        supervisor.leave_the_line().await;
        let mut history = setting.recorder.take();
        history.away_ms = self.talk.away.as_millis() as u64;
        let verdict = judge(setting, login, history, quiet).await?;
        let heard = std::mem::take(&mut *lock(&self.sheet));
        Ok(Heard {
            history: verdict.report,
            evidence: verdict.evidence,
            unanswered,
            shut_out,
            ..heard
        })
    }
}

async fn agents(
    setting: &Setting,
    talk: &Talk,
    meter: &Meter,
    stopped: &watch::Receiver<bool>,
) -> anyhow::Result<Vec<JoinHandle<Agent>>> {
    let habits = Agents {
        login: talk.agents.clone(),
        think_ms: 30,
        accept_ms: 5,
        wrap_up_ms: 10,
        miss_share: 0.0,
        decline_share: 0.0,
        transfer_share: 0.0,
        transfer_group: String::new(),
        hire: None,
    };
    let mut agents = Vec::new();
    for (number, login) in talk.agents.iter().enumerate() {
        let agent = Agent::connect(setting, &login.login, &login.password).await?;
        let rng = StdRng::seed_from_u64(setting.seed ^ (1 << 32) ^ number as u64);
        let shape = Shape::of_real_dialogues();
        let (habits, meter, stopped) = (habits.clone(), meter.clone(), stopped.clone());
        agents.push(tokio::spawn(serve(
            agent, habits, shape, meter, rng, stopped,
        )));
    }
    Ok(agents)
}

async fn watcher(
    setting: &Setting,
    talk: &Talk,
    meter: &Meter,
    calmed: watch::Receiver<bool>,
) -> anyhow::Result<JoinHandle<Supervisor>> {
    let Login { login, password } = talk.supervisor.clone();
    let found = Supervisor::connect(setting, &login, &password).await?;
    let habits = Supervisors {
        login,
        password,
        count: 1,
        watch: talk.watch,
        whispers_per_s: talk.whispers_per_s,
    };
    let rng = StdRng::seed_from_u64(setting.seed ^ (2 << 32));
    let watching = supervisor::watch(found, habits, true, meter.clone(), rng, calmed);
    Ok(tokio::spawn(watching))
}

/// A customer who talks at its times until told to be calm.
struct Chatter {
    number: u32,
    talk: Talk,
    rng: StdRng,
    meter: Meter,
    sheet: Sheet,
    calm: watch::Receiver<bool>,
}

impl Chatter {
    async fn come(
        mut self,
        setting: Setting,
        heard: tokio::sync::oneshot::Sender<()>,
    ) -> anyhow::Result<Customer> {
        let name = format!("customer-{}", self.number);
        let mut customer = Customer::connect(&setting, &name).await?;
        let first = customer.say("你好").await?;
        anyhow::ensure!(
            first.seq().is_some(),
            "the first words of {name} are answered by {:?}",
            first.answer
        );
        let _ = heard.send(());
        self.talk(&mut customer).await.context(name)?;
        Ok(customer)
    }

    async fn talk(&mut self, customer: &mut Customer) -> anyhow::Result<()> {
        let (least, most) = self.talk.pause_ms;
        // Nobody keeps step with others.
        let mut due = Instant::now() + Duration::from_millis(self.rng.random_range(0..=most));
        let mut said = 0_u64;
        loop {
            self.listen(customer, due).await;
            if *self.calm.borrow() {
                break;
            }
            if customer.unanswered() < UNANSWERED {
                for _ in 0..self.rng.random_range(1..=self.talk.burst_max) {
                    let text = match self.rng.random_bool(BYE_SHARE) {
                        true => LAST_WORDS.to_owned(),
                        false => format!("第{said}句"),
                    };
                    self.say(customer, &text, due).await?;
                    said += 1;
                }
                if self.rng.random_bool(self.talk.ask_share) {
                    let ask = crest_schema::frame::ClientFrame::AskHuman(Default::default());
                    let pending = customer.start_call(ask).await?;
                    self.meter.watch(pending, Instant::now(), None);
                }
            }
            due += Duration::from_millis(self.rng.random_range(least..=most));
        }
        let until = Instant::now() + CATCH_UP;
        while customer.unanswered() > 0 && Instant::now() < until {
            self.drain(customer, Instant::now() + Duration::from_millis(50))
                .await;
        }
        // Looks on, so that it can be asked whether it saw everything.
        self.drain(customer, Instant::now() + Duration::from_secs(1))
            .await;
        Ok(())
    }

    async fn say(&mut self, customer: &Customer, text: &str, due: Instant) -> anyhow::Result<()> {
        let (_, pending) = customer.start_saying(self.rng.random(), text).await?;
        let due_us = self.meter.clock().us(due);
        let index = {
            let words = &mut lock(&self.sheet).words;
            words.push(Word {
                customer: self.number,
                due_us,
                acked_us: None,
            });
            words.len() - 1
        };
        tokio::spawn(time(pending, index, self.sheet.clone(), self.meter.clone()));
        Ok(())
    }

    /// Takes what comes until then, or until all are to be calm.
    async fn listen(&self, customer: &mut Customer, until: Instant) {
        let mut calm = self.calm.clone();
        tokio::select! {
            () = self.drain(customer, until) => {}
            _ = calm.wait_for(|calm| *calm) => {}
        }
    }

    /// Takes what comes until then, at least what is there.
    async fn drain(&self, customer: &mut Customer, until: Instant) {
        while let Ok(Some(incoming)) = timeout_at(until.into(), customer.next()).await {
            if let What::Lost(lost) | What::Over(lost) = incoming.what {
                let mut sheet = lock(&self.sheet);
                *sheet.lost.entry(lost.code).or_default() += 1;
                if sheet.reasons.len() < REASONS {
                    sheet.reasons.push(lost);
                }
            }
        }
    }
}

async fn time(pending: Pending, index: usize, sheet: Sheet, meter: Meter) {
    let Ok(answered) = pending.await else { return };
    match &answered.answer {
        Answer::Ack { .. } => {
            lock(&sheet).words[index].acked_us = Some(meter.clock().us(answered.answered_at));
        }
        _ => meter.answered(&answered, answered.answered_at, None),
    }
}

fn lock(sheet: &Sheet) -> MutexGuard<'_, Heard> {
    sheet.lock().unwrap_or_else(PoisonError::into_inner)
}

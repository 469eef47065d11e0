//! Delivers notes to actors and carries out what they decide.

use std::sync::Arc;

use crest_actors::agent;
use crest_actors::aggregate::{Aggregate, Turn};
use crest_actors::conversation::{self, Entry};
use crest_actors::customer;
use crest_actors::effect::{Effect, Envelope};
use crest_actors::ids::{AgentId, ConversationId, CustomerId, Millis, OfferId};
use crest_actors::queue::{self, Queue, Withdrawn};
use crest_actors::{board, skill_group};

use crate::life::{Defect, Life, hash};
use crate::oracle;
use crate::rules::{self, Fault, Rules};
use crate::scene::{self, CAPACITY, START};
use crate::world::World;

impl World {
    /// One turn of whom it is for. `None` where its append was to fail and it had none.
    pub fn turn(&mut self, rules: &Rules, to: Envelope, fails: bool) -> Option<Vec<Effect>> {
        let done = match self.bend(rules, to) {
            None => Ok(Some(Vec::new())),
            Some(Envelope::Customer(key, note)) => {
                self.customer_turn(rules, key.customer, note, fails)
            }
            Some(Envelope::Conversation(key, note)) => {
                self.conversation_turn(rules, key.id, note, fails)
            }
            Some(Envelope::Agent(key, note)) => self.agent_turn(rules, key.agent, note, fails),
            Some(Envelope::Queue(_, note)) => Ok((!fails).then(|| self.queue_turn(rules, note))),
            Some(Envelope::SkillGroup(..) | Envelope::Board(..)) => Ok(Some(Vec::new())),
        };
        let effects = done.unwrap_or_else(|Defect| {
            self.wrong.insert(rules::DEFECT);
            Some(Vec::new())
        })?;
        self.watch(&effects);
        Some(effects)
    }

    /// Effects as messages in flight.
    pub fn post(&mut self, rules: &Rules, effects: Vec<Effect>) {
        for effect in effects {
            let Effect::Tell(envelope) = effect else {
                continue;
            };
            if kept(rules, &envelope) {
                self.mail.insert(print(&envelope), Arc::new(envelope));
            }
        }
    }

    pub fn crash_agent(&mut self, rules: &Rules, agent: &AgentId) -> Vec<Effect> {
        let context = self.context();
        let life = self.agents.get(agent).expect("a known agent");
        let log = self.ledger_as_read(rules, agent, &life.log);
        self.confirmed.retain(|it| it.agent != *agent);
        let life = Arc::make_mut(self.agents.get_mut(agent).expect("a known agent"));
        let told = life.restart(scene::agent_key(agent), &log, &context);
        self.or_defect(told)
    }

    pub fn crash_conversation(&mut self, rules: &Rules, id: ConversationId) -> Vec<Effect> {
        let context = self.context();
        let life = Arc::make_mut(self.conversations.get_mut(&id).expect("a known one"));
        let log = life.log.clone();
        let told = life.restart(scene::conversation_key(id), &log, &context);
        let told = self.or_defect(told);
        if rules.fault == Fault::NobodyWakes {
            self.asleep.insert(id);
            return Vec::new();
        }
        told
    }

    pub fn crash_customer(&mut self, customer: &CustomerId) -> Vec<Effect> {
        let context = self.context();
        let life = Arc::make_mut(self.customers.get_mut(customer).expect("a known one"));
        let log = life.log.clone();
        let told = life.restart(scene::customer_key(customer.as_str()), &log, &context);
        self.or_defect(told)
    }

    pub fn crash_queue(&mut self) -> Vec<Effect> {
        self.queue_now = self.now.max(Millis(START));
        self.belief = Default::default();
        let mut queue = Queue::empty(scene::queue_key());
        let mut turn = Turn::default();
        queue.recovered(&self.queue_context(), &mut turn);
        self.queue = Arc::new(queue);
        turn.effects
    }

    fn customer_turn(
        &mut self,
        rules: &Rules,
        customer: CustomerId,
        note: customer::Note,
        fails: bool,
    ) -> Result<Option<Vec<Effect>>, Defect> {
        let context = self.context();
        let life = Arc::make_mut(self.customers.get_mut(&customer).expect("a known one"));
        let before = life.log.len();
        if fails {
            let step = life.tell_in_vain(&context, note)?;
            if step.events.is_empty() {
                return Ok(None);
            }
            // The id is spent although nothing points to it.
            self.used.minted += 1;
            let mut told = self.crash_customer(&customer);
            if rules.fault == Fault::CustomerTellsFirst {
                told.extend(step.effects);
            }
            return Ok(Some(told));
        }
        let effects = life.tell(&context, note)?.effects;
        let new = &life.log[before..];
        let minted = |it: &Arc<Entry<customer::Event>>| {
            matches!(it.event, customer::Event::Pointed { opening: 0, .. })
        };
        self.used.minted += new.iter().filter(|it| minted(it)).count() as u8;
        Ok(Some(effects))
    }

    fn conversation_turn(
        &mut self,
        rules: &Rules,
        id: ConversationId,
        note: conversation::Note,
        fails: bool,
    ) -> Result<Option<Vec<Effect>>, Defect> {
        let context = self.context();
        let new = || Arc::new(Life::new(scene::conversation_key(id), &context));
        let life = Arc::make_mut(self.conversations.entry(id).or_insert_with(new));
        let mut woken = Vec::new();
        if self.asleep.remove(&id) {
            let log = life.log.clone();
            woken = life.restart(scene::conversation_key(id), &log, &context)?;
        }
        if fails {
            let step = life.tell_in_vain(&context, note)?;
            if step.events.is_empty() {
                return Ok(None);
            }
            let mut told = self.crash_conversation(rules, id);
            if rules.fault == Fault::ConversationTellsFirst {
                told.extend(step.effects);
            }
            return Ok(Some(told));
        }
        let step = life.tell(&context, note)?;
        let mut effects = step.effects;
        if rules.fault == Fault::KeepsDeadEntries && step.events.is_empty() {
            effects.retain(|it| {
                !matches!(
                    it,
                    Effect::Tell(Envelope::Queue(_, queue::Note::Withdraw { .. }))
                )
            });
        }
        if rules.fault == Fault::ReleasesFirst {
            effects.extend(self.early_release(id));
        }
        woken.extend(effects);
        Ok(Some(woken))
    }

    fn agent_turn(
        &mut self,
        rules: &Rules,
        agent: AgentId,
        note: agent::Note,
        fails: bool,
    ) -> Result<Option<Vec<Effect>>, Defect> {
        let context = self.context();
        let life = Arc::make_mut(self.agents.get_mut(&agent).expect("a known agent"));
        let durable = oracle::ledger(&agent, &life.log);
        if fails {
            let step = life.tell_in_vain(&context, note)?;
            if step.events.is_empty() {
                return Ok(None);
            }
            let mut told = self.crash_agent(rules, &agent);
            if rules.fault == Fault::AgentTellsFirst {
                told.extend(step.effects);
            }
            return Ok(Some(told));
        }
        let step = life.tell(&context, note)?;
        let full = durable.len() >= CAPACITY as usize;
        let granted = |it: &Arc<Entry<agent::Event>>| {
            matches!(it.event, agent::Event::Granted { forced: false, .. })
        };
        if full && step.events.iter().any(granted) {
            self.wrong.insert(rules::FULL_GRANT);
        }
        Ok(Some(step.effects))
    }

    fn queue_turn(&mut self, rules: &Rules, note: queue::Note) -> Vec<Effect> {
        let context = self.queue_context();
        let queue = Arc::make_mut(&mut self.queue);
        let mut turn = Turn::default();
        self.belief.told(&note);
        queue.apply(&context, note, &mut turn);
        self.belief.did(&turn.effects);
        if rules.fault == Fault::DropsOnPick {
            let mut ignored = Turn::default();
            for offer in reserves(&turn.effects) {
                let dropped = queue::Note::Withdraw {
                    conversation: offer.conversation,
                    entry: offer.position,
                    why: Withdrawn::Left,
                };
                self.belief.told(&dropped);
                queue.apply(&context, dropped, &mut ignored);
            }
        }
        if rules.fault == Fault::AnnouncesOnce {
            for effect in &turn.effects {
                if let Effect::Tell(Envelope::Conversation(
                    key,
                    conversation::Note::Listed { entry, .. },
                )) = effect
                {
                    self.listed.insert((key.id, *entry));
                }
            }
        }
        turn.effects
    }

    /// The length of the queue as boards see it.
    fn watch(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Tell(Envelope::Board(_, board::Note::Queue { stats, .. })) = effect {
                self.told_length = stats.length;
            }
        }
    }

    fn or_defect(&mut self, told: Result<Vec<Effect>, Defect>) -> Vec<Effect> {
        told.unwrap_or_else(|Defect| {
            self.wrong.insert(rules::DEFECT);
            Vec::new()
        })
    }
}

/// Is it one of the messages that are explored? A confirmation only sets a pace, but where it is
/// taken for the end of all questions.
fn kept(rules: &Rules, envelope: &Envelope) -> bool {
    use agent::Note::{Confirm, Release, Reserve};
    use conversation::Note::{AgentLost, Open, ReserveRefused, Reserved};
    use queue::Note::{Announce, Refused, Withdraw};
    match envelope {
        Envelope::Customer(_, note) => matches!(note, customer::Note::Ended { .. }),
        Envelope::Conversation(_, note) => matches!(
            note,
            Open(_) | Reserved { .. } | ReserveRefused { .. } | AgentLost { .. }
        ),
        Envelope::Agent(_, Confirm { .. }) => rules.fault == Fault::AsksUntilConfirmed,
        Envelope::Agent(_, note) => matches!(note, Reserve { .. } | Release { .. }),
        Envelope::Queue(_, note) => {
            rules.queue && matches!(note, Announce { .. } | Withdraw { .. } | Refused { .. })
        }
        Envelope::SkillGroup(..) | Envelope::Board(..) => false,
    }
}

fn print(envelope: &Envelope) -> u64 {
    let mut envelope = envelope.clone();
    if let Envelope::Queue(_, queue::Note::Refused { availability, .. }) = &mut envelope {
        availability.version = 0;
    }
    hash(&envelope)
}

fn reserves(effects: &[Effect]) -> impl Iterator<Item = OfferId> {
    effects.iter().filter_map(|effect| match effect {
        Effect::Tell(Envelope::Agent(_, agent::Note::Reserve { offer, .. })) => Some(offer.clone()),
        _ => None,
    })
}

/// What a skill group passes on: members to their queue, a queue's question to members.
pub fn through_group(note: &skill_group::Note, agents: &[AgentId]) -> Vec<Envelope> {
    match note {
        skill_group::Note::Agent {
            agent,
            availability,
        } => vec![Envelope::Queue(
            scene::queue_key(),
            queue::Note::Agent {
                agent: agent.clone(),
                availability: availability.clone(),
                skills: vec![],
            },
        )],
        skill_group::Note::Resend => {
            let ask = |it: &AgentId| {
                let queue = scene::queue_key().group;
                Envelope::Agent(scene::agent_key(it), agent::Note::Announce { queue })
            };
            agents.iter().map(ask).collect()
        }
        _ => vec![],
    }
}

//! What may happen next, and what it does to the world.

use crest_actors::agent;
use crest_actors::conversation::{Command, Role};
use crest_actors::effect::{Effect, Envelope};
use crest_actors::ids::{AgentId, ConversationId, CustomerId, OfferId};
use crest_actors::limits::{PICK_TIMEOUT_MS, QUEUE_WARM_UP_MS};
use crest_actors::queue;

use crate::rules::{self, Fault, Rules};
use crate::scene::{self, NEVER_MS, START};
use crate::settle::enter;
use crate::transport::through_group;
use crate::world::World;

#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// The network delivers, for the first time or again.
    Deliver(Envelope),
    /// Where the queue is not real: somebody asks for a reservation.
    Reserve(OfferId),
    Enter(CustomerId),
    /// So late that what was closed is not reopened.
    EnterLate(CustomerId),
    AskHuman(ConversationId),
    Leave(ConversationId),
    Accept(OfferId),
    Decline(OfferId),
    /// By a supervisor.
    Transfer(ConversationId, AgentId, bool),
    End(ConversationId),
    /// The same, and the append fails.
    InVain(Box<Act>),
    CrashAgent(AgentId),
    CrashConversation(ConversationId),
    CrashCustomer(CustomerId),
    CrashQueue,
    /// The agent's sessions are there again.
    Return(AgentId),
    /// They are gone, and so is the grace.
    Away(AgentId),
    /// The queue hears how an agent stands.
    Hear(AgentId),
    WarmUp,
    PickTimeOut,
    /// Only by a broken rule: the agent lets go by itself.
    Lapse(OfferId),
}

impl World {
    pub fn acts(&self, rules: &Rules) -> Vec<Act> {
        let mut acts: Vec<Act> = Vec::new();
        acts.extend(self.mail.values().map(|it| Act::Deliver((**it).clone())));
        self.acts_of_people(rules, &mut acts);
        if rules.queue {
            self.acts_of_queue(rules, &mut acts);
        } else {
            self.acts_of_anybody(&mut acts);
        }
        if self.used.failures < rules.failures {
            let vain: Vec<Act> = acts.iter().filter(|it| may_fail(it)).cloned().collect();
            acts.extend(vain.into_iter().map(|it| Act::InVain(Box::new(it))));
        }
        self.crashes(rules, &mut acts);
        if rules.fault == Fault::Lapses {
            acts.extend(self.reserved().into_iter().map(Act::Lapse));
        }
        acts
    }

    fn acts_of_people(&self, rules: &Rules, acts: &mut Vec<Act>) {
        for (id, standing) in self.standings() {
            if rules.customers && standing.open {
                acts.push(Act::Leave(id));
                if rules.queue && standing.waiting.is_none() && standing.claim.is_none() {
                    acts.push(Act::AskHuman(id));
                }
            }
            if rules.closes && standing.serves {
                acts.push(Act::End(id));
            }
            if rules.transfers && standing.serves && standing.transferring.is_none() {
                for agent in self.agents.keys() {
                    acts.push(Act::Transfer(id, agent.clone(), false));
                    if rules.forced {
                        acts.push(Act::Transfer(id, agent.clone(), true));
                    }
                }
            }
        }
        for offer in self.reserved() {
            acts.push(Act::Accept(offer.clone()));
            if rules.declines {
                acts.push(Act::Decline(offer));
            }
        }
        if rules.customers {
            acts.push(Act::Enter(scene::CUSTOMERS[0].into()));
            acts.push(Act::EnterLate(scene::CUSTOMERS[0].into()));
        }
    }

    fn acts_of_queue(&self, rules: &Rules, acts: &mut Vec<Act>) {
        acts.extend(self.agents.keys().cloned().map(Act::Hear));
        if self.queue_now.0 < START + QUEUE_WARM_UP_MS {
            acts.push(Act::WarmUp);
        } else if self.used.pick_timeouts < rules.pick_timeouts && !self.belief.picked.is_empty() {
            acts.push(Act::PickTimeOut);
        }
    }

    /// A queue that knows nothing: any wait there ever was, any agent, at any time.
    fn acts_of_anybody(&self, acts: &mut Vec<Act>) {
        for (id, life) in &self.conversations {
            for entry in &life.log {
                let waits = matches!(entry.event, crest_actors::conversation::Event::Waiting(_));
                for agent in self.agents.keys().filter(|_| waits) {
                    acts.push(Act::Reserve(OfferId {
                        conversation: *id,
                        position: entry.seq,
                        agent: agent.clone(),
                    }));
                }
            }
        }
    }

    fn crashes(&self, rules: &Rules, acts: &mut Vec<Act>) {
        let used = &self.used;
        for (agent, life) in &self.agents {
            if used.agent_crashes < rules.agent_crashes {
                acts.push(Act::CrashAgent(agent.clone()));
            }
            if *life.value.presence() == agent::Presence::Offline {
                acts.push(Act::Return(agent.clone()));
            } else if used.absences < rules.absences {
                acts.push(Act::Away(agent.clone()));
            }
        }
        if used.conversation_crashes < rules.conversation_crashes {
            acts.extend(
                self.conversations
                    .keys()
                    .copied()
                    .map(Act::CrashConversation),
            );
        }
        if used.customer_crashes < rules.customer_crashes {
            acts.push(Act::CrashCustomer(scene::CUSTOMERS[0].into()));
        }
        if used.queue_crashes < rules.queue_crashes && rules.queue {
            acts.push(Act::CrashQueue);
        }
    }

    /// False where nothing comes of it.
    pub fn act(&mut self, rules: &Rules, act: &Act) -> bool {
        let (act, fails) = match act {
            Act::InVain(act) => (&**act, true),
            act => (act, false),
        };
        let Some(effects) = self.effects_of(rules, act, fails) else {
            return false;
        };
        self.used.failures += u8::from(fails);
        self.post(rules, effects);
        true
    }

    fn effects_of(&mut self, rules: &Rules, act: &Act, fails: bool) -> Option<Vec<Effect>> {
        match act {
            Act::Deliver(envelope) => self.turn(rules, envelope.clone(), fails),
            Act::Enter(customer) => self.enter(rules, customer, 0, fails),
            Act::EnterLate(customer) => self.enter(rules, customer, 2 * NEVER_MS, fails),
            Act::Accept(offer) => self.accept(rules, offer, fails),
            Act::AskHuman(_)
            | Act::Leave(_)
            | Act::Decline(_)
            | Act::Transfer(..)
            | Act::End(_) => {
                let (id, role, command) = said(act);
                self.visit(rules, id, role, command, fails)
            }
            Act::Reserve(_) | Act::Return(_) | Act::Away(_) | Act::Lapse(_) => {
                self.used.absences += u8::from(matches!(act, Act::Away(_)));
                let (agent, note) = self.told_agent(act);
                self.tell_agent(rules, &agent, note, fails)
            }
            Act::CrashAgent(_)
            | Act::CrashConversation(_)
            | Act::CrashCustomer(_)
            | Act::CrashQueue => Some(self.crash(rules, act)),
            Act::Hear(_) | Act::WarmUp | Act::PickTimeOut => Some(self.move_queue(rules, act)),
            Act::InVain(_) => unreachable!("an append fails once"),
        }
    }

    fn enter(
        &mut self,
        rules: &Rules,
        customer: &CustomerId,
        late_ms: u64,
        fails: bool,
    ) -> Option<Vec<Effect>> {
        let (key, now) = (scene::customer_key(customer.as_str()), self.now);
        self.now = now.plus(late_ms);
        let effects = self.turn(rules, Envelope::Customer(key, enter()), fails);
        self.now = now;
        effects
    }

    fn told_agent(&self, act: &Act) -> (AgentId, agent::Note) {
        match act {
            Act::Reserve(offer) => {
                let reserve = agent::Note::Reserve {
                    offer: offer.clone(),
                    weight: 1,
                    queue: Some(scene::queue_key().group),
                    forced: false,
                };
                (offer.agent.clone(), reserve)
            }
            Act::Lapse(offer) => {
                let release = agent::Note::Release {
                    offer: offer.clone(),
                    why: agent::Released::Over,
                };
                (offer.agent.clone(), release)
            }
            Act::Return(agent) => (agent.clone(), self.come(agent)),
            Act::Away(agent) => {
                let session = scene::session_of(agent);
                (agent.clone(), agent::Note::Disconnect { session })
            }
            other => unreachable!("{other:?} is not for an agent"),
        }
    }

    fn accept(&mut self, rules: &Rules, offer: &OfferId, fails: bool) -> Option<Vec<Effect>> {
        let served = self.standing(offer.conversation).serves;
        let command = Command::Accept {
            offer: offer.clone(),
        };
        let role = Role::Agent(offer.agent.clone());
        let effects = self.visit(rules, offer.conversation, role, command, fails);
        let standing = self.standing(offer.conversation);
        if !served && standing.serves && standing.claim.as_ref() != Some(offer) {
            self.wrong.insert(rules::ACCEPTED_OTHER);
        }
        effects
    }

    fn crash(&mut self, rules: &Rules, act: &Act) -> Vec<Effect> {
        match act {
            Act::CrashAgent(agent) => {
                self.used.agent_crashes += 1;
                self.crash_agent(rules, agent)
            }
            Act::CrashConversation(id) => {
                self.used.conversation_crashes += 1;
                self.crash_conversation(rules, *id)
            }
            Act::CrashCustomer(customer) => {
                self.used.customer_crashes += 1;
                self.crash_customer(customer)
            }
            _ => {
                self.used.queue_crashes += 1;
                self.crash_queue()
            }
        }
    }

    fn move_queue(&mut self, rules: &Rules, act: &Act) -> Vec<Effect> {
        match act {
            Act::Hear(agent) => return self.hear(rules, agent),
            Act::WarmUp => self.queue_now = self.queue_now.plus(QUEUE_WARM_UP_MS),
            _ => {
                self.used.pick_timeouts += 1;
                self.queue_now = self.queue_now.plus(PICK_TIMEOUT_MS);
                self.belief.timed_out();
            }
        }
        let wake = Envelope::Queue(scene::queue_key(), queue::Note::Wake);
        self.turn(rules, wake, false).unwrap_or_default()
    }

    fn hear(&mut self, rules: &Rules, agent: &AgentId) -> Vec<Effect> {
        let queue = scene::queue_key().group;
        let ask = agent::Note::Announce { queue };
        let told = self
            .tell_agent(rules, agent, ask, false)
            .unwrap_or_default();
        let mut effects = Vec::new();
        for effect in told {
            let Effect::Tell(Envelope::SkillGroup(_, note)) = effect else {
                continue;
            };
            for envelope in through_group(&note, &[]) {
                effects.extend(self.turn(rules, envelope, false).unwrap_or_default());
            }
        }
        effects
    }

    fn tell_agent(
        &mut self,
        rules: &Rules,
        agent: &AgentId,
        note: agent::Note,
        fails: bool,
    ) -> Option<Vec<Effect>> {
        let key = scene::agent_key(agent);
        self.turn(rules, Envelope::Agent(key, note), fails)
    }

    /// Somebody looks in, says one thing and goes. Only the thing said is appended, or not.
    fn visit(
        &mut self,
        rules: &Rules,
        id: ConversationId,
        role: Role,
        command: Command,
        fails: bool,
    ) -> Option<Vec<Effect>> {
        let key = scene::conversation_key(id);
        let [attach, command, detach] = scene::visit(role, command);
        let mut effects = self.turn(rules, Envelope::Conversation(key.clone(), attach), false)?;
        effects.extend(self.turn(rules, Envelope::Conversation(key.clone(), command), fails)?);
        effects.extend(self.turn(rules, Envelope::Conversation(key, detach), false)?);
        Some(effects)
    }
}

/// What somebody says in a conversation.
fn said(act: &Act) -> (ConversationId, Role, Command) {
    let supervisor = Role::Supervisor("sue".into());
    match act {
        Act::AskHuman(id) => (*id, Role::Customer, Command::AskHuman),
        Act::Leave(id) => (*id, Role::Customer, Command::Leave),
        Act::End(id) => (*id, supervisor, Command::End),
        Act::Decline(offer) => {
            let role = Role::Agent(offer.agent.clone());
            let offer = offer.clone();
            (offer.conversation, role, Command::Decline { offer })
        }
        Act::Transfer(id, to, forced) => {
            let transfer = Command::TransferToAgent {
                to: to.clone(),
                forced: *forced,
                note: None,
            };
            (*id, supervisor, transfer)
        }
        other => unreachable!("{other:?} is not said"),
    }
}

/// Only what can append anything.
fn may_fail(act: &Act) -> bool {
    !matches!(
        act,
        Act::Deliver(Envelope::Queue(..)) | Act::Hear(_) | Act::WarmUp | Act::PickTimeOut
    )
}

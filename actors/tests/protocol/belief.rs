//! What the queue has been told in this life, reduced to what can make a difference: its print.

use std::collections::{BTreeMap, BTreeSet};

use crest_actors::agent::Availability;
use crest_actors::effect::{Effect, Envelope};
use crest_actors::ids::{AgentId, ConversationId, OfferId, Seq};
use crest_actors::{agent, queue};

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Belief {
    announced: BTreeMap<ConversationId, Seq>,
    withdrawn: BTreeMap<ConversationId, Seq>,
    heard: BTreeMap<AgentId, (bool, u32)>,
    /// Picks that may still count as load, and those that ended since the agent was heard.
    pub picked: BTreeSet<OfferId>,
    settling: BTreeSet<OfferId>,
    refused: BTreeSet<AgentId>,
}

impl Belief {
    pub fn told(&mut self, note: &queue::Note) {
        match note {
            queue::Note::Announce {
                conversation,
                entry,
                ..
            } => {
                let known = self.announced.entry(*conversation).or_default();
                *known = (*entry).max(*known);
                let newest = *known;
                self.end_picks(|it| it.conversation == *conversation && it.position < newest);
            }
            queue::Note::Withdraw {
                conversation,
                entry,
                ..
            } => {
                let known = self.withdrawn.entry(*conversation).or_default();
                *known = (*entry).max(*known);
                self.end_picks(|it| it.conversation == *conversation && it.position == *entry);
            }
            queue::Note::Agent {
                agent,
                availability,
                ..
            } => self.hear(agent, availability),
            queue::Note::Refused {
                offer,
                availability,
            } => {
                self.hear(&offer.agent, availability);
                self.picked.remove(offer);
                self.refused.insert(offer.agent.clone());
            }
            queue::Note::AgentGone { .. } | queue::Note::Policy(_) | queue::Note::Wake => {}
        }
    }

    pub fn did(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let Effect::Tell(Envelope::Agent(_, agent::Note::Reserve { offer, .. })) = effect {
                self.picked.insert(offer.clone());
            }
        }
    }

    /// The entry it has of a conversation.
    pub fn newest(&self, conversation: ConversationId) -> Option<Seq> {
        self.announced.get(&conversation).copied()
    }

    /// All picks have timed out.
    pub fn timed_out(&mut self) {
        self.picked.clear();
    }

    fn hear(&mut self, agent: &AgentId, availability: &Availability) {
        let heard = (availability.offerable, availability.load);
        self.heard.insert(agent.clone(), heard);
        self.settling.retain(|it| it.agent != *agent);
        self.refused.remove(agent);
    }

    fn end_picks(&mut self, over: impl Fn(&OfferId) -> bool) {
        let ended: Vec<_> = self.picked.iter().filter(|it| over(it)).cloned().collect();
        for offer in ended {
            self.picked.remove(&offer);
            self.settling.insert(offer);
        }
    }
}

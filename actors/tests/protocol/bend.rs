//! How rules are broken on purpose: notes changed or lost on their way, ledgers read wrongly.

use std::sync::Arc;

use crest_actors::agent::{self, Released, Reservation};
use crest_actors::conversation::{self, Entry};
use crest_actors::customer;
use crest_actors::effect::{Effect, Envelope};
use crest_actors::ids::{AgentId, ConversationId, CustomerId, OfferId, Seq};
use crest_actors::queue;

use crate::oracle;
use crate::rules::{Fault, Rules};
use crate::scene;
use crate::world::World;

impl World {
    /// The note as it is taken; `None` where it is not.
    pub fn bend(&mut self, rules: &Rules, envelope: Envelope) -> Option<Envelope> {
        use Envelope::{Conversation, Queue};
        use conversation::Note::{Command, Reserved};
        match (rules.fault, envelope) {
            (Fault::NeverCleared, Envelope::Customer(_, customer::Note::Ended { .. })) => None,
            (Fault::ClearsByConversation, Envelope::Customer(key, note)) => {
                let note = self.end_of_whatever_is_open(&key.customer, note);
                Some(Envelope::Customer(key, note))
            }
            (
                Fault::AnnouncesOnce,
                Queue(
                    _,
                    queue::Note::Announce {
                        conversation,
                        entry,
                        ..
                    },
                ),
            ) if self.listed.contains(&(conversation, entry)) => None,
            (
                Fault::WithdrawsByConversation,
                Queue(
                    key,
                    queue::Note::Withdraw {
                        conversation, why, ..
                    },
                ),
            ) => {
                let entry = self.belief.newest(conversation)?;
                Some(Queue(
                    key,
                    queue::Note::Withdraw {
                        conversation,
                        entry,
                        why,
                    },
                ))
            }
            (Fault::AsksUntilConfirmed, Conversation(_, Reserved { offer, .. }))
                if self.confirmed.contains(&offer) =>
            {
                None
            }
            (
                Fault::AsksUntilConfirmed,
                Envelope::Agent(key, agent::Note::Confirm { offer, accepted }),
            ) => {
                self.confirmed.insert(offer.clone());
                Some(Envelope::Agent(
                    key,
                    agent::Note::Confirm { offer, accepted },
                ))
            }
            (Fault::AnyPosition, Conversation(key, Reserved { mut offer, forced })) => {
                if let Some((entry, _)) = self.standing_of(key.id).and_then(|it| it.waiting) {
                    offer.position = entry;
                }
                Some(Conversation(key, Reserved { offer, forced }))
            }
            (
                Fault::AcceptsByConversation,
                Conversation(
                    key,
                    Command {
                        session,
                        link,
                        number,
                        reference,
                        command: conversation::Command::Accept { mut offer },
                    },
                ),
            ) => {
                let claim = self.standing_of(key.id).and_then(|it| it.claim);
                if let Some(claim) = claim.filter(|it| it.agent == offer.agent) {
                    offer = claim;
                }
                let command = conversation::Command::Accept { offer };
                Some(Conversation(
                    key,
                    Command {
                        session,
                        link,
                        number,
                        reference,
                        command,
                    },
                ))
            }
            (_, envelope) => Some(envelope),
        }
    }

    fn standing_of(&self, id: ConversationId) -> Option<oracle::Standing> {
        self.conversations
            .contains_key(&id)
            .then(|| self.standing(id))
    }

    fn end_of_whatever_is_open(
        &self,
        customer: &CustomerId,
        note: customer::Note,
    ) -> customer::Note {
        let pointer = self.customers[customer].value.pointer(&"web".into());
        match (note, pointer) {
            (
                customer::Note::Ended {
                    channel,
                    conversation,
                    agent,
                    at,
                    ..
                },
                Some(pointer),
            ) if pointer.conversation == conversation => {
                let opening = pointer.opening;
                customer::Note::Ended {
                    channel,
                    conversation,
                    opening,
                    agent,
                    at,
                }
            }
            (note, _) => note,
        }
    }

    pub fn ledger_as_read(
        &self,
        rules: &Rules,
        agent: &AgentId,
        log: &[Arc<Entry<agent::Event>>],
    ) -> Vec<Arc<Entry<agent::Event>>> {
        let held: Vec<OfferId> = match rules.fault {
            Fault::ForgetsLedger => return Vec::new(),
            Fault::LedgerFromConversations => {
                let claims = self.standings().filter_map(|(_, it)| it.claim);
                claims.filter(|it| it.agent == *agent).collect()
            }
            Fault::ForgetsForced => {
                let held = oracle::ledger(agent, log);
                held.into_iter()
                    .filter(|(_, forced)| !forced)
                    .map(|(it, _)| it)
                    .collect()
            }
            _ => return log.to_vec(),
        };
        let held = held.into_iter().map(|it| Reservation {
            conversation: it.conversation,
            position: it.position,
            weight: 1,
            forced: false,
        });
        let event = agent::Event::Base(held.collect());
        let (seq, at) = (Seq(1), self.now);
        vec![Arc::new(Entry {
            seq,
            at,
            customer_seq: None,
            event,
        })]
    }

    /// Its holder is let go while the transfer is still being asked for.
    pub fn early_release(&self, id: ConversationId) -> Option<Effect> {
        let standing = self.standing(id);
        standing.transferring.as_ref()?;
        let offer = standing.claim?;
        let key = scene::agent_key(&offer.agent);
        let why = Released::Over;
        Some(Effect::Tell(Envelope::Agent(
            key,
            agent::Note::Release { offer, why },
        )))
    }
}

//! A queue under test: notes in, what it told whom out as words.

use std::collections::HashMap;
use std::sync::Arc;

use crate::agent::{self, Availability, Presence};
use crate::aggregate::{Aggregate, Context, Turn};
use crate::conversation::{self, Overflow, WaitReason, Waiting};
use crate::directory::Directory;
use crate::effect::{Effect, Envelope};
use crate::ids::{
    AgentId, ConversationId, GroupId, GroupKey, Millis, OfferId, Seq, Skill, TenantId,
};
use crate::limits::QUEUE_WARM_UP_MS;
use crate::queue::{Note, Policy, Queue, Withdrawn};

pub struct Scene {
    pub queue: Queue,
    pub now: Millis,
    directory: Arc<Directory>,
    versions: HashMap<AgentId, u64>,
    pub effects: Vec<Effect>,
    /// Every reservation asked for, and when.
    pub reserved: Vec<(Millis, OfferId)>,
}

/// A wait that began at the time given, of weight 1, for anybody.
pub fn waiting(enqueued_at: Millis) -> Waiting {
    Waiting {
        group: GroupId::from("sales"),
        reason: WaitReason::Asked,
        enqueued_at,
        boost_ms: 0,
        required: Vec::new(),
        preferred: Vec::new(),
        preferred_until: Millis(0),
        sticky: None,
        excluded: Vec::new(),
        weight: 1,
    }
}

pub fn conversation(number: u32) -> ConversationId {
    let mut id = [0; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    ConversationId(id)
}

pub fn skills(names: &[&str]) -> Vec<Skill> {
    names.iter().map(Skill::new).collect()
}

pub fn policy() -> Policy {
    Policy {
        handling_ms: 300_000,
        max_length: 0,
        max_wait_ms: 0,
        overflow: Overflow::LeaveMessage,
        starvation_ms: 900_000,
        revision: 1,
    }
}

impl Scene {
    /// A queue that has just started, at one million seconds.
    pub fn cold() -> Self {
        let key = GroupKey {
            tenant: TenantId::from("shop"),
            group: GroupId::from("sales"),
        };
        let mut scene = Self {
            queue: Queue::empty(key),
            now: Millis(1_000_000_000),
            directory: Arc::new(Directory::default()),
            versions: HashMap::new(),
            effects: Vec::new(),
            reserved: Vec::new(),
        };
        let mut turn = Turn::default();
        scene.queue.recovered(&scene.context(), &mut turn);
        scene.effects = turn.effects;
        scene
    }

    /// One that has warmed up and told its first statistics.
    pub fn warm() -> Self {
        let mut scene = Self::cold();
        scene.pass(QUEUE_WARM_UP_MS);
        scene.effects.clear();
        scene
    }

    fn context(&self) -> Context {
        Context {
            now: self.now,
            directory: self.directory.clone(),
            random: [0; 16],
        }
    }

    pub fn note(&mut self, note: Note) {
        let mut turn = Turn::default();
        let context = self.context();
        self.queue.apply(&context, note, &mut turn);
        for effect in &turn.effects {
            if let Effect::Tell(Envelope::Agent(_, agent::Note::Reserve { offer, .. })) = effect {
                self.reserved.push((self.now, offer.clone()));
            }
        }
        self.effects.append(&mut turn.effects);
    }

    /// Lets time pass, waking the queue whenever it asks to be.
    pub fn pass(&mut self, ms: u64) {
        let until = self.now.plus(ms);
        while let Some(at) = self.queue.wake_at().filter(|at| *at <= until) {
            self.now = self.now.max(at);
            self.note(Note::Wake);
            assert!(
                self.queue.wake_at().is_none_or(|next| next > self.now),
                "woken for nothing"
            );
        }
        self.now = until;
    }

    /// Announces entry `entry` of a conversation that begins to wait now.
    pub fn announce(&mut self, number: u32, entry: u64) {
        self.announce_with(number, entry, waiting(self.now));
    }

    pub fn announce_with(&mut self, number: u32, entry: u64, waiting: Waiting) {
        self.note(Note::Announce {
            conversation: conversation(number),
            entry: Seq(entry),
            tier: 0,
            waiting,
        });
    }

    pub fn withdraw(&mut self, number: u32, entry: u64, why: Withdrawn) {
        self.note(Note::Withdraw {
            conversation: conversation(number),
            entry: Seq(entry),
            why,
        });
    }

    /// An agent says how it stands.
    pub fn agent(&mut self, agent: &str, load: u32, capacity: u32, skilled: &[&str]) {
        let availability = self.availability(agent, load, capacity, true);
        self.note(Note::Agent {
            agent: AgentId::from(agent),
            availability,
            skills: skills(skilled),
        });
    }

    pub fn away(&mut self, agent: &str) {
        let availability = self.availability(agent, 0, 2, false);
        self.note(Note::Agent {
            agent: AgentId::from(agent),
            availability,
            skills: Vec::new(),
        });
    }

    pub fn refuse(&mut self, agent: &str, number: u32, entry: u64, load: u32, capacity: u32) {
        let availability = self.availability(agent, load, capacity, true);
        self.note(Note::Refused {
            offer: OfferId {
                conversation: conversation(number),
                position: Seq(entry),
                agent: AgentId::from(agent),
            },
            availability,
        });
    }

    /// As the agent would say it next.
    pub fn availability(
        &mut self,
        agent: &str,
        load: u32,
        capacity: u32,
        offerable: bool,
    ) -> Availability {
        let version = self.versions.entry(AgentId::from(agent)).or_default();
        *version += 1;
        Availability {
            presence: Presence::Ready,
            load,
            capacity,
            idle_since: Millis(0),
            offerable,
            version: *version,
        }
    }

    /// Reservations asked for since this was last asked: "conversation@entry agent".
    pub fn picks(&mut self) -> Vec<String> {
        self.told(|envelope| match envelope {
            Envelope::Agent(key, agent::Note::Reserve { offer, .. }) => Some(format!(
                "{}@{} {}",
                number(offer.conversation),
                offer.position.0,
                key.agent
            )),
            _ => None,
        })
    }

    /// What conversations were told since this was last asked.
    pub fn words(&mut self) -> Vec<String> {
        self.told(|envelope| {
            let Envelope::Conversation(key, note) = envelope else {
                return None;
            };
            let number = number(key.id);
            Some(match note {
                conversation::Note::Listed { entry, .. } => format!("{number}@{} listed", entry.0),
                conversation::Note::Place { entry, place } => {
                    let minutes = place.wait_minutes.map_or("?".into(), |it| it.to_string());
                    format!("{number}@{} place {} in {minutes}", entry.0, place.position)
                }
                conversation::Note::Overflow { entry, .. } => {
                    format!("{number}@{} overflow", entry.0)
                }
                other => format!("{number} {other:?}"),
            })
        })
    }

    /// Takes out the effects that `word` has words for.
    fn told(&mut self, word: impl Fn(&Envelope) -> Option<String>) -> Vec<String> {
        let mut words = Vec::new();
        self.effects.retain(|effect| match effect {
            Effect::Tell(envelope) => match word(envelope) {
                Some(text) => {
                    words.push(text);
                    false
                }
                None => true,
            },
            _ => true,
        });
        words
    }
}

pub fn number(id: ConversationId) -> u32 {
    u32::from_be_bytes([id.0[0], id.0[1], id.0[2], id.0[3]])
}

//! What a board shows, by version: enough of the past to say what changed since a recent one.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use crate::agent::Availability;
use crate::conversation::{PhaseKind, Summary};
use crate::directory::Tenant;
use crate::ids::{AgentId, ConversationId, GroupId};
use crate::limits::{
    BOARD_CHANGES_KEPT, BOARD_ROWS_MAX, BOARD_UNWATCHED_CHANGES, BOARD_VERSIONS_KEPT,
    BOARD_VIEW_ROWS,
};
use crate::queue::QueueStats;

use super::note::Scope;

/// Versions grow by this; those between belong to the parts of one long view. Times the
/// milliseconds of Unix time it stays below 2^53, the largest whole number of a browser.
pub const VERSION_STEP: u64 = 1 << 11;

const _: () = assert!(BOARD_ROWS_MAX / BOARD_VIEW_ROWS < VERSION_STEP as usize / 2);

/// What a row is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    Conversation(ConversationId),
    Agent(AgentId),
    Queue(GroupId),
}

/// A row changed; `left` names the group it was in before, if that was another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    pub subject: Subject,
    pub left: Option<GroupId>,
}

/// The rows as they stand, and the changes of the last versions.
#[derive(Debug, Default)]
pub struct Rows {
    /// Boxed: a table that has just grown is half empty, and a row is large.
    conversations: HashMap<ConversationId, Box<Summary>>,
    agents: BTreeMap<AgentId, Availability>,
    queues: BTreeMap<GroupId, QueueStats>,
    version: u64,
    /// Not yet part of a version.
    changed: HashSet<Change>,
    past: VecDeque<(u64, Vec<Change>)>,
    /// Changes in `past` together.
    past_changes: usize,
}

impl Rows {
    /// A life of a board begins at a version no earlier life has come to: from milliseconds of Unix
    /// time, which run faster than versions do.
    pub fn begin(&mut self, version: u64) {
        self.version = version * VERSION_STEP;
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn is_dirty(&self) -> bool {
        !self.changed.is_empty()
    }

    /// So much changed with nobody watching that it should be sealed, or it would grow for ever.
    pub fn is_heavy(&self) -> bool {
        self.changed.len() >= BOARD_UNWATCHED_CHANGES
    }

    /// Is this version so old that a difference from it will soon be impossible?
    pub fn is_ageing(&self, version: u64) -> bool {
        self.version.saturating_sub(version) / VERSION_STEP > BOARD_VERSIONS_KEPT as u64 / 2
    }

    pub fn is_empty(&self) -> bool {
        self.conversations.is_empty() && self.agents.is_empty() && self.queues.is_empty()
    }

    /// Takes a row unless a later position of it is known. A closed row stays until its change is past.
    pub fn conversation(&mut self, summary: Summary) {
        let id = summary.key.id;
        let known = self.conversations.get(&id);
        if known.is_some_and(|known| known.position > summary.position || **known == summary) {
            return;
        }
        let full = self.conversations.len() >= BOARD_ROWS_MAX;
        if known.is_none() && (full || summary.phase == PhaseKind::Closed) {
            return;
        }
        let left = known
            .map(|known| &known.group)
            .filter(|group| **group != summary.group);
        let left = left.cloned();
        self.conversations.insert(id, Box::new(summary));
        self.change(Subject::Conversation(id), left);
    }

    pub fn agent(&mut self, agent: AgentId, availability: Availability) {
        let known = self.agents.get(&agent);
        if known.is_some_and(|known| known.version >= availability.version) {
            return;
        }
        let same = known.is_some_and(|known| {
            let version = known.version;
            *known
                == Availability {
                    version,
                    ..availability.clone()
                }
        });
        self.agents.insert(agent.clone(), availability);
        if !same {
            self.change(Subject::Agent(agent), None);
        }
    }

    pub fn queue(&mut self, group: GroupId, stats: QueueStats) {
        if self.queues.get(&group) != Some(&stats) {
            self.queues.insert(group.clone(), stats);
            self.change(Subject::Queue(group), None);
        }
    }

    /// Makes a version of what changed. Forgets the oldest versions, and rows closed in them.
    pub fn seal(&mut self) {
        if self.changed.is_empty() {
            return;
        }
        self.version += VERSION_STEP;
        let changes: Vec<Change> = self.changed.drain().collect();
        self.past_changes += changes.len();
        self.past.push_back((self.version, changes));
        while self.past.len() > BOARD_VERSIONS_KEPT || self.past_changes > BOARD_CHANGES_KEPT {
            let Some((_, changes)) = self.past.pop_front() else {
                return;
            };
            self.past_changes -= changes.len();
            for change in changes {
                self.forget_closed(&change.subject);
            }
        }
    }

    /// What changed since this version, for this scope; `None` if that is no longer known.
    pub fn since(
        &self,
        version: u64,
        scope: &Scope,
        tenant: Option<&Tenant>,
    ) -> Option<Vec<Subject>> {
        let known = version == self.version
            || self.past.front().is_some_and(|(oldest, _)| {
                version < self.version
                    && version + VERSION_STEP >= *oldest
                    && (self.version - version).is_multiple_of(VERSION_STEP)
            });
        if !known {
            return None;
        }
        let later = self.past.iter().rev().take_while(|(at, _)| *at > version);
        let mut subjects: Vec<Subject> = later
            .flat_map(|(_, changes)| changes)
            .filter(|change| self.in_scope(&change.subject, change.left.as_ref(), scope, tenant))
            .map(|change| change.subject.clone())
            .collect();
        subjects.sort_unstable();
        subjects.dedup();
        Some(subjects)
    }

    /// Everything that stands, for this scope.
    pub fn all(&self, scope: &Scope, tenant: Option<&Tenant>) -> Vec<Subject> {
        let open = self.conversations.iter();
        let open = open.filter(|(_, row)| row.phase != PhaseKind::Closed);
        let conversations = open.map(|(id, _)| Subject::Conversation(*id));
        let agents = self.agents.keys().cloned().map(Subject::Agent);
        let queues = self.queues.keys().cloned().map(Subject::Queue);
        let mut subjects: Vec<Subject> = queues
            .chain(agents)
            .chain(conversations)
            .filter(|subject| self.in_scope(subject, None, scope, tenant))
            .collect();
        subjects.sort_unstable();
        subjects
    }

    pub fn summary(&self, id: &ConversationId) -> Option<&Summary> {
        self.conversations.get(id).map(|row| &**row)
    }

    pub fn availability(&self, agent: &AgentId) -> Option<&Availability> {
        self.agents.get(agent)
    }

    pub fn stats(&self, group: &GroupId) -> Option<&QueueStats> {
        self.queues.get(group)
    }

    fn change(&mut self, subject: Subject, left: Option<GroupId>) {
        self.changed.insert(Change { subject, left });
    }

    fn in_scope(
        &self,
        subject: &Subject,
        left: Option<&GroupId>,
        scope: &Scope,
        tenant: Option<&Tenant>,
    ) -> bool {
        let Scope::Group(group) = scope else {
            return true;
        };
        match subject {
            Subject::Conversation(id) => {
                let row = self.conversations.get(id);
                row.is_some_and(|row| row.group == *group) || left == Some(group)
            }
            Subject::Agent(agent) => {
                let profile = tenant.and_then(|tenant| tenant.agents.get(agent));
                profile.is_some_and(|profile| profile.groups.contains(group))
            }
            Subject::Queue(of) => of == group,
        }
    }

    fn forget_closed(&mut self, subject: &Subject) {
        let Subject::Conversation(id) = subject else {
            return;
        };
        let row = self.conversations.get(id);
        if row.is_some_and(|row| row.phase == PhaseKind::Closed) {
            self.conversations.remove(id);
        }
    }
}

#[cfg(test)]
impl Rows {
    pub fn open(&self) -> Vec<Summary> {
        let open = self
            .conversations
            .values()
            .filter(|row| row.phase != PhaseKind::Closed);
        let mut open: Vec<Summary> = open.map(|row| (**row).clone()).collect();
        open.sort_unstable_by_key(|row| row.key.id);
        open
    }

    /// Changes and rows in memory.
    pub fn kept(&self) -> usize {
        let past: usize = self.past.iter().map(|(_, changes)| changes.len()).sum();
        past + self.changed.len() + self.conversations.len()
    }
}

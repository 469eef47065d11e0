//! One log in use: who may append, where it ends, and what is to be done to it, one after another.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crest_actors::conversation::Summary;
use crest_actors::ids::Token;
use crest_actors::ports::{Append, Done, LogId, StoreFailure};
use tokio::sync::oneshot;

use super::chain::Chain;
use super::index::Known;
use super::limits::{GROUP_BYTES_MAX, GROUP_ROWS_MAX};
use super::row::{Row, Spot};
use super::tables::StoredRow;
use crate::store::row::Chain as Link;

/// A log's state and queue.
#[derive(Default)]
pub struct Lane(Mutex<State>);

#[derive(Default)]
pub struct State {
    /// The newest token; any other is refused.
    pub token: Token,
    pub end: End,
    /// Known once opened, until the log is given up.
    pub chain: Option<Arc<Chain>>,
    /// Everything up to here is at QUORUM.
    pub durable: u64,
    pub work: VecDeque<Work>,
    /// Somebody carries out `work`.
    pub running: bool,
    /// An opening is in `work` or being carried out.
    pub opening: bool,
    /// The newest activation may have written a seal: nothing may be acknowledged beyond it.
    pub sealed: bool,
    /// Its index rows; empty while they are being changed.
    pub known: Known,
    /// When it was used last: what is least is dropped first.
    pub used: u64,
}

/// Where accepted appends end, as far as known.
#[derive(Clone, Copy, Default)]
pub enum End {
    /// Not opened, or given up: nothing can be appended.
    #[default]
    Unread,
    Known {
        last: u64,
        link: Link,
    },
}

/// What became of an append.
pub type Settled = Result<(), StoreFailure>;

/// What is to be done to a log, in this order.
pub enum Work {
    Write(Box<Group>),
    Open(Token, Done<Result<super::open::Opened, StoreFailure>>),
    /// Told once everything before it is done.
    Reached(oneshot::Sender<()>),
}

/// Rows that are written together, and told of together.
pub struct Group {
    pub token: Token,
    pub rows: Vec<StoredRow>,
    /// Of the last of `rows`.
    pub link: Link,
    /// The index row after the last of `rows`.
    pub summary: Option<Summary>,
    pub answers: Vec<oneshot::Sender<Settled>>,
}

impl Lane {
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Queues the opening under a new token: all older ones are fenced at once.
    pub fn open(&mut self, token: Token, done: Done<Result<super::open::Opened, StoreFailure>>) {
        self.token = token;
        self.end = End::Unread;
        self.opening = true;
        self.work.push_back(Work::Open(token, done));
    }

    /// Takes an append in, or refuses it: `None` where another activation is newer or it does not
    /// continue the log.
    pub fn stage(&mut self, append: Append) -> Option<oneshot::Receiver<Settled>> {
        let End::Known { last, link } = self.end else {
            return None;
        };
        if append.token != self.token || append.first.0 != last + 1 {
            return None;
        }
        let (answer, answered) = oneshot::channel();
        let count = append.records.len();
        let mut link = link;
        let mut rows = Vec::with_capacity(count);
        for (index, record) in append.records.into_iter().enumerate() {
            let spot = Spot {
                log: &append.log,
                seq: append.first.0 + index as u64,
                token: self.token,
            };
            link = spot.link(&link, record.base, &record.body);
            let row = Row {
                base: record.base,
                more: index + 1 < count,
                chain: link,
                body: record.body,
            };
            rows.push(StoredRow {
                seq: spot.seq,
                token: spot.token,
                bytes: row.encode(&spot),
            });
        }
        self.end = End::Known {
            last: last + count as u64,
            link,
        };
        self.work.push_back(Work::Write(Box::new(Group {
            token: self.token,
            rows,
            link,
            summary: append.summary,
            answers: vec![answer],
        })));
        Some(answered)
    }

    /// The next thing to do; appends that follow each other are joined while they fit. `None`: the
    /// lane stands still.
    pub fn next(&mut self) -> Option<Work> {
        let Some(mut work) = self.work.pop_front() else {
            self.running = false;
            return None;
        };
        if let Work::Write(group) = &mut work {
            // An index row is written before the events it tells of, so it ends a group.
            while let Some(Work::Write(next)) = self.work.front() {
                if group.summary.is_some() || !group.fits(next) {
                    break;
                }
                let Some(Work::Write(next)) = self.work.pop_front() else {
                    unreachable!("seen above");
                };
                group.join(*next);
            }
        }
        Some(work)
    }

    /// What the log holds is not known any more: everything accepted and not yet written is lost.
    pub fn give_up(&mut self, token: Token) -> Vec<Group> {
        if self.token == token {
            self.end = End::Unread;
        }
        self.chain = None;
        let mut lost = Vec::new();
        while let Some(Work::Write(_)) = self.work.front() {
            if let Some(Work::Write(group)) = self.work.pop_front() {
                lost.push(*group);
            }
        }
        lost
    }

    /// Nothing is being done and nothing waits.
    pub fn is_idle(&self) -> bool {
        !self.running && self.work.is_empty()
    }
}

impl Group {
    fn fits(&self, next: &Group) -> bool {
        let bytes = |group: &Group| group.rows.iter().map(|row| row.bytes.len()).sum::<usize>();
        self.token == next.token
            && self.rows.len() + next.rows.len() <= GROUP_ROWS_MAX
            && bytes(self) + bytes(next) <= GROUP_BYTES_MAX
    }

    fn join(&mut self, next: Group) {
        self.rows.extend(next.rows);
        self.link = next.link;
        self.summary = next.summary;
        self.answers.extend(next.answers);
    }

    /// Tells everybody who waits.
    pub fn answer(self, outcome: &Settled) {
        for answer in self.answers {
            // Whoever asked may have gone.
            let _ = answer.send(outcome.clone());
        }
    }
}

/// Names and lanes of all logs in use.
pub type Lanes = dashmap::DashMap<LogId, Arc<Lane>, foldhash::fast::RandomState>;

#[cfg(test)]
mod tests {
    use crest_actors::ids::{AgentId, AgentKey, Seq, TenantId};
    use crest_actors::ports::Record;

    use super::*;

    const TOKEN: Token = Token {
        epoch: 1,
        activation: 1,
    };

    fn append(first: u64, bodies: &[usize]) -> Append {
        let body = |bytes: &usize| Record {
            body: vec![7; *bytes],
            base: false,
        };
        Append {
            log: LogId::Ledger(AgentKey {
                tenant: TenantId::new("shop"),
                agent: AgentId::new("li"),
            }),
            token: TOKEN,
            first: Seq(first),
            records: bodies.iter().map(body).collect(),
            summary: None,
        }
    }

    fn opened() -> State {
        State {
            token: TOKEN,
            end: End::Known {
                last: 0,
                link: [0; 32],
            },
            ..State::default()
        }
    }

    fn groups(state: &mut State) -> Vec<usize> {
        let mut sizes = Vec::new();
        while let Some(work) = state.next() {
            match work {
                Work::Write(group) => sizes.push(group.rows.len()),
                Work::Open(..) | Work::Reached(_) => sizes.push(0),
            }
        }
        sizes
    }

    #[test]
    fn appends_that_wait_are_written_together_while_they_fit() {
        let mut state = opened();
        for (first, bodies) in [(1, vec![10; 3]), (4, vec![10; 2]), (6, vec![10; 255])] {
            assert!(state.stage(append(first, &bodies)).is_some());
        }
        assert!(state.stage(append(261, &[GROUP_BYTES_MAX])).is_some());
        assert_eq!(groups(&mut state), [5, 255, 1]);
    }

    #[test]
    fn nothing_is_joined_over_an_opening() {
        let mut state = opened();
        assert!(state.stage(append(1, &[1])).is_some());
        state.work.push_back(Work::Open(TOKEN, Box::new(|_| {})));
        assert!(state.stage(append(2, &[1])).is_some());
        assert_eq!(groups(&mut state), [1, 0, 1]);
    }

    #[test]
    fn only_the_newest_token_continues_the_log_and_only_at_its_end() {
        let mut state = opened();
        assert!(state.stage(append(2, &[1])).is_none());
        let other = Append {
            token: Token::default(),
            ..append(1, &[1])
        };
        assert!(state.stage(other).is_none());
        assert!(state.stage(append(1, &[1])).is_some());
        assert!(state.stage(append(1, &[1])).is_none());
        assert!(state.stage(append(2, &[1])).is_some());
        assert_eq!(state.give_up(TOKEN).len(), 2);
        assert!(state.stage(append(3, &[1])).is_none());
    }

    #[test]
    fn the_last_row_of_an_append_says_that_it_is_the_last() {
        let mut state = opened();
        assert!(state.stage(append(1, &[1, 1, 1])).is_some());
        assert!(state.stage(append(4, &[1])).is_some());
        let log = append(1, &[]).log;
        let Some(Work::Write(group)) = state.next() else {
            panic!("a group");
        };
        let more = group.rows.iter().map(|row| {
            let spot = Spot {
                log: &log,
                seq: row.seq,
                token: row.token,
            };
            Row::decode(&spot, &row.bytes).expect("whole").more
        });
        assert_eq!(more.collect::<Vec<_>>(), [true, true, false, false]);
    }
}

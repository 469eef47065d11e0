//! Which rows are the log. Pure: markers and rows come in, the answer comes out.
//!
//! Each activation of a log leaves a marker: its token, the seq where its own rows begin, and the
//! token of the marker it continues. The log is, for each marker of the chain that ends in the newest
//! one, the rows with that marker's token from its first seq up to the first seq of the next; for the
//! newest, up to the first gap. Rows and markers off the chain do not exist: late writes of an
//! activation that was not continued from there.

use crest_actors::ids::Token;

/// What an activation left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Marker {
    pub token: Token,
    /// Seq of the first row of its own.
    pub first: u64,
    /// The marker it continues; all 0 for none.
    pub previous: Token,
    /// The newest base it adopted; 0 for none.
    pub base: u64,
}

/// From `first` on, rows with `token` are the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Segment {
    pub first: u64,
    pub token: Token,
}

/// Bytes of the store contradict the contract: the log is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("the marker of epoch {}, activation {} is missing", .0.epoch, .0.activation)]
    Missing(Token),
    #[error("the marker of epoch {}, activation {} does not lead to an earlier one", .0.epoch, .0.activation)]
    Turned(Token),
    #[error("event {0} is missing")]
    Hole(u64),
}

/// The newest marker and those it continues, as far back as was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chain {
    pub newest: Marker,
    /// Oldest first. One with no rows has the same `first` as the one after it.
    segments: Vec<Segment>,
}

/// Builds a chain from a log's markers, newest first.
pub struct ChainReader {
    /// The chain must reach this seq.
    down_to: u64,
    newest: Option<Marker>,
    /// Newest first.
    segments: Vec<Segment>,
    /// The marker that comes next on the chain.
    wanted: Token,
}

impl ChainReader {
    /// `down_to`: the seq to reach; `None` for the newest base that the newest marker knows.
    pub fn new(down_to: Option<u64>) -> Self {
        Self {
            down_to: down_to.unwrap_or(u64::MAX),
            newest: None,
            segments: Vec::new(),
            wanted: Token::default(),
        }
    }

    /// Takes the next marker. `true`: older ones need not be read.
    pub fn take(&mut self, marker: Marker) -> Result<bool, Broken> {
        match self.newest {
            None => {
                self.newest = Some(marker);
                if self.down_to == u64::MAX {
                    self.down_to = marker.base.max(1);
                }
            }
            Some(_) if marker.token == self.wanted => {}
            // Never continued by anybody on the chain.
            Some(_) if marker.token > self.wanted => return Ok(false),
            Some(_) => return Err(Broken::Missing(self.wanted)),
        }
        let follows = self.segments.last();
        let turned = marker.previous >= marker.token
            || marker.first == 0
            || follows.is_some_and(|next| marker.first > next.first)
            || (marker.previous == Token::default() && marker.first != 1);
        if turned {
            return Err(Broken::Turned(marker.token));
        }
        self.segments.push(Segment {
            first: marker.first,
            token: marker.token,
        });
        self.wanted = marker.previous;
        Ok(self.is_complete())
    }

    /// The chain; `None` where the log has no marker.
    pub fn finish(mut self) -> Result<Option<Chain>, Broken> {
        let Some(newest) = self.newest else {
            return Ok(None);
        };
        if !self.is_complete() {
            return Err(Broken::Missing(self.wanted));
        }
        self.segments.reverse();
        Ok(Some(Chain {
            newest,
            segments: self.segments,
        }))
    }

    fn is_complete(&self) -> bool {
        let oldest = self.segments.last();
        oldest.is_some_and(|oldest| oldest.first <= self.down_to)
            || (self.newest.is_some() && self.wanted == Token::default())
    }
}

impl Chain {
    /// The first chain of a log.
    pub fn starting(marker: Marker) -> Self {
        Self {
            newest: marker,
            segments: vec![Segment {
                first: marker.first,
                token: marker.token,
            }],
        }
    }

    /// This chain, continued by a newer marker.
    pub fn continued(mut self, marker: Marker) -> Self {
        self.newest = marker;
        self.segments.push(Segment {
            first: marker.first,
            token: marker.token,
        });
        self
    }

    /// Whose row counts at this seq; `None` before what was read of the chain.
    pub fn owner(&self, seq: u64) -> Option<Token> {
        let after = self.segments.partition_point(|it| it.first <= seq);
        Some(self.segments[after.checked_sub(1)?].token)
    }

    /// The first seq it knows the owner of.
    pub fn reaches(&self) -> u64 {
        self.segments[0].first
    }
}

/// Picks the rows that are the log out of all that are stored, in the order of (seq, token).
pub struct Walk<'a> {
    chain: &'a Chain,
    next: u64,
    /// Before this seq a gap is a hole, from it on the end of the log.
    known: u64,
    ended: bool,
}

impl<'a> Walk<'a> {
    /// From `from` to the end: the first gap in the newest segment.
    pub fn to_the_end(chain: &'a Chain, from: u64) -> Self {
        Self {
            chain,
            next: from,
            known: chain.newest.first,
            ended: false,
        }
    }

    /// From `from` to `last`, all of which is known to be there.
    pub fn up_to(chain: &'a Chain, from: u64, last: u64) -> Self {
        Self {
            chain,
            next: from,
            known: last + 1,
            ended: false,
        }
    }

    /// Is this row the next of the log?
    pub fn take(&mut self, seq: u64, token: Token) -> Result<bool, Broken> {
        if seq > self.next {
            self.gap()?;
        }
        if self.ended || seq != self.next || self.chain.owner(seq) != Some(token) {
            return Ok(false);
        }
        self.next += 1;
        Ok(true)
    }

    /// Everything before `seq` has been seen.
    pub fn seen_before(&mut self, seq: u64) -> Result<(), Broken> {
        if self.next < seq { self.gap() } else { Ok(()) }
    }

    /// Seq of the row that would come next.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Nothing that follows is part of the log.
    pub fn ended(&self) -> bool {
        self.ended
    }

    fn gap(&mut self) -> Result<(), Broken> {
        if self.next < self.known && !self.ended {
            return Err(Broken::Hole(self.next));
        }
        self.ended = true;
        Ok(())
    }
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;

//! What a change has read of its tenant's partition, and what it makes of it: a value without a
//! connection, so that decisions are functions.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::kind::{Kind, LAST_OF_CONFIGURATION};
use crate::desk::failure::{DeskError, DeskFailure, DeskRefusal};

/// Random for each change.
pub type Writer = [u8; 16];

/// Rows that are read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Every kind up to [`LAST_OF_CONFIGURATION`].
    Configuration,
    Row(Kind, String),
    /// All of a kind whose id begins so.
    Under(Kind, String),
}

/// Why a decision did not end.
#[derive(Debug)]
pub enum Stop {
    /// It looked at what is not read yet; to be decided again with that.
    Load(Part),
    Error(DeskError),
}

/// A text that must lie in its own table before the change.
#[derive(Clone, Debug)]
pub struct Text {
    pub key: String,
    pub version: u64,
    pub body: String,
}

/// Identifies a text for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextId {
    pub key: String,
    pub version: u64,
    pub writer: Writer,
}

pub struct Sheet {
    writer: Writer,
    rows: BTreeMap<(Kind, String), String>,
    parts: Vec<Part>,
    /// The partition is known to be empty.
    blank: bool,
    edits: BTreeMap<(Kind, String), Option<String>>,
    texts: Vec<Text>,
    dropped: Vec<TextId>,
    knowledge: u64,
}

/// What a decision wants done.
pub struct Edits {
    /// `None`: removed.
    pub records: BTreeMap<(Kind, String), Option<String>>,
    pub texts: Vec<Text>,
    /// Texts that no record names any more.
    pub dropped: Vec<TextId>,
    /// How many times the knowledge changed.
    pub knowledge: u64,
}

impl Sheet {
    /// `blank`: there is nothing to be read.
    pub fn new(writer: Writer, blank: bool) -> Self {
        Self {
            writer,
            rows: BTreeMap::new(),
            parts: Vec::new(),
            blank,
            edits: BTreeMap::new(),
            texts: Vec::new(),
            dropped: Vec::new(),
            knowledge: 0,
        }
    }

    /// Adds what was read.
    pub fn loaded(&mut self, part: Part, rows: Vec<(Kind, String, String)>) {
        self.parts.push(part);
        let rows = rows.into_iter();
        self.rows
            .extend(rows.map(|(kind, id, body)| ((kind, id), body)));
    }

    /// Forgets what was decided, and keeps what was read.
    pub fn begin(&mut self) {
        self.edits.clear();
        self.texts.clear();
        self.dropped.clear();
        self.knowledge = 0;
    }

    pub fn end(self) -> Edits {
        Edits {
            records: self.edits,
            texts: self.texts,
            dropped: self.dropped,
            knowledge: self.knowledge,
        }
    }

    pub fn writer(&self) -> Writer {
        self.writer
    }

    pub fn get<T: DeserializeOwned>(&self, kind: Kind, id: &str) -> Result<Option<T>, Stop> {
        self.raw(kind, id)?
            .map(|body| record(kind, body))
            .transpose()
    }

    pub fn has(&self, kind: Kind, id: &str) -> Result<bool, Stop> {
        Ok(self.raw(kind, id)?.is_some())
    }

    /// All of a kind of the configuration.
    pub fn all<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<T>, Stop> {
        assert!(
            kind <= LAST_OF_CONFIGURATION,
            "{kind:?} is not read as a whole"
        );
        self.need(Part::Configuration)?;
        self.bodies(kind, "")
            .map(|(_, body)| record(kind, body))
            .collect()
    }

    /// Id and record of all that begin so.
    pub fn under<T: DeserializeOwned>(
        &self,
        kind: Kind,
        prefix: &str,
    ) -> Result<Vec<(String, T)>, Stop> {
        self.need(Part::Under(kind, prefix.to_owned()))?;
        self.bodies(kind, prefix)
            .map(|(id, body)| Ok((id.clone(), record(kind, body)?)))
            .collect()
    }

    pub fn put<T: Serialize>(&mut self, kind: Kind, id: &str, record: &T) {
        let body = serde_json::to_string(record)
            .expect("records have text keys only, so they always serialise");
        self.edits.insert((kind, id.to_owned()), Some(body));
    }

    pub fn remove(&mut self, kind: Kind, id: &str) {
        self.edits.insert((kind, id.to_owned()), None);
    }

    /// The text is to be there, under this change's writer, before the change.
    pub fn write_text(&mut self, text: Text) {
        self.texts.push(text);
    }

    pub fn drop_text(&mut self, text: TextId) {
        self.dropped.push(text);
    }

    pub fn advance_knowledge(&mut self) {
        self.advance_knowledge_by(1);
    }

    pub fn advance_knowledge_by(&mut self, changes: u64) {
        self.knowledge += changes;
    }

    fn raw(&self, kind: Kind, id: &str) -> Result<Option<&str>, Stop> {
        let key = (kind, id.to_owned());
        if let Some(edited) = self.edits.get(&key) {
            return Ok(edited.as_deref());
        }
        self.need(if kind <= LAST_OF_CONFIGURATION {
            Part::Configuration
        } else {
            Part::Row(kind, key.1.clone())
        })?;
        Ok(self.rows.get(&key).map(String::as_str))
    }

    fn need(&self, part: Part) -> Result<(), Stop> {
        let within = |loaded: &Part| match (loaded, &part) {
            (Part::Under(of, prefix), Part::Row(kind, id)) => of == kind && id.starts_with(prefix),
            (loaded, part) => loaded == part,
        };
        if self.blank || self.parts.iter().any(within) {
            Ok(())
        } else {
            Err(Stop::Load(part))
        }
    }

    /// As they are with the edits, by id.
    fn bodies(&self, kind: Kind, prefix: &str) -> impl Iterator<Item = (&String, &str)> {
        let stored = self.rows.iter().map(|(key, body)| (key, Some(body)));
        let edited = self.edits.iter().map(|(key, body)| (key, body.as_ref()));
        let merged: BTreeMap<&(Kind, String), Option<&String>> = stored.chain(edited).collect();
        merged
            .into_iter()
            .filter(move |((of, id), _)| *of == kind && id.starts_with(prefix))
            .filter_map(|((_, id), body)| Some((id, body?.as_str())))
            .collect::<Vec<_>>()
            .into_iter()
    }
}

/// A stored body as its record.
pub fn record<T: DeserializeOwned>(kind: Kind, body: &str) -> Result<T, Stop> {
    parse(kind, body).map_err(|failure| Stop::Error(failure.into()))
}

/// The same where nothing is decided.
pub fn parse<T: DeserializeOwned>(kind: Kind, body: &str) -> Result<T, DeskFailure> {
    serde_json::from_str(body).map_err(|why| DeskFailure::Corrupt {
        what: what(kind),
        why: why.to_string(),
    })
}

fn what(kind: Kind) -> &'static str {
    match kind {
        Kind::Settings => "a tenant",
        Kind::SigningKey => "a signing key",
        Kind::Group => "a group",
        Kind::Staff => "a member of staff",
        Kind::Canned | Kind::CannedId => "a canned reply",
        Kind::Article | Kind::Version => "an article",
    }
}

impl From<DeskRefusal> for Stop {
    fn from(refusal: DeskRefusal) -> Self {
        Stop::Error(refusal.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let mut sheet = Sheet::new([0; 16], false);
        let row = |kind, id: &str| (kind, id.to_owned(), "1".to_owned());
        sheet.loaded(Part::Configuration, vec![row(Kind::Group, "a")]);
        let under = Part::Under(Kind::Canned, "tenant\n\n".to_owned());
        sheet.loaded(under, vec![row(Kind::Canned, "tenant\n\nhi")]);
        sheet
    }

    #[test]
    fn what_was_not_read_is_asked_for() {
        let sheet = sheet();
        let wanted = |stop: Stop| match stop {
            Stop::Load(part) => part,
            Stop::Error(error) => panic!("{error}"),
        };
        assert!(sheet.has(Kind::Group, "a").unwrap());
        assert!(!sheet.has(Kind::Staff, "a").unwrap());
        assert!(sheet.has(Kind::Canned, "tenant\n\nhi").unwrap());
        let part = wanted(sheet.has(Kind::Article, "k").unwrap_err());
        assert_eq!(part, Part::Row(Kind::Article, "k".to_owned()));
        let part = wanted(sheet.under::<u8>(Kind::Version, "k\n").unwrap_err());
        assert_eq!(part, Part::Under(Kind::Version, "k\n".to_owned()));
        assert!(!Sheet::new([0; 16], true).has(Kind::Article, "k").unwrap());
    }

    #[test]
    fn a_decision_sees_its_own_edits_and_begins_anew_without_them() {
        let mut sheet = sheet();
        sheet.put(Kind::Group, "b", &2);
        sheet.remove(Kind::Group, "a");
        assert_eq!(sheet.all::<u8>(Kind::Group).unwrap(), [2]);
        sheet.begin();
        assert_eq!(sheet.all::<u8>(Kind::Group).unwrap(), [1]);
    }
}

//! Why the CQL store does not open, and how it is told.

/// The store cannot be opened or migrated.
#[derive(Debug, thiserror::Error)]
pub enum CqlFailure {
    #[error(
        "no CQL server answers at {nodes}: {why}; check store.cql_nodes and that the server runs"
    )]
    Away { nodes: String, why: String },
    #[error("keyspace {keyspace} has no tables of Crest; run `crest migrate --store cql`")]
    Missing { keyspace: String },
    #[error(
        "keyspace {keyspace} lacks migration {lacking}; stop every node and run `crest migrate --store cql`"
    )]
    Older { keyspace: String, lacking: i32 },
    #[error(
        "keyspace {keyspace} has migration {found}, newer than this program's {known}; install a newer Crest"
    )]
    Newer {
        keyspace: String,
        found: i32,
        known: i32,
    },
    #[error(
        "keyspace {keyspace}: migration {number} ({name}) was applied with another text than this program's; use the Crest that applied it, or a keyspace of its own with store.cql_keyspace"
    )]
    Changed {
        keyspace: String,
        number: i32,
        name: String,
    },
    #[error(
        "migration {name} of keyspace {keyspace} stopped at statement {statement}: {why}; run `crest migrate --store cql` again, it goes on where it stopped"
    )]
    Stopped {
        keyspace: String,
        name: &'static str,
        statement: usize,
        why: String,
    },
    #[error("the CQL server refused: {why}")]
    Refused { why: String },
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
}

impl CqlFailure {
    pub(crate) fn refused(why: impl std::fmt::Display) -> Self {
        Self::Refused {
            why: why.to_string(),
        }
    }
}

//! Brings the keyspaces to this program's tables, by numbered migrations that are compiled in.
//!
//! CQL cannot undo half a migration, so every statement may be run again: what stopped half-way is
//! run from its beginning. A migration counts once its row stands in the table `migration`.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::statement::Statement;
use scylla::value::CqlTimestamp;

use super::connect::{Place, connect};
use super::failure::CqlFailure;
use super::index::day;
use super::limits::SCHEMA_TIMEOUT;

/// One numbered file.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    pub number: i32,
    pub name: &'static str,
    pub text: &'static str,
}

macro_rules! migrations {
    ($($number:literal: $folder:literal / $name:literal;)*) => {
        &[$(Migration {
            number: $number,
            name: $name,
            text: include_str!(concat!("../../../schema/cql/", $folder, "/", $name, ".cql")),
        },)*]
    };
}

pub const LOG: &[Migration] = migrations! {
    1: "log" / "0001_log";
    2: "log" / "0002_oldest";
    3: "log" / "0003_retention";
};
pub const LEASE: &[Migration] = migrations! {
    1: "lease" / "0001_lease";
    2: "lease" / "0002_epoch";
    3: "lease" / "0003_second_replica";
};
pub const DESK: &[Migration] = migrations! { 1: "desk" / "0001_desk"; };

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// Keyspace and name of each migration that was applied now, in order.
    pub applied: Vec<(String, &'static str)>,
}

/// Makes the keyspaces where they are missing and applies what is missing in them. Run by one
/// process at a time; may be run again after any failure.
pub async fn migrate(place: &Place) -> Result<Migrated, CqlFailure> {
    let session = connect(place, SCHEMA_TIMEOUT).await?;
    let mut migrated = Migrated::default();
    for (keyspace, migrations, transactional) in [
        (place.keyspace.clone(), LOG, false),
        (place.lease_keyspace(), LEASE, true),
        (place.desk_keyspace(), DESK, true),
    ] {
        make_keyspace(&session, &keyspace, place.replication, transactional).await?;
        session
            .use_keyspace(&keyspace, false)
            .await
            .map_err(CqlFailure::refused)?;
        let table = "CREATE TABLE IF NOT EXISTS migration \
            (number int PRIMARY KEY, name text, checksum blob, applied_at timestamp)";
        change(&session, table).await?;
        let missing = missing(&keyspace, migrations, &applied(&session, &keyspace).await?)?;
        for migration in missing {
            apply(&session, &keyspace, migration).await?;
            migrated.applied.push((keyspace.clone(), migration.name));
        }
    }
    Ok(migrated)
}

/// Refuses to serve from keyspaces that are not exactly this program's. Returns the day (UTC, since
/// 1970) before which nothing in them was born: that of the first migration, or the oldest day that
/// was brought in.
pub async fn check(session: &Session, place: &Place) -> Result<i32, CqlFailure> {
    check_one(session, place.keyspace.clone(), LOG).await?;
    check_one(session, place.lease_keyspace(), LEASE).await?;
    let text = format!(
        "SELECT applied_at FROM {}.migration WHERE number = 1",
        place.keyspace
    );
    let (CqlTimestamp(made),) = first(session, text).await?;
    let text = format!(
        "SELECT min(day) FROM {}.oldest WHERE part = 0",
        place.keyspace
    );
    let (brought,): (Option<i32>,) = first(session, text).await?;
    Ok(brought.unwrap_or(i32::MAX).min(day(made as u64)))
}

/// As [`check`], of the desk's keyspace.
pub async fn check_desk(session: &Session, place: &Place) -> Result<(), CqlFailure> {
    check_one(session, place.desk_keyspace(), DESK).await
}

async fn check_one(
    session: &Session,
    keyspace: String,
    migrations: &[Migration],
) -> Result<(), CqlFailure> {
    let known = session.get_cluster_state();
    let there = known
        .get_keyspace(&keyspace)
        .is_some_and(|it| it.tables.contains_key("migration"));
    if !there {
        return Err(CqlFailure::Missing { keyspace });
    }
    let missing = missing(&keyspace, migrations, &applied(session, &keyspace).await?)?;
    match missing.first() {
        Some(first) => Err(CqlFailure::Older {
            lacking: first.number,
            keyspace,
        }),
        None => Ok(()),
    }
}

/// Name and version of the server.
pub async fn server(session: &Session) -> Result<String, CqlFailure> {
    let version = "SELECT release_version FROM system.local";
    let (version,): (String,) = first(session, version).await?;
    let state = session.get_cluster_state();
    let scylla = state
        .get_nodes_info()
        .iter()
        .any(|node| node.sharder().is_some());
    Ok(if scylla {
        format!("ScyllaDB (as Cassandra {version})")
    } else {
        format!("Cassandra {version}")
    })
}

/// Acknowledged means synced only where the commit log is. Says so where it is not.
pub async fn warn_of_lazy_sync(session: &Session) {
    for table in ["system_views.settings", "system.config"] {
        let text = format!("SELECT value FROM {table} WHERE name = 'commitlog_sync'");
        // Each server has one of the two tables.
        let Ok((mode,)) = first::<(Option<String>,)>(session, text).await else {
            continue;
        };
        if mode.is_some_and(|mode| mode.contains("periodic")) {
            tracing::warn!(
                "commitlog_sync is periodic on the CQL server: what is acknowledged may be lost when all copies lose power at once; set it to group or batch"
            );
        }
    }
}

async fn first<R>(session: &Session, text: impl Into<Statement>) -> Result<R, CqlFailure>
where
    R: for<'f> DeserializeRow<'f, 'f>,
{
    let result = session
        .query_unpaged(text, ())
        .await
        .map_err(CqlFailure::refused)?
        .into_rows_result()
        .map_err(CqlFailure::refused)?;
    result.first_row::<R>().map_err(CqlFailure::refused)
}

type Applied = BTreeMap<i32, (String, Vec<u8>)>;

async fn applied(session: &Session, keyspace: &str) -> Result<Applied, CqlFailure> {
    let rows = session
        .query_unpaged(
            format!("SELECT number, name, checksum FROM {keyspace}.migration"),
            (),
        )
        .await
        .map_err(CqlFailure::refused)?
        .into_rows_result()
        .map_err(CqlFailure::refused)?;
    let rows = rows
        .rows::<(i32, String, Vec<u8>)>()
        .map_err(CqlFailure::refused)?;
    rows.map(|row| {
        let (number, name, checksum) = row.map_err(CqlFailure::refused)?;
        Ok((number, (name, checksum)))
    })
    .collect()
}

/// What is still to be applied, in order.
fn missing<'a>(
    keyspace: &str,
    known: &'a [Migration],
    applied: &Applied,
) -> Result<Vec<&'a Migration>, CqlFailure> {
    let newest = known.last().map_or(0, |migration| migration.number);
    if let Some((&found, _)) = applied.last_key_value()
        && found > newest
    {
        return Err(CqlFailure::Newer {
            keyspace: keyspace.to_owned(),
            found,
            known: newest,
        });
    }
    let mut missing = Vec::new();
    for migration in known {
        match applied.get(&migration.number) {
            None => missing.push(migration),
            Some((_, checksum)) if *checksum == migration.checksum() => {}
            Some((name, _)) => {
                return Err(CqlFailure::Changed {
                    keyspace: keyspace.to_owned(),
                    number: migration.number,
                    name: name.clone(),
                });
            }
        }
    }
    Ok(missing)
}

async fn make_keyspace(
    session: &Session,
    keyspace: &str,
    copies: u32,
    transactional: bool,
) -> Result<(), CqlFailure> {
    let state = session.get_cluster_state();
    let mut nodes = state.get_nodes_info().iter();
    // Only ScyllaDB says how its shards lie; only it knows tablets, which lightweight transactions
    // are kept away from.
    let tablets = transactional && nodes.any(|node| node.sharder().is_some());
    let without = if tablets {
        " AND tablets = {'enabled': false}"
    } else {
        ""
    };
    let statement = format!(
        "CREATE KEYSPACE IF NOT EXISTS {keyspace} WITH replication = \
         {{'class': 'NetworkTopologyStrategy', 'replication_factor': {copies}}}{without}"
    );
    change(session, &statement).await
}

async fn apply(session: &Session, keyspace: &str, migration: &Migration) -> Result<(), CqlFailure> {
    for (number, statement) in (1..).zip(statements(migration.text)) {
        change(session, &statement)
            .await
            .map_err(|why| CqlFailure::Stopped {
                keyspace: keyspace.to_owned(),
                name: migration.name,
                statement: number,
                why: why.to_string(),
            })?;
    }
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64);
    let insert = format!(
        "INSERT INTO {keyspace}.migration (number, name, checksum, applied_at) VALUES (?, ?, ?, ?)"
    );
    let row = (
        migration.number,
        migration.name,
        migration.checksum(),
        CqlTimestamp(now),
    );
    session
        .query_unpaged(insert, row)
        .await
        .map_err(CqlFailure::refused)?;
    Ok(())
}

/// Runs one change of the schema and waits until every node has it.
async fn change(session: &Session, statement: &str) -> Result<(), CqlFailure> {
    session
        .query_unpaged(statement, ())
        .await
        .map_err(CqlFailure::refused)?;
    session
        .await_schema_agreement()
        .await
        .map_err(CqlFailure::refused)?;
    Ok(())
}

impl Migration {
    fn checksum(&self) -> Vec<u8> {
        blake3::hash(self.text.as_bytes()).as_bytes().to_vec()
    }
}

/// The statements of a file, without comments.
fn statements(text: &str) -> Vec<String> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect();
    lines
        .join("\n")
        .split(';')
        .map(|statement| statement.trim().to_owned())
        .filter(|statement| !statement.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Migration = Migration {
        number: 1,
        name: "0001_a",
        text: "a",
    };
    const TWO: Migration = Migration {
        number: 2,
        name: "0002_b",
        text: "b",
    };

    fn found(migrations: &[Migration]) -> Applied {
        let rows = migrations.iter();
        rows.map(|it| (it.number, (it.name.to_owned(), it.checksum())))
            .collect()
    }

    #[test]
    fn what_is_missing_is_applied_in_order() {
        let names = |applied: &[Migration]| -> Vec<_> {
            let missing = missing("k", &[ONE, TWO], &found(applied)).expect("known");
            missing.iter().map(|it| it.number).collect()
        };
        assert_eq!(names(&[]), [1, 2]);
        assert_eq!(names(&[ONE]), [2]);
        assert_eq!(names(&[ONE, TWO]), Vec::<i32>::new());
    }

    #[test]
    fn a_newer_or_changed_schema_is_refused_with_what_to_do() {
        let newer = missing("k", &[ONE], &found(&[ONE, TWO])).expect_err("newer");
        assert_eq!(
            newer.to_string(),
            "keyspace k has migration 2, newer than this program's 1; install a newer Crest"
        );
        let other = Migration { text: "c", ..TWO };
        let changed = missing("k", &[ONE, other], &found(&[ONE, TWO])).expect_err("changed");
        assert!(
            changed
                .to_string()
                .starts_with("keyspace k: migration 2 (0002_b) was applied with another text")
        );
    }

    #[test]
    fn numbers_rise_from_one_and_every_statement_may_be_run_again() {
        for migrations in [LOG, LEASE, DESK] {
            for (number, migration) in (1..).zip(migrations) {
                assert_eq!(migration.number, number);
                assert!(migration.name.starts_with(&format!("{number:04}_")));
                let statements = statements(migration.text);
                assert!(!statements.is_empty());
                for statement in statements {
                    let sets = statement.starts_with("ALTER TABLE") && statement.contains(" WITH ");
                    let again = sets || statement.contains("IF NOT EXISTS");
                    assert!(again, "{statement}");
                }
            }
        }
    }
}

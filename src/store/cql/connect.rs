//! Where the cluster is, and sessions to it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::PoolSize;
use scylla::client::execution_profile::{ExecutionProfile, ExecutionProfileBuilder};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::policies::timestamp_generator::MonotonicTimestampGenerator;
use scylla::response::query_result::QueryResult;
use scylla::statement::{Consistency, SerialConsistency};
use scylla::value::{CqlValue, Row};

use super::failure::CqlFailure;
use super::limits::{AGREEMENT_INTERVAL, CONNECTIONS};
use super::retention::Retention;
use crate::config::{self, Secret};

/// Which keyspace of which cluster.
#[derive(Clone, Debug)]
pub struct Place {
    /// `host:port` of some nodes.
    pub nodes: Vec<String>,
    /// Keyspace of the logs: small letters, digits and `_`.
    pub keyspace: String,
    /// Empty: no authentication.
    pub user: String,
    pub password: Secret,
    /// Copies of each row in each datacenter, for keyspaces that are made.
    pub replication: u32,
    pub retention: Retention,
}

impl Place {
    pub fn of(store: &config::Store) -> Self {
        Self {
            nodes: store.cql_nodes.clone(),
            keyspace: store.cql_keyspace.clone(),
            user: store.cql_user.clone(),
            password: store.cql_password.clone(),
            replication: store.cql_replication,
            retention: Retention::days(store.retention_days),
        }
    }

    /// The keyspace of what decides ownership.
    pub fn lease_keyspace(&self) -> String {
        format!("{}_lease", self.keyspace)
    }

    /// The keyspace of what tenants configure.
    pub fn desk_keyspace(&self) -> String {
        format!("{}_desk", self.keyspace)
    }
}

/// A session whose statements are QUORUM, tried once, and timed by this process.
pub async fn connect(place: &Place, timeout: Duration) -> Result<Session, CqlFailure> {
    open(place, profile(timeout), |builder| builder).await
}

/// As [`connect`], for what cannot wait for a server that hangs: a statement marked idempotent is
/// asked of another server after `second_try`, and a connection silent for twice `ping` is given up.
pub async fn connect_impatiently(
    place: &Place,
    timeout: Duration,
    second_try: Duration,
    ping: Duration,
) -> Result<Session, CqlFailure> {
    let second = SimpleSpeculativeExecutionPolicy {
        max_retry_count: 1,
        retry_interval: second_try,
    };
    let profile = profile(timeout).speculative_execution_policy(Some(Arc::new(second)));
    open(place, profile, |builder| {
        builder.keepalive_interval(ping).keepalive_timeout(ping)
    })
    .await
}

fn profile(timeout: Duration) -> ExecutionProfileBuilder {
    ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .serial_consistency(Some(SerialConsistency::Serial))
        .request_timeout(Some(timeout))
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
}

async fn open(
    place: &Place,
    profile: ExecutionProfileBuilder,
    adjust: impl FnOnce(SessionBuilder) -> SessionBuilder,
) -> Result<Session, CqlFailure> {
    let mut builder = SessionBuilder::new()
        .known_nodes(&place.nodes)
        .default_execution_profile_handle(profile.build().into_handle())
        .pool_size(PoolSize::PerHost(
            NonZeroUsize::new(CONNECTIONS).expect("not 0"),
        ))
        .keyspaces_to_fetch([
            place.keyspace.clone(),
            place.lease_keyspace(),
            place.desk_keyspace(),
        ])
        // Waited for where the schema is changed, and only there.
        .auto_await_schema_agreement(false)
        .schema_agreement_interval(AGREEMENT_INTERVAL)
        .timestamp_generator(Arc::new(MonotonicTimestampGenerator::new()));
    if let Some(password) = place.password.expose() {
        builder = builder.user(&place.user, password);
    }
    let opened = adjust(builder).build().await;
    opened.map_err(|error| CqlFailure::Away {
        nodes: place.nodes.join(", "),
        why: error.to_string(),
    })
}

/// The column `[applied]` of a conditional statement's answer, always the first.
pub fn applied(result: QueryResult) -> Result<bool, CqlFailure> {
    let rows = result.into_rows_result().map_err(CqlFailure::refused)?;
    let row = rows.first_row::<Row>().map_err(CqlFailure::refused)?;
    match row.columns.first() {
        Some(Some(CqlValue::Boolean(applied))) => Ok(*applied),
        _ => Err(CqlFailure::refused("no word on whether the condition held")),
    }
}

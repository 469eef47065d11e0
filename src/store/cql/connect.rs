//! Where the cluster is, and sessions to it.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::policies::timestamp_generator::MonotonicTimestampGenerator;
use scylla::statement::{Consistency, SerialConsistency};

use super::failure::CqlFailure;
use super::limits::{AGREEMENT_INTERVAL, CONNECTIONS};
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
}

impl Place {
    pub fn of(store: &config::Store) -> Self {
        Self {
            nodes: store.cql_nodes.clone(),
            keyspace: store.cql_keyspace.clone(),
            user: store.cql_user.clone(),
            password: store.cql_password.clone(),
            replication: store.cql_replication,
        }
    }

    /// The keyspace of what decides ownership.
    pub fn lease_keyspace(&self) -> String {
        format!("{}_lease", self.keyspace)
    }
}

/// A session whose statements are QUORUM, tried once, and timed by this process.
pub async fn connect(place: &Place, timeout: Duration) -> Result<Session, CqlFailure> {
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::Quorum)
        .serial_consistency(Some(SerialConsistency::Serial))
        .request_timeout(Some(timeout))
        .retry_policy(Arc::new(FallthroughRetryPolicy::new()))
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&place.nodes)
        .default_execution_profile_handle(profile.into_handle())
        .pool_size(PoolSize::PerHost(
            NonZeroUsize::new(CONNECTIONS).expect("not 0"),
        ))
        .keyspaces_to_fetch([place.keyspace.clone(), place.lease_keyspace()])
        // Waited for where the schema is changed, and only there.
        .auto_await_schema_agreement(false)
        .schema_agreement_interval(AGREEMENT_INTERVAL)
        .timestamp_generator(Arc::new(MonotonicTimestampGenerator::new()));
    if let Some(password) = place.password.expose() {
        builder = builder.user(&place.user, password);
    }
    builder.build().await.map_err(|error| CqlFailure::Away {
        nodes: place.nodes.join(", "),
        why: error.to_string(),
    })
}

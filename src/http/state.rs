//! What handlers work with.

use std::ops::Deref;
use std::sync::Arc;

use crest_actors::ids::Millis;
use metrics_exporter_prometheus::PrometheusHandle;

use super::ports::{ActorsView, Archive, Readiness};
use crate::auth::Auth;
use crate::config::Config;
use crate::desk::DeskStore;

/// Everything the HTTP interface is put together from.
pub struct HttpParts {
    pub config: Arc<Config>,
    pub desk: Arc<dyn DeskStore>,
    pub auth: Arc<Auth>,
    pub archive: Arc<dyn Archive>,
    pub actors: Arc<dyn ActorsView>,
    pub readiness: Arc<dyn Readiness>,
    pub metrics: PrometheusHandle,
    /// The wall clock.
    pub clock: Box<dyn Fn() -> Millis + Send + Sync>,
}

/// Shared by every request; cheap to clone.
#[derive(Clone)]
pub struct HttpState(Arc<HttpParts>);

impl HttpState {
    pub fn new(parts: HttpParts) -> Self {
        Self(Arc::new(parts))
    }

    pub(super) fn now(&self) -> Millis {
        (self.0.clock)()
    }
}

impl Deref for HttpState {
    type Target = HttpParts;

    fn deref(&self) -> &HttpParts {
        &self.0
    }
}

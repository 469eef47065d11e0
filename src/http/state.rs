//! What handlers work with.

use std::ops::Deref;
use std::sync::Arc;

use crest_actors::ids::Millis;
use metrics_exporter_prometheus::PrometheusHandle;

use super::ports::{ActorsView, Archive, ClusterStatus, Readiness};
use crate::auth::Auth;
use crate::config::Config;
use crate::desk::DeskStore;

/// Key and body of an article to a verdict, in words where it is no.
pub type ArticleCheck = Box<dyn Fn(&str, &serde_json::Value) -> Result<(), String> + Send + Sync>;

/// Everything the HTTP interface is put together from.
pub struct HttpParts {
    pub config: Arc<Config>,
    pub desk: Arc<dyn DeskStore>,
    pub auth: Arc<Auth>,
    pub archive: Arc<dyn Archive>,
    pub actors: Arc<dyn ActorsView>,
    pub cluster: Arc<dyn ClusterStatus>,
    pub readiness: Arc<dyn Readiness>,
    pub metrics: PrometheusHandle,
    /// Can the bot read this article (key, body)? The words say what to correct. Asked before a
    /// version is saved, so that whatever is published can be served.
    pub article_check: ArticleCheck,
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

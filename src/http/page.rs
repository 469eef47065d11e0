//! Lists by pages: a cursor is opaque to clients and stable while rows come and go.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limits::{CURSOR_MAX_BYTES, PAGE_DEFAULT, PAGE_MAX};
use super::problem::{Problem, ProblemCode};

/// One page.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it as `cursor` for what follows; absent on the last page alone, so a page may be short
    /// before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// What follows in a list, as the client sends it back.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Window {
    pub(super) limit: Option<usize>,
    pub(super) cursor: Option<String>,
}

impl Window {
    /// Items wanted, 1 to [`PAGE_MAX`].
    pub(super) fn limit(&self) -> usize {
        self.limit.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX)
    }

    /// The cursor as what it was made of.
    pub(super) fn after<C>(
        &self,
        read: impl FnOnce(&str) -> Option<C>,
    ) -> Result<Option<C>, Problem> {
        self.cursor
            .as_deref()
            .map(|cursor| {
                Some(cursor)
                    .filter(|cursor| cursor.len() <= CURSOR_MAX_BYTES)
                    .and_then(read)
                    .ok_or_else(|| {
                        Problem::new(
                            ProblemCode::BadCursor,
                            "Send `next` of the page before as it was, or begin without a cursor.",
                        )
                    })
            })
            .transpose()
    }
}

impl<T> Page<T> {
    /// A page from one item more than wanted, where there is one.
    pub(super) fn of<S>(
        mut found: Vec<S>,
        limit: usize,
        cursor: impl FnOnce(&S) -> String,
        show: impl FnMut(S) -> T,
    ) -> Self {
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(cursor);
        Self {
            items: found.into_iter().map(show).collect(),
            next,
        }
    }

    /// Everything there is.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

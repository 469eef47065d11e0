//! What was said, for HTTP: index rows and transcripts of the log store.

use std::collections::BTreeSet;
use std::sync::Arc;

use crest_actors::conversation::Summary;
use crest_actors::ids::{ConversationKey, Seq};
use crest_actors::ports::{Codec, Done, LogId, StoreFailure};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::oneshot;

use super::codec::StoredFormats;
use crate::http::{Archive, ArchiveFailure, ConversationPage, ConversationQuery, TranscriptPart};
use crate::store::{Engine, Query};

/// The archive that a log store is.
pub struct StoreArchive(pub Arc<dyn Engine>);

impl Archive for StoreArchive {
    fn list(
        &self,
        query: ConversationQuery,
    ) -> BoxFuture<'static, Result<ConversationPage, ArchiveFailure>> {
        let store = self.0.clone();
        async move {
            let asked = Query {
                phases: query.phase.into_iter().collect::<BTreeSet<_>>(),
                customer: query.customer.clone(),
                agent: query.agent.clone(),
                from: query.from,
                to: query.to,
                cursor: query.cursor,
                limit: query.limit,
                ..Query::of(query.tenant.clone())
            };
            let page = ask(|done| store.list(asked, done)).await?;
            let conversations = page
                .conversations
                .into_iter()
                .filter(|summary| matches(&query, summary));
            Ok(ConversationPage {
                conversations: conversations.collect(),
                next: page.next,
            })
        }
        .boxed()
    }

    fn transcript(
        &self,
        conversation: ConversationKey,
        after: Seq,
        limit: usize,
    ) -> BoxFuture<'static, Result<Option<TranscriptPart>, ArchiveFailure>> {
        let store = self.0.clone();
        async move {
            let summary = ask(|done| store.summary(conversation.clone(), done)).await?;
            let Some(summary) = summary else {
                return Ok(None);
            };
            let log = LogId::Conversation(conversation);
            let stored = ask(|done| store.read(log, after, limit, done)).await?;
            let entries = stored
                .iter()
                .map(|stored| StoredFormats.decode_conversation(stored));
            let entries = entries
                .collect::<Result<_, _>>()
                .map_err(ArchiveFailure::Corrupt)?;
            Ok(Some(TranscriptPart { summary, entries }))
        }
        .boxed()
    }
}

/// The conditions the store's indexes do not know.
fn matches(query: &ConversationQuery, summary: &Summary) -> bool {
    query
        .group
        .as_ref()
        .is_none_or(|group| *group == summary.group)
        && query
            .visible_to
            .as_ref()
            .is_none_or(|visibility| visibility.includes(summary))
}

/// Waits for an answer of the store's threads.
async fn ask<T: Send + 'static>(
    question: impl FnOnce(Done<Result<T, StoreFailure>>),
) -> Result<T, ArchiveFailure> {
    let (answer, answered) = oneshot::channel();
    question(Box::new(move |result| {
        let _ = answer.send(result); // whoever asked may have gone
    }));
    match answered.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(StoreFailure::Unavailable(why))) => Err(ArchiveFailure::Unavailable(why)),
        Ok(Err(StoreFailure::Corrupt(what))) => Err(ArchiveFailure::Corrupt(what)),
        Err(_) => Err(ArchiveFailure::Unavailable(
            "the store is closing".to_owned(),
        )),
    }
}

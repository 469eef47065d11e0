//! Questions to other nodes, each with one answer or none in time.

use std::sync::Arc;

use async_nats::{Client, Message};
use futures_util::StreamExt;
use metrics::counter;
use tokio::time::timeout;

use super::carrier::Bus;
use super::limits::{ANSWERS, CALL};
use crate::translate::node::{Call, Reply};

/// Answers what other nodes ask. Called on the bus's thread: it must not block. `None` is answered
/// by silence.
pub type Answerer =
    Box<dyn Fn(Call) -> futures_util::future::BoxFuture<'static, Option<Reply>> + Send>;

impl Bus {
    /// Asks a node. `done` is told on the bus's thread, `None` where no answer came within
    /// [`CALL`]: whether the question arrived is then not known.
    pub fn call(
        self: &Arc<Self>,
        node: u16,
        call: Call,
        done: impl FnOnce(Option<Reply>) + Send + 'static,
    ) {
        let Some((client, runtime)) = self.open_line() else {
            return done(None);
        };
        let bus = self.clone();
        runtime.spawn(async move {
            let place = timeout(CALL, bus.calls.acquire()).await;
            let asked = match place {
                Ok(_place) => ask(&client, bus.call_subject(node), &call).await,
                Err(_) => Err("too many questions wait for an answer".to_owned()),
            };
            if let Err(why) = &asked {
                counter!("crest_bus_failed_calls_total").increment(1);
                tracing::debug!(node, %why, "a node does not answer");
            }
            done(asked.ok());
        });
    }
}

async fn ask(client: &Client, subject: String, call: &Call) -> Result<Reply, String> {
    counter!("crest_bus_calls_total").increment(1);
    let answer = timeout(CALL, client.request(subject, call.encode().into())).await;
    let message = answer
        .map_err(|_| "no answer in time".to_owned())?
        .map_err(|error| error.to_string())?;
    Reply::decode(&message.payload).map_err(|error| error.to_string())
}

/// Answers every question on `subject`, several at a time.
pub(super) async fn answer(client: Client, subject: String, answerer: Answerer) {
    let questions = match client.subscribe(subject).await {
        Ok(questions) => questions,
        Err(why) => return tracing::error!(%why, "questions of other nodes cannot be read"),
    };
    questions
        .for_each_concurrent(ANSWERS, |message| {
            let (client, answerer) = (&client, &answerer);
            async move {
                let Message { payload, reply, .. } = message;
                let (Some(reply), Ok(call)) = (reply, Call::decode(&payload)) else {
                    return counter!("crest_bus_refused_calls_total").increment(1);
                };
                if let Some(answer) = answerer(call).await
                    && let Err(why) = client.publish(reply, answer.encode().into()).await
                {
                    tracing::warn!(%why, "an answer to another node cannot be sent");
                }
            }
        })
        .await;
}

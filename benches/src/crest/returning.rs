//! Visitors who lose their line and come back to where they stood.

use std::net::SocketAddr;

use crest_schema::frame::client::{Hello, Resume};
use crest_schema::{ClientFrame, ServerFrame};
use serde_json::json;

use super::http;
use super::people::{TENANT, said, text};
use super::talk::Talk;
use crate::wire::masked;

/// Words enough for a conversation to be there.
const TEXT_BYTES: usize = 6;

/// One visitor: what proves who it is, and how far it has read.
pub struct Visitor {
    token: String,
    stands: Resume,
}

impl Visitor {
    /// Arrives for the first time, says something and stays on the line.
    pub fn arrive(server: SocketAddr) -> anyhow::Result<(Self, Talk)> {
        let wanted = json!({"tenant": TENANT, "channel": "web"});
        let answer = http::post(server, "/v1/tickets", None, &wanted)?;
        let mut talk = Talk::enter(server, text(&answer, "ticket")?, None)?;
        talk.say_raw(&said(TEXT_BYTES))?;
        let stands = talk.until("ack", |frame| match frame {
            ServerFrame::Ack(ack) => Some(Resume {
                conversation: ack.conversation,
                after: ack.seq,
            }),
            _ => None,
        })?;
        let token = text(&answer, "visitor")?;
        Ok((Self { token, stands }, talk))
    }

    /// The first frame of its next line, masked, with a ticket fetched now.
    pub fn hello(&self, server: SocketAddr) -> anyhow::Result<Vec<u8>> {
        let wanted = json!({"tenant": TENANT, "channel": "web", "visitor": self.token});
        let answer = http::post(server, "/v1/tickets", None, &wanted)?;
        let hello = ClientFrame::Hello(Hello {
            ticket: text(&answer, "ticket")?,
            client: None,
            language: None,
            group: None,
            resume: vec![self.stands],
        });
        Ok(masked(true, &hello.encode(Some(0))))
    }
}

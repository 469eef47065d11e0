//! The supervisor's board: rows by key, as the server keeps them.

use std::collections::BTreeMap;

use crest_schema::frame::Id;
use crest_schema::frame::desk::{AgentRow, Phase, Presence, QueueRow, Summary};
use crest_schema::frame::server::Board as Frame;

use super::columns::pad;
use super::limits::{AGENT_ROWS, BOARD_ROWS};
use super::rooms::Rooms;
use super::words;

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Applied {
    /// The board is whole; what changed of it, in words.
    Whole(Vec<String>),
    /// Further frames of this version follow.
    Part,
    /// It builds on a version this client does not hold.
    Elsewhere,
}

#[derive(Debug, Default)]
pub(super) struct Board {
    version: Option<u64>,
    unfinished: Option<u64>,
    changes: Vec<String>,
    conversations: BTreeMap<Id, Summary<'static>>,
    agents: BTreeMap<String, AgentRow<'static>>,
    queues: BTreeMap<String, QueueRow<'static>>,
}

impl Board {
    pub fn is_known(&self) -> bool {
        self.version.is_some()
    }

    pub fn apply(&mut self, frame: Frame<'static>, rooms: &mut Rooms) -> Applied {
        let goes_on = self.unfinished == Some(frame.version);
        if !goes_on {
            match frame.since {
                None => *self = Self::default(),
                since if since == self.version => {}
                Some(_) => return Applied::Elsewhere,
            }
        }
        self.merge(&frame, rooms);
        self.unfinished = frame.more.then_some(frame.version);
        if frame.more {
            return Applied::Part;
        }
        self.version = Some(frame.version);
        Applied::Whole(std::mem::take(&mut self.changes))
    }

    fn merge(&mut self, frame: &Frame<'static>, rooms: &mut Rooms) {
        let mut rows: Vec<_> = frame.conversations.iter().collect();
        rows.sort_by_key(|row| row.opened_at);
        for row in rows {
            let room = rooms.enter(row.conversation);
            if room.customer.is_empty() {
                room.customer = words::short(&row.customer);
            }
            room.taken_over = row.taken_over;
            let said = |it: &Summary<'static>| (it.phase, it.agent.clone(), it.taken_over);
            let before = self.conversations.get(&row.conversation).map(said);
            if before != Some(said(row)) {
                self.changes.push(format!(
                    "#{} {}: {}",
                    room.number,
                    room.customer,
                    stand(row)
                ));
            }
            if row.phase == Phase::Closed {
                self.conversations.remove(&row.conversation);
            } else {
                self.conversations.insert(row.conversation, row.clone());
            }
        }
        for row in &frame.agents {
            let known = self.agents.insert(row.agent.to_string(), row.clone());
            if known.is_none_or(|known| known.presence != row.presence) {
                self.changes.push(agent(row));
            }
        }
        for row in &frame.queues {
            let known = self.queues.insert(row.group.to_string(), row.clone());
            if known.map_or(row.length > 0, |known| known.length != row.length) {
                self.changes
                    .push(format!("group {}: {} waiting", row.group, row.length));
            }
        }
    }

    /// The board as a table: a row of queues, one of agents, one for each of the oldest conversations.
    pub fn rows(&self, now: u64, rooms: &Rooms) -> Vec<String> {
        let queues: Vec<String> = self.queues.values().map(|row| queue(row, now)).collect();
        let here = self
            .agents
            .values()
            .filter(|row| row.presence != Presence::Offline);
        let mut agents: Vec<String> = here.map(agent).collect();
        let hidden = agents.len().saturating_sub(AGENT_ROWS);
        agents.truncate(AGENT_ROWS);
        if hidden > 0 {
            agents.push(format!("and {hidden} more"));
        }
        if agents.is_empty() {
            agents.push("nobody is here".to_owned());
        }
        let mut rows = vec![
            format!("groups  {}", queues.join(" · ")),
            format!("agents  {}", agents.join(" · ")),
            row(["#", "state", "for", "customer", "tier", "group", "agent"]),
        ];
        let mut listed: Vec<_> = self
            .conversations
            .values()
            .filter_map(|it| Some((rooms.get(it.conversation)?, it)))
            .collect();
        listed.sort_by_key(|(room, _)| room.number);
        let more = listed.len().saturating_sub(BOARD_ROWS);
        for (room, it) in listed.into_iter().take(BOARD_ROWS) {
            let served = match (&it.agent, it.taken_over) {
                (Some(agent), true) => format!("{agent}, taken over"),
                (Some(agent), false) => agent.to_string(),
                (None, true) => "taken over".to_owned(),
                (None, false) => String::new(),
            };
            rows.push(row([
                &room.number.to_string(),
                words::phase(it.phase),
                &words::lasting(now.saturating_sub(it.phase_since)),
                &room.customer,
                &it.tier.to_string(),
                &it.group,
                &served,
            ]));
        }
        match (more, self.conversations.len()) {
            (_, 0) => rows.push("   no conversation is open".to_owned()),
            (0, _) => {}
            (more, _) => rows.push(format!("   and {more} more")),
        }
        rows
    }
}

fn row(cells: [&str; 7]) -> String {
    let [number, state, since, customer, tier, group, served] = cells;
    let row = format!(
        "{} {} {} {} {} {} {served}",
        pad(number, 3),
        pad(state, 8),
        pad(since, 7),
        pad(customer, 14),
        pad(tier, 4),
        pad(group, 10),
    );
    row.trim_end().to_owned()
}

fn queue(row: &QueueRow<'_>, now: u64) -> String {
    let oldest = row.oldest_since.map(|at| now.saturating_sub(at));
    let oldest = oldest.map(|ms| format!(", oldest {}", words::lasting(ms)));
    format!(
        "{} {} waiting{}, {} ready",
        row.group,
        row.length,
        oldest.unwrap_or_default(),
        row.ready_agents
    )
}

fn agent(row: &AgentRow<'_>) -> String {
    let presence = words::presence(&row.presence);
    format!("{} {presence} {}/{}", row.agent, row.load, row.capacity)
}

fn stand(row: &Summary<'_>) -> String {
    let phase = words::phase(row.phase);
    let agent = row.agent.as_ref().map(|it| format!(", {it}"));
    let over = if row.taken_over { ", taken over" } else { "" };
    format!("{phase}, {}{}{over}", row.group, agent.unwrap_or_default())
}

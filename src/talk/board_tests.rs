//! The board: snapshots, changes, and what a supervisor sees of them.

use crest_schema::frame::ServerFrame;
use crest_schema::frame::desk::{Phase, Presence, QueueRow, Summary};
use crest_schema::frame::server::Board;

use super::args::Side;
use super::script::*;

const NOTHING: [&str; 0] = [];

fn frame(version: u64, since: Option<u64>, conversations: Vec<Summary<'static>>) -> Board<'static> {
    Board {
        version,
        since,
        at: 1_000_000,
        conversations,
        agents: Vec::new(),
        queues: Vec::new(),
        more: false,
    }
}

pub fn snapshot(version: u64, conversations: Vec<Summary<'static>>) -> ServerFrame<'static> {
    ServerFrame::Board(frame(version, None, conversations))
}

fn change(version: u64, since: u64, conversations: Vec<Summary<'static>>) -> ServerFrame<'static> {
    ServerFrame::Board(frame(version, Some(since), conversations))
}

#[test]
fn the_board_is_a_table_with_numbers_to_watch_by() {
    let mut play = Play::begin(Side::Supervisor, 32);
    let mut whole = frame(1, None, vec![summary(ROOM, Phase::Waiting)]);
    whole.agents = vec![row(Presence::Ready, 1)];
    whole.queues = vec![QueueRow {
        group: "presale".into(),
        length: 1,
        oldest_since: Some(play.now - 12_000),
        assigned_120s: 0,
        abandoned_120s: 0,
        ready_agents: 1,
    }];
    play.hears(ServerFrame::Board(whole));
    assert_eq!(
        play.live(),
        [
            "groups  presale 1 waiting, oldest 0:12, 1 ready",
            "agents  lin ready 1/5",
            "#   state    for     customer       tier group      agent",
            "1   waiting  16:39   mei            0    presale",
        ]
    );
}

#[test]
fn changes_replace_the_rows_they_list_and_what_is_closed_goes() {
    let mut play = Play::begin(Side::Supervisor, 32);
    let waiting = vec![
        summary(ROOM, Phase::Waiting),
        summary(OTHER, Phase::Waiting),
    ];
    let told = play.hears(snapshot(1, waiting));
    assert_eq!(
        told,
        ["~ #1 mei: waiting, presale", "~ #2 mei: waiting, presale"]
    );
    let active = Summary {
        agent: Some("lin".into()),
        ..summary(ROOM, Phase::Active)
    };
    let told = play.hears(change(2, 1, vec![active.clone()]));
    assert_eq!(told, ["~ #1 mei: active, presale, lin"]);
    assert_eq!(play.hears(change(3, 2, vec![active])), NOTHING);
    let told = play.hears(change(4, 3, vec![summary(ROOM, Phase::Closed)]));
    assert_eq!(told, ["~ #1 mei: closed, presale"]);
    let rows = play.live();
    assert_eq!(rows.len(), 4, "{rows:?}");
    assert!(rows[3].starts_with("2   waiting"), "{rows:?}");
}

#[test]
fn a_version_in_parts_is_whole_with_its_last_frame() {
    let mut play = Play::begin(Side::Supervisor, 32);
    let mut first = frame(5, None, vec![summary(ROOM, Phase::Waiting)]);
    first.more = true;
    assert_eq!(play.hears(ServerFrame::Board(first)), NOTHING);
    assert_eq!(play.live(), NOTHING);
    let told = play.hears(snapshot(5, vec![summary(OTHER, Phase::Active)]));
    assert_eq!(
        told,
        ["~ #1 mei: waiting, presale", "~ #2 mei: active, presale"]
    );
    assert_eq!(play.live().len(), 5);
}

#[test]
fn a_change_of_another_version_asks_for_the_whole_board() {
    let mut play = Play::begin(Side::Supervisor, 32);
    play.hears(snapshot(1, Vec::new()));
    let told = play.hears(change(9, 8, vec![summary(ROOM, Phase::Active)]));
    assert_eq!(told, ["> 3 watch_board"]);
    assert_eq!(play.live()[3], "   no conversation is open");
}

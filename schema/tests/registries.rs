//! PROTOCOL.md says what the code says.

use std::collections::BTreeSet;
use std::fmt::Write;

use crest_schema::codes::{Close, Code, reconnects};
use crest_schema::frame::Class;
use crest_schema::{ClientKind, ServerKind};

const PAGE: &str = include_str!("../PROTOCOL.md");

fn section(name: &str) -> &'static str {
    let (_, rest) = PAGE.split_once(&format!("<!-- {name} -->\n")).unwrap();
    rest.split_once(&format!("<!-- /{name} -->")).unwrap().0
}

#[test]
fn the_page_lists_every_error() {
    let mut table = String::from(
        "| code | name | temporary | retry_after_ms | meaning | what to do |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for code in Code::ALL {
        let retry = code.retry_after_ms().map(|ms| ms.to_string());
        writeln!(
            table,
            "| {} | `{}` | {} | {} | {} | {} |",
            code.number(),
            code.name(),
            if code.temporary() { "yes" } else { "no" },
            retry.unwrap_or_default(),
            code.meaning(),
            code.next(),
        )
        .unwrap();
    }
    assert_eq!(section("errors"), table, "the page should say:\n{table}");
}

#[test]
fn the_page_lists_every_close_code() {
    let mut table = String::from(
        "| code | name | reconnect | meaning | what to do |\n| --- | --- | --- | --- | --- |\n",
    );
    for close in Close::ALL {
        writeln!(
            table,
            "| {} | `{}` | {} | {} | {} |",
            close.number(),
            close.name(),
            if close.reconnects() { "yes" } else { "no" },
            close.meaning(),
            close.next(),
        )
        .unwrap();
    }
    assert_eq!(section("closes"), table, "the page should say:\n{table}");
}

#[test]
fn the_page_lists_every_frame_under_its_number() {
    let frames = ClientKind::ALL
        .iter()
        .map(|kind| (kind.number(), kind.name()))
        .chain(ServerKind::ALL.iter().map(|k| (k.number(), k.name())));
    let written: BTreeSet<(u8, &str)> = PAGE
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            let number = cells.next()?.parse().ok()?;
            Some((number, cells.next()?.trim_matches('`')))
        })
        .filter(|(number, _)| *number < 100)
        .collect();
    assert_eq!(written, frames.collect());
}

#[test]
fn numbers_and_names_are_unique_and_in_their_ranges() {
    let codes: BTreeSet<u16> = Code::ALL.iter().map(|code| code.number()).collect();
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(
        (codes.len(), names.len()),
        (Code::ALL.len(), Code::ALL.len())
    );
    let names: BTreeSet<&str> = Close::ALL.iter().map(|close| close.name()).collect();
    assert_eq!(names.len(), Close::ALL.len());
    assert!(
        Close::ALL
            .iter()
            .all(|c| (4000..5000).contains(&c.number()))
    );
    assert!(
        ClientKind::ALL
            .iter()
            .all(|k| (1..64).contains(&k.number()))
    );
    assert!(
        ServerKind::ALL
            .iter()
            .all(|k| (64..128).contains(&k.number()))
    );
}

#[test]
fn a_pause_is_named_exactly_where_trying_again_helps() {
    for code in Code::ALL {
        assert_eq!(
            code.temporary(),
            code.retry_after_ms().is_some(),
            "{code:?}"
        );
    }
}

#[test]
fn the_range_of_a_close_code_tells_whether_to_come_back() {
    assert!(Close::GoingAway.reconnects() && Close::RateLimited.reconnects());
    assert!(!Close::BadProtocol.reconnects() && !Close::Revoked.reconnects());
    assert!(reconnects(4499) && reconnects(1006) && !reconnects(4500) && !reconnects(4999));
}

#[test]
fn what_a_close_means_fits_its_frame() {
    for close in Close::ALL {
        assert!(close.meaning().len() <= 123, "{close:?}");
    }
}

#[test]
fn control_is_never_shed_and_messages_last() {
    assert_eq!(Code::of_class(Class::Control), None);
    assert_eq!(Code::of_class(ClientKind::Typing.class()), None);
    assert!(ClientKind::Send.class() < ClientKind::Accept.class());
    assert!(ClientKind::Attach.class() < Class::NewConversations);
    assert!(Class::NewConversations < ClientKind::History.class());
    for kind in ClientKind::ALL {
        let shed = Code::of_class(kind.class());
        assert!(shed.is_none_or(Code::temporary), "{kind:?}");
    }
}

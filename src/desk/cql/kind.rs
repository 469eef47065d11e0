//! Kinds of a tenant's records, in the order they lie in, and how their ids are formed.

use crate::desk::records::CannedScope;

/// The column `kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
pub enum Kind {
    /// One row, of id [`SETTINGS`]; the tenant exists when it does.
    Settings = 0,
    /// By `kid`.
    SigningKey = 1,
    /// By group.
    Group = 2,
    /// By agent.
    Staff = 3,
    /// By [`place_of`]: a member's own are neighbours.
    Canned = 4,
    /// By the reply's id: its place.
    CannedId = 5,
    /// By key.
    Article = 6,
    /// By [`version_of`].
    Version = 7,
}

/// Kinds up to this one are few and read together: what the directory and most changes need.
pub const LAST_OF_CONFIGURATION: Kind = Kind::Staff;

pub const SETTINGS: &str = "settings";

/// Greater than every id.
pub const END: &str = "\u{10ffff}";

/// Where a canned reply lies. No part of it has control characters.
pub fn place_of(scope: &CannedScope, shortcut: &str) -> String {
    format!("{}{shortcut}", scope_of(scope))
}

/// What the places of a scope begin with.
pub fn scope_of(scope: &CannedScope) -> String {
    match scope {
        CannedScope::Personal(agent) => format!("personal\n{agent}\n"),
        CannedScope::Group(group) => format!("group\n{group}\n"),
        CannedScope::Tenant => "tenant\n\n".to_owned(),
    }
}

/// Where the record of an article's version lies.
pub fn version_of(key: &str, version: u64) -> String {
    format!("{}{version:020}", versions_of(key))
}

/// The key of the article whose version lies there.
pub fn article_of(place: &str) -> &str {
    place.split_once('\n').map_or(place, |(key, _)| key)
}

/// What the ids of an article's versions begin with.
pub fn versions_of(key: &str) -> String {
    format!("{key}\n")
}

/// Greater than everything that begins with this prefix, whose last character is a line feed.
pub fn after(prefix: &str) -> String {
    let stem = prefix.strip_suffix('\n').unwrap_or(prefix);
    format!("{stem}\u{b}")
}

impl Kind {
    pub fn of(number: i8) -> Option<Self> {
        use Kind::*;
        [
            Settings, SigningKey, Group, Staff, Canned, CannedId, Article, Version,
        ]
        .into_iter()
        .find(|kind| *kind as i8 == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_spans_its_own_and_no_neighbour() {
        let of = |agent: &str| scope_of(&CannedScope::Personal(agent.to_owned()));
        let within = |id: &str| id > of("li").as_str() && id < after(&of("li")).as_str();
        assert!(within(&place_of(
            &CannedScope::Personal("li".to_owned()),
            "嗨"
        )));
        assert!(!within(&place_of(
            &CannedScope::Personal("lin".to_owned()),
            "hi"
        )));
        assert!(!within(&place_of(
            &CannedScope::Personal("l".to_owned()),
            "hi"
        )));
        assert_eq!(article_of(&version_of("a.b", 9)), "a.b");
        assert!(version_of("a", 9) < version_of("a", 10));
        assert!(version_of("a", u64::MAX) < after(&versions_of("a")));
    }
}

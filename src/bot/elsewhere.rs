//! Topics that are no shop's to answer. They stand in the index beside the articles,
//! so that a message is refused for what it is about, not for one word in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The phrasings of every topic, in an order that never changes.
pub fn topics() -> impl Iterator<Item = &'static [String]> {
    static TOPICS: LazyLock<BTreeMap<String, Vec<String>>> = LazyLock::new(|| {
        toml::from_str(include_str!("elsewhere.toml")).expect("the topics are part of the program")
    });
    TOPICS.values().map(Vec::as_slice)
}

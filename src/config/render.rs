//! Texts made from the table of keys.

use std::fmt::Write as _;

use super::keys::{KEYS, Key, SECTIONS};
use super::layers::Effective;

/// Effective values as TOML, each with its source; secrets masked.
pub fn print(effective: &Effective) -> String {
    sections(|key| {
        let (value, source) = &effective.shown[&key.path()];
        let value = match value.as_str() {
            Some(text) if key.secret && !text.is_empty() => "\"(masked)\"".to_owned(),
            _ => value.to_string(),
        };
        format!("{} = {value} # {source}\n", key.name)
    })
}

/// A complete file of defaults, each with unit, meaning of 0 and reason: `ops/crest.toml`.
pub fn sample() -> String {
    let head = "# Every key of Crest with its default. Later wins: this file, CREST__SECTION__KEY, flags.\n\
                # A secret is better given as a file: KEY_file = \"/run/secrets/name\".\n\n";
    let body = sections(|key| {
        let mut line = format!("# {}", key.reason);
        let _ = write!(line, " [{}]", key.unit);
        if !key.zero.is_empty() {
            let _ = write!(line, " {}: {}.", nothing(key), key.zero);
        }
        format!("{line}\n{} = {}\n", key.name, (key.default_toml)())
    });
    format!("{head}{body}")
}

/// The README's table of keys.
pub fn markdown() -> String {
    let mut table = String::from(
        "| key | default | unit | bounds | 0 or empty | why |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for key in KEYS {
        let bounds = key
            .bounds
            .as_ref()
            .map(|bounds| format!("{} to {}", bounds.start(), bounds.end()))
            .unwrap_or_default();
        let default = match key.default {
            "" => String::new(),
            text => format!("`{text}`"),
        };
        let _ = writeln!(
            table,
            "| `{}` | {default} | {} | {bounds} | {} | {} |",
            key.path(),
            key.unit,
            key.zero,
            key.reason.replace('|', "\\|")
        );
    }
    table
}

fn nothing(key: &Key) -> &'static str {
    if key.bounds.is_some() { "0" } else { "Empty" }
}

fn sections(mut line: impl FnMut(&Key) -> String) -> String {
    let mut text = String::new();
    for (section, about) in SECTIONS {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "# {about}\n[{section}]");
        for key in KEYS.iter().filter(|key| key.section == *section) {
            text.push_str(&line(key));
        }
    }
    text
}

//! One page that holds everything, for whoever decides by it.

use std::fmt::Write as _;

use super::{tenants, word};
use crate::drive::{Count, Figures, Latency, Outcome, Waits};

const STYLE: &str = "
body{font:16px/1.5 system-ui,sans-serif;color:#282c34;max-width:1000px;margin:2em auto;padding:0 1em}
h1{margin:0 0 .1em}h2{margin:2em 0 .4em;border-bottom:1px solid #e1e4e8}
.verdict{padding:.7em 1em;border-radius:8px;font-weight:600;margin:1em 0}
.well{background:#e3f5ec}.ill{background:#fde7e1}.doubt{background:#fff3d6}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(190px,1fr));gap:12px;margin:1em 0}
.tile{border:1px solid #e1e4e8;border-radius:8px;padding:.6em .9em}
.tile b{display:block;font-size:1.5em}.tile span{color:#6a737d;font-size:.9em}
figure{margin:1.5em 0}figcaption{color:#6a737d}svg{max-width:100%;height:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.2em .8em;text-align:right;border-bottom:1px solid #e1e4e8}
td:first-child,th:first-child{text-align:left;padding-left:0}
pre{background:#f6f8fa;padding:1em;border-radius:8px;overflow:auto;font-size:.85em}
li{margin:.3em 0}";

/// The whole page; `pictures` are captions with their SVG.
pub(super) fn page(outcome: &Outcome, pictures: &[(&str, String)]) -> anyhow::Result<String> {
    let mut page = String::new();
    let name = escaped(&outcome.scenario.name);
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Rehearsal {name}</title><style>{STYLE}</style></head><body>\
         <h1>Rehearsal: {name}</h1><p>{}</p>",
        escaped(&outcome.scenario.about)
    );
    verdict(outcome, &mut page);
    tiles(outcome, &mut page);
    for (says, svg) in pictures {
        // The declaration of a file of its own has no place inside a page.
        let svg = svg.find("<svg").map_or("", |from| &svg[from..]);
        let _ = write!(
            page,
            "<figure>{svg}<figcaption>{}</figcaption></figure>",
            escaped(says)
        );
    }
    latencies(outcome, &mut page);
    tenants::section(outcome, &mut page);
    counts(outcome, &mut page);
    checked(outcome, &mut page);
    trust(outcome, &mut page);
    let toml = ::toml::to_string(&outcome.scenario)?;
    let _ = write!(
        page,
        "<h2>Configuration</h2><pre>{}</pre></body></html>",
        escaped(&without_passwords(&toml))
    );
    Ok(page)
}

fn verdict(outcome: &Outcome, page: &mut String) {
    let (class, words) = match outcome.exit_code(true) {
        0 => (
            "well",
            "Held. Every promise was kept, and the figures may be believed.",
        ),
        1 => (
            "ill",
            "Failed. A promise was broken or the run did not end as it should.",
        ),
        4 => (
            "ill",
            "Missed. Every promise was kept, but not the objective.",
        ),
        _ => (
            "doubt",
            "Doubtful. Every promise was kept, but the figures say more about the harness than about \
             the server.",
        ),
    };
    let _ = write!(page, "<div class=\"verdict {class}\">{words}</div><ul>");
    let all = outcome.failures.iter();
    for words in all.chain(&outcome.missed).chain(&outcome.doubts) {
        let _ = write!(page, "<li>{}</li>", escaped(words));
    }
    page.push_str("</ul>");
}

fn tiles(outcome: &Outcome, page: &mut String) {
    let figure = |latency| outcome.latencies_ms.get(&latency).copied();
    let ms = |figures: Figures| format!("{:.1} ms", figures.p99);
    let highest =
        |of: fn(&crate::drive::Moment) -> f64| outcome.course.iter().map(of).fold(0.0, f64::max);
    let mut tiles = vec![
        (
            outcome.count(Count::Arrived).to_string(),
            "conversations".to_owned(),
        ),
        (
            format!("{:.0}/s", highest(|it| it.offered_per_s)),
            "customers' messages at the highest second".to_owned(),
        ),
    ];
    if let Some(knee) = outcome.knee() {
        let words = "messages held: the knee".to_owned();
        tiles.push((format!("{:.0}/s", knee.offered_per_s), words));
    }
    let named = [
        (
            Latency::Ack,
            "of messages 99 % were stored and acknowledged within",
        ),
        (Latency::Delivery, "and 99 % were at the agent within"),
        (Latency::Resume, "after a cut, 99 % were back within"),
    ];
    for (latency, words) in named {
        if let Some(figures) = figure(latency) {
            tiles.push((ms(figures), words.to_owned()));
        }
    }
    if let Some(share) = outcome.queueing.estimates.right_share() {
        let words = format!(
            "of {} wait estimates right",
            outcome.queueing.estimates.told
        );
        tiles.push((format!("{:.1} %", share * 100.0), words));
    }
    for (name, it) in waits(outcome) {
        let words = format!("95 % of {name} waits for a person are shorter");
        tiles.push((format!("{:.1} s", it.p95_s), words));
    }
    page.push_str("<div class=\"tiles\">");
    for (value, words) in tiles {
        let _ = write!(
            page,
            "<div class=\"tile\"><b>{value}</b><span>{words}</span></div>"
        );
    }
    page.push_str("</div>");
}

fn waits(outcome: &Outcome) -> Vec<(&'static str, Waits)> {
    let all = [
        ("standard", outcome.queueing.standard),
        ("VIP", outcome.queueing.vip),
    ];
    all.into_iter().filter(|(_, it)| it.served > 0).collect()
}

fn latencies(outcome: &Outcome, page: &mut String) {
    page.push_str(
        "<h2>Latencies, ms</h2><p>Messages are timed from the moment they were meant to be sent, \
         so that a server that holds its customers up cannot look fast.</p><table><tr><th></th>",
    );
    for name in ["count", "mean", "50 %", "90 %", "99 %", "99.9 %", "max"] {
        let _ = write!(page, "<th>{name}</th>");
    }
    page.push_str("</tr>");
    for (latency, it) in &outcome.latencies_ms {
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}</td>",
            spaced(&word(latency)),
            it.count
        );
        for value in [it.mean, it.p50, it.p90, it.p99, it.p999, it.max] {
            let _ = write!(page, "<td>{value:.1}</td>");
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

fn counts(outcome: &Outcome, page: &mut String) {
    page.push_str("<h2>What happened</h2><table>");
    for (count, number) in &outcome.counts {
        let name = spaced(&word(count));
        let _ = write!(page, "<tr><td>{name}</td><td>{number}</td></tr>");
    }
    for (refusal, number) in &outcome.refusals {
        let name = spaced(refusal);
        let _ = write!(page, "<tr><td>refused: {name}</td><td>{number}</td></tr>");
    }
    for (name, it) in waits(outcome) {
        let _ = write!(
            page,
            "<tr><td>{name} waits: served, gave up, p50, p95, max</td><td>{}, {}, {:.1} s, {:.1} s, \
             {:.1} s</td></tr>",
            it.served, it.gave_up, it.p50_s, it.p95_s, it.max_s
        );
    }
    page.push_str("</table>");
}

fn checked(outcome: &Outcome, page: &mut String) {
    let history = &outcome.history;
    let _ = write!(
        page,
        "<h2>Promises checked</h2><p>Everything that every client saw was held against the transcripts, \
         read again at the end: {} conversations, {} events, {} observations, {} acknowledgements, {} \
         transcripts compared by hash with a later reading. Anomalies: <b>{}</b>. Checked are: acknowledged \
         is stored, one order for everybody, numbers dense, resent once, resumed without gap, one agent a \
         conversation, capacity never exceeded, one open conversation a customer, order of the queue, no \
         whisper before a customer.</p>",
        history.conversations,
        history.events,
        history.observations,
        history.acknowledged,
        history.reread,
        history.total()
    );
    if !history.is_clean() {
        let _ = write!(page, "<pre>{}</pre>", escaped(&history.words()));
    }
}

fn trust(outcome: &Outcome, page: &mut String) {
    let machine = &outcome.machine;
    let lag = outcome.latencies_ms.get(&Latency::OwnLag);
    let mut notes = vec![
        format!(
            "{} with {} processors, {:.1} GB, Linux {}; {}; commit {}.",
            escaped(&machine.processor),
            machine.cores,
            machine.memory_bytes as f64 / 1e9,
            escaped(&machine.kernel),
            machine.date(),
            escaped(&machine.commit)
        ),
        format!(
            "The machine was {:.0} % busy, of which the harness took {:.0} % of the machine.",
            outcome.machine_busy * 100.0,
            outcome.own_share * 100.0
        ),
        format!(
            "The harness itself was late by {:.1} ms at the 99th percentile, {:.1} ms at most.",
            lag.map_or(0.0, |it| it.p99),
            lag.map_or(0.0, |it| it.max)
        ),
        format!(
            "Behaviour of customers and agents: {}",
            escaped(&outcome.shape_source)
        ),
    ];
    if outcome.queueing.estimates.told > 0 {
        notes.push(format!(
            "Of {} estimates {} were for waits longer than 60 s, of which {} were right; a shorter wait \
             excuses almost any estimate.",
            outcome.queueing.estimates.told,
            outcome.queueing.estimates.told_long,
            outcome.queueing.estimates.right_long
        ));
    }
    page.push_str("<h2>How far to trust this</h2><ul>");
    for note in notes {
        let _ = write!(page, "<li>{note}</li>");
    }
    page.push_str("</ul>");
}

fn spaced(name: &str) -> String {
    escaped(&name.replace('_', " "))
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A report is handed around; the logins of a live tenant are not.
fn without_passwords(toml: &str) -> String {
    let lines = toml.lines().map(|line| match line.split_once('=') {
        Some((key, _)) if key.trim() == "password" => format!("{key}= \"…\"\n"),
        _ => format!("{line}\n"),
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_does_not_reach_the_page() {
        let text = without_passwords("login = \"sun\"\npassword = \"secret-word\"\n");
        assert_eq!(text, "login = \"sun\"\npassword = \"…\"\n");
    }
}

//! What each tenant had of a run with several: the busiest by name, the others as one.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::drive::{Count, Outcome, TenantPart};

/// Told by name.
const TOLD: usize = 8;

/// For the page of text.
pub(super) fn lines(outcome: &Outcome, page: &mut String) {
    let Some(words) = words(&outcome.tenants) else {
        return;
    };
    let _ = writeln!(page, "{words}");
    let _ = writeln!(
        page,
        "{:<14} {:>7} {:>7} {:>8} {:>9} {:>7} {:>8} {:>9} {:>9}",
        "tenant",
        "share",
        "agents",
        "arrived",
        "messages",
        "served",
        "gave up",
        "ack p50",
        "ack p99"
    );
    for part in told(&outcome.tenants) {
        let _ = writeln!(
            page,
            "{:<14} {:>6.1}% {:>7} {:>8} {:>9} {:>7} {:>8} {:>9} {:>9}",
            part.tenant,
            part.share * 100.0,
            part.agents,
            part.count(Count::Arrived),
            part.count(Count::CustomerMessages),
            part.count(Count::Joined),
            part.count(Count::GaveUp),
            ms(part.ack_p50_ms),
            ms(part.ack_p99_ms)
        );
    }
    let _ = writeln!(page);
}

/// For the page of HTML.
pub(super) fn section(outcome: &Outcome, page: &mut String) {
    let Some(words) = words(&outcome.tenants) else {
        return;
    };
    let _ = write!(page, "<h2>Tenants</h2><p>{words}</p><table><tr>");
    for name in [
        "",
        "share",
        "expected",
        "agents",
        "arrived",
        "messages",
        "served",
        "gave up",
        "ack 50 %, ms",
        "ack 99 %, ms",
    ] {
        let _ = write!(page, "<th>{name}</th>");
    }
    page.push_str("</tr>");
    for part in told(&outcome.tenants) {
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{:.1} %</td><td>{:.1} %</td>",
            super::html::escaped(&part.tenant),
            part.share * 100.0,
            part.expected_share * 100.0
        );
        for count in [
            part.agents as u64,
            part.count(Count::Arrived),
            part.count(Count::CustomerMessages),
            part.count(Count::Joined),
            part.count(Count::GaveUp),
        ] {
            let _ = write!(page, "<td>{count}</td>");
        }
        for figure in [part.ack_p50_ms, part.ack_p99_ms] {
            let _ = write!(page, "<td>{}</td>", ms(figure));
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

/// `None` where a run has one tenant: there is nothing to compare.
fn words(tenants: &[TenantPart]) -> Option<String> {
    let (_, [_, ..]) = tenants.split_first()? else {
        return None;
    };
    let largest = tenants.iter().max_by(|a, b| a.share.total_cmp(&b.share))?;
    Some(format!(
        "{} tenants; the largest, {}, has {:.1} % of all arrivals ({:.1} % by its weight)",
        tenants.len(),
        largest.tenant,
        largest.share * 100.0,
        largest.expected_share * 100.0
    ))
}

/// The first ones, and a last one that is all the others together; percentiles do not add up, so it
/// has none.
fn told(tenants: &[TenantPart]) -> Vec<TenantPart> {
    if tenants.len() <= TOLD + 1 {
        return tenants.to_vec();
    }
    let (first, others) = tenants.split_at(TOLD);
    let mut counts = BTreeMap::new();
    for (count, number) in others.iter().flat_map(|it| &it.counts) {
        *counts.entry(*count).or_default() += number;
    }
    let rest = TenantPart {
        tenant: format!("{} others", others.len()),
        agents: others.iter().map(|it| it.agents).sum(),
        share: others.iter().map(|it| it.share).sum(),
        expected_share: others.iter().map(|it| it.expected_share).sum(),
        counts,
        ack_p50_ms: None,
        ack_p99_ms: None,
    };
    let mut told = first.to_vec();
    told.push(rest);
    told
}

fn ms(figure: Option<f64>) -> String {
    figure.map_or_else(String::new, |ms| format!("{ms:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(rank: usize, share: f64) -> TenantPart {
        TenantPart {
            tenant: format!("shop-{rank}"),
            agents: rank,
            share,
            expected_share: share,
            counts: BTreeMap::from([(Count::Arrived, 10)]),
            ack_p50_ms: Some(1.0),
            ack_p99_ms: Some(2.0),
        }
    }

    #[test]
    fn the_busiest_are_told_by_name_and_the_others_together() {
        let twenty: Vec<TenantPart> = (1..=20).map(|rank| part(rank, 0.05)).collect();
        let told = told(&twenty);
        assert_eq!(told.len(), TOLD + 1);
        assert_eq!(told[..TOLD], twenty[..TOLD]);
        let rest = &told[TOLD];
        assert_eq!(rest.tenant, "12 others");
        assert_eq!(
            (rest.count(Count::Arrived), rest.agents),
            (120, (9..=20).sum())
        );
        assert!((rest.share - 0.6).abs() < 1e-9);
    }

    #[test]
    fn one_tenant_is_not_told_of_and_of_several_the_largest_is_named() {
        assert_eq!(words(&[part(1, 1.0)]), None);
        assert_eq!(words(&[]), None);
        let words = words(&[part(1, 0.4), part(2, 0.6)]).expect("two");
        assert!(words.contains("shop-2, has 60.0 %"), "{words}");
    }
}

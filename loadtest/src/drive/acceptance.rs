//! From when everybody's words were due and acknowledged: how long conversations accepted nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::talk::Word;

/// An answer later than this was kept waiting by the fault; all others count as prompt.
const HELD_US: u64 = 500_000;
/// Who had something unanswered at the fault, or something to say so soon after it, noticed all of it.
const ASKED_US: u64 = 1_000_000;

/// What a fault did to conversations. Times are milliseconds after the fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Acceptance {
    /// Conversations that spoke at all.
    pub conversations: u64,
    /// Of these, those that had something to say within a second after the fault. The figures below are
    /// theirs: whoever spoke later cannot tell how long it would have waited before.
    pub asked: u64,
    /// Of these, those answered later than half a second.
    pub kept_waiting: u64,
    /// Until the conversation accepted a message again; 0 where it answered as ever.
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
    pub within_5_s: f64,
    pub within_10_s: f64,
    /// The same over all conversations, whenever they spoke after the fault.
    pub kept_waiting_of_all: u64,
    pub max_of_all_ms: f64,
    /// Conversations with words that were never acknowledged.
    pub never: u64,
    pub curve: Vec<Accepting>,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Accepting {
    /// After the fault.
    pub at_s: f64,
    /// Of the conversations that had something to say by then, those not kept waiting.
    pub share: f64,
    /// Of all conversations, those that had something acknowledged since the fault.
    pub heard: f64,
}

/// One conversation, as of the fault.
struct Held {
    /// When its first words were due that the fault may have met; 0 for those before it.
    asked_us: u64,
    /// When its words were acknowledged that were kept waiting; `u64::MAX` for never.
    until_us: Option<u64>,
    /// Its first acknowledgement after the fault.
    heard_us: u64,
}

impl Acceptance {
    /// All times in microseconds of one clock; `lasting_s` is how far the curve goes.
    pub fn of(words: &[Word], fault_us: u64, lasting_s: f64) -> Self {
        let held = held(words, fault_us);
        let spoke: std::collections::BTreeSet<u32> = words.iter().map(|it| it.customer).collect();
        let asked: Vec<&Held> = held.values().filter(|it| it.asked_us <= ASKED_US).collect();
        let mut times: Vec<u64> = asked.iter().map(|it| it.until_us.unwrap_or(0)).collect();
        times.sort_unstable();
        let share_within = |us: u64| {
            let well = times.iter().filter(|it| **it <= us).count();
            well as f64 / times.len().max(1) as f64
        };
        let of_all = || held.values().filter_map(|it| it.until_us);
        Self {
            conversations: spoke.len() as u64,
            asked: asked.len() as u64,
            kept_waiting: asked.iter().filter(|it| it.until_us.is_some()).count() as u64,
            p50_ms: ms(at(&times, 0.5)),
            p99_ms: ms(at(&times, 0.99)),
            max_ms: ms(at(&times, 1.0)),
            within_5_s: share_within(5_000_000),
            within_10_s: share_within(10_000_000),
            kept_waiting_of_all: of_all().count() as u64,
            max_of_all_ms: ms(of_all().max().unwrap_or(0)),
            never: of_all().filter(|it| *it == u64::MAX).count() as u64,
            curve: curve(&held, spoke.len(), lasting_s),
        }
    }
}

fn held(words: &[Word], fault_us: u64) -> BTreeMap<u32, Held> {
    let mut held: BTreeMap<u32, Held> = BTreeMap::new();
    let mut words: Vec<&Word> = words.iter().collect();
    words.sort_by_key(|it| it.due_us);
    for word in words {
        let acked_us = word.acked_us.unwrap_or(u64::MAX);
        if acked_us < fault_us {
            continue;
        }
        let asked_us = word.due_us.saturating_sub(fault_us);
        let after_us = match word.acked_us {
            Some(acked) => acked - fault_us,
            None => u64::MAX,
        };
        let it = held.entry(word.customer).or_insert(Held {
            asked_us,
            until_us: None,
            heard_us: u64::MAX,
        });
        it.heard_us = it.heard_us.min(after_us);
        // What comes later than its first words met something else, such as the node's coming back.
        let is_first = asked_us <= it.asked_us.max(ASKED_US);
        if is_first && it.until_us.is_none() && after_us.saturating_sub(asked_us) > HELD_US {
            it.until_us = Some(after_us);
        }
    }
    held
}

fn curve(held: &BTreeMap<u32, Held>, all: usize, lasting_s: f64) -> Vec<Accepting> {
    let steps = (lasting_s * 10.0).ceil().max(1.0) as u64;
    let points = (0..=steps).map(|step| {
        let at_us = step * 100_000;
        let asked = held.values().filter(|it| it.asked_us <= at_us).count();
        let away = |it: &&Held| it.asked_us <= at_us && it.until_us.is_some_and(|it| it > at_us);
        let away = held.values().filter(away).count();
        let heard = held.values().filter(|it| it.heard_us <= at_us).count();
        Accepting {
            at_s: step as f64 / 10.0,
            share: 1.0 - away as f64 / asked.max(1) as f64,
            heard: heard as f64 / all.max(1) as f64,
        }
    });
    points.collect()
}

/// Of sorted values, the smallest that so large a share lies at or below.
fn at(sorted: &[u64], share: f64) -> u64 {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted
        .get(rank.clamp(1, sorted.len().max(1)) - 1)
        .copied()
        .unwrap_or(0)
}

/// Never is told as an hour.
fn ms(us: u64) -> f64 {
    us.min(3_600_000_000) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(customer: u32, due_ms: u64, acked_ms: Option<u64>) -> Word {
        Word {
            customer,
            due_us: due_ms * 1_000,
            acked_us: acked_ms.map(|it| it * 1_000),
        }
    }

    #[test]
    fn the_wait_counts_from_the_fault_and_prompt_answers_are_none() {
        let words = [
            // Answered before it: says nothing of the fault.
            word(1, 9_000, Some(9_010)),
            word(1, 10_500, Some(10_510)),
            // Another cause.
            word(1, 12_000, Some(13_500)),
            // Under way at the fault, with more words given meanwhile.
            word(2, 9_990, Some(13_000)),
            word(2, 12_900, Some(13_001)),
            word(2, 20_000, Some(22_000)),
            // Asked late: no figure, and yet kept waiting.
            word(3, 12_000, Some(14_000)),
        ];
        let it = Acceptance::of(&words, 10_000_000, 5.0);
        assert_eq!((it.conversations, it.asked, it.kept_waiting), (3, 2, 1));
        assert_eq!((it.p50_ms, it.p99_ms, it.max_ms), (0.0, 3_000.0, 3_000.0));
        assert_eq!((it.kept_waiting_of_all, it.max_of_all_ms), (2, 4_000.0));
        assert_eq!((it.within_5_s, it.never), (1.0, 0));
        let at = |s: usize| (it.curve[s * 10].share, it.curve[s * 10].heard);
        assert_eq!(at(1), (0.5, 1.0 / 3.0));
        assert_eq!(at(5), (1.0, 1.0));
    }

    #[test]
    fn words_that_were_never_acknowledged_are_told_and_miss_every_bound() {
        let it = Acceptance::of(&[word(1, 10_200, None)], 10_000_000, 1.0);
        assert_eq!((it.never, it.within_10_s), (1, 0.0));
        assert_eq!(it.max_ms, 3_600_000.0);
        assert_eq!(it.curve[10].share, 0.0);
    }
}

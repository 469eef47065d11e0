//! G7: nothing of the desk is in a customer's bytes.

use std::collections::BTreeSet;
use std::sync::Arc;

use crest_actors::conversation::{CustomerEntry, Ephemeral, Place, Role, Speaker};
use crest_actors::effect::{CustomerState, Push};
use crest_actors::ids::{AgentId, Seq};
use proptest::prelude::*;

use super::samples::{CONVERSATION, VARIANTS, entry, events, summary, variant};
use crate::translate::{customer_event, customer_page, frames, staff_event};

fn contains(bytes: &[u8], secret: &str) -> bool {
    bytes
        .windows(secret.len())
        .any(|part| part == secret.as_bytes())
}

fn bytes_of(push: &Push) -> Vec<u8> {
    let mut bytes = Vec::new();
    frames(push, &mut |reference, frame| {
        frame.encode_into(reference, &mut bytes);
    });
    bytes
}

#[test]
fn every_event_has_a_sample() {
    let seen: BTreeSet<usize> = events("s").iter().map(variant).collect();
    assert_eq!(seen, (0..VARIANTS).collect());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_secret_never_reaches_a_customer(secret in "[A-Z]{12}|小纸条[a-z]{8}") {
        let events = events(&secret);
        let mut shown = Vec::new();
        let mut told_to_staff = 0;
        for (n, event) in events.into_iter().enumerate() {
            let entry = entry(n as u64 + 1, event);
            if let Some(seen) = CustomerEntry::of(&entry) {
                let bytes = customer_event(CONVERSATION, &seen).encode(None);
                prop_assert!(!contains(&bytes, &secret), "{:?}", entry.event);
                shown.push(seen);
            }
            let bytes = staff_event(CONVERSATION, &entry).encode(None);
            told_to_staff += usize::from(contains(&bytes, &secret));
        }
        // The samples do carry it: staff see it more than twenty times.
        prop_assert!(told_to_staff > 20, "{told_to_staff}");

        let page = customer_page(CONVERSATION, &shown, false, false).encode(Some(1));
        prop_assert!(!contains(&page, &secret));
        let push = Push::AttachedCustomer {
            link: 1,
            conversation: CONVERSATION,
            last: Seq(shown.len() as u64),
            history: shown,
            state: CustomerState {
                opening: 0,
                open: true,
                waiting: true,
                may_rate: true,
                place: Some(Place { position: 1, wait_minutes: None }),
            },
        };
        prop_assert!(!contains(&bytes_of(&push), &secret));

        for ephemeral in [Ephemeral::Typing, Ephemeral::Read { up_to: Seq(1) }] {
            let supervisor = Role::Supervisor(AgentId::new(&secret));
            let staff = Push::Ephemeral {
                conversation: CONVERSATION,
                from: supervisor,
                ephemeral: ephemeral.clone(),
            };
            prop_assert!(contains(&bytes_of(&staff), &secret));
            let customer = Push::CustomerEphemeral {
                conversation: CONVERSATION,
                from: Speaker::Desk,
                ephemeral,
            };
            prop_assert!(!contains(&bytes_of(&customer), &secret));
        }
    }
}

/// The twin for staff shows what the customer's leaves out.
#[test]
fn staff_are_attached_to_the_whole() {
    let push = Push::AttachedStaff {
        link: 1,
        conversation: CONVERSATION,
        history: vec![Arc::new(entry(1, events("SECRET").swap_remove(4)))],
        last: Seq(1),
        summary: Box::new(summary("lin")),
    };
    assert!(contains(&bytes_of(&push), "SECRET"));
}

//! Explores the real `apply` and `replay` of customer, conversation, agent and queue: every message
//! ever sent may arrive never, once or many times, in any order; actors die and are replayed;
//! appends fail. ARCHITECTURE.md, "Steps that cross actors", has the rules; each deviation from one
//! of them is planted here and must be caught.
//!
//! What is bounded and what is merged is said in `protocol/rules.rs` and `protocol/world.rs`.
//! `CREST_EXPLORE=n` multiplies the bound on states of the safe rules.

#[path = "protocol/acts.rs"]
mod acts;
#[path = "protocol/belief.rs"]
mod belief;
#[path = "protocol/bend.rs"]
mod bend;
#[path = "protocol/life.rs"]
mod life;
#[path = "protocol/model.rs"]
mod model;
#[path = "protocol/oracle.rs"]
mod oracle;
#[path = "protocol/rules.rs"]
mod rules;
#[path = "protocol/scene.rs"]
mod scene;
#[path = "protocol/settle.rs"]
mod settle;
#[path = "protocol/transport.rs"]
mod transport;
#[path = "protocol/world.rs"]
mod world;

use std::time::Duration;

use stateright::{Checker, HasDiscoveries, Model};

use model::Protocol;
use rules::{Fault, Rules};

/// Long enough for the slowest core; a run that is cut by it says so.
const TIME_OUT: Duration = Duration::from_secs(600);

/// A mutant not caught within so many has escaped.
const MUTANT_STATES: usize = 60_000;

/// The rules as they are: nothing may fail, and everything hoped for must be reachable.
fn holds(rules: Rules, states: usize, reached: &[&str]) {
    let times = std::env::var("CREST_EXPLORE").ok();
    let times = times.and_then(|it| it.parse().ok()).unwrap_or(1);
    let bound = states * times;
    let checker = Protocol::new(rules, None)
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(bound)
        .timeout(TIME_OUT)
        .spawn_bfs()
        .join();
    let (seen, depth) = (checker.unique_state_count(), checker.max_depth());
    println!("{seen} states to depth {depth}, bound {bound}");
    checker.model().walk_again();
    for (name, path) in checker.discoveries() {
        let failed = checker
            .model()
            .property(name)
            .expectation
            .discovery_is_failure();
        assert!(!failed, "{name}: {:#?}", path.into_actions());
    }
    let found = checker.discoveries();
    for name in reached {
        assert!(found.contains_key(name), "never reached: {name}");
    }
}

/// A deviation from the rules: `property` alone must tell.
fn caught(fault: Fault, rules: Rules, property: &'static str) {
    let checker = Protocol::new(Rules { fault, ..rules }, Some(property))
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .target_state_count(MUTANT_STATES)
        .timeout(TIME_OUT)
        .spawn_bfs()
        .join();
    checker.model().walk_again();
    let found = checker.discoveries();
    let states = checker.unique_state_count();
    let (depth, others) = (checker.max_depth(), found.keys().collect::<Vec<_>>());
    println!("{fault:?}: {states} states to depth {depth}");
    assert!(
        found.contains_key(property),
        "{fault:?} was not caught: {states} states, {others:?}"
    );
}

#[test]
fn claims_hold_whatever_a_queue_asks() {
    holds(
        Rules::claims(),
        12_000,
        &[rules::BOTH_OFFERED, rules::ACTIVE, rules::TRANSFERRED],
    );
}

#[test]
fn claims_hold_when_appends_fail() {
    holds(Rules::failing(), 4_000, &[rules::ACTIVE]);
}

#[test]
fn claims_hold_under_force() {
    holds(Rules::forced(), 4_000, &[rules::ACTIVE]);
}

#[test]
fn nobody_who_waits_is_forgotten() {
    holds(Rules::queue(), 8_000, &[rules::BOTH_OFFERED, rules::ACTIVE]);
}

#[test]
fn one_is_open_a_customer_and_channel() {
    holds(Rules::pointer(), 12_000, &[rules::REOPENED]);
}

#[test]
fn all_of_it_together() {
    holds(Rules::whole(), 3_000, &[rules::ACTIVE]);
}

macro_rules! mutants {
    ($($name:ident: $fault:expr, $rules:expr, $property:expr;)*) => {$(
        #[test]
        fn $name() {
            caught($fault, $rules, $property);
        }
    )*};
}

mutants! {
    an_agent_that_forgets_its_ledger_is_caught:
        Fault::ForgetsLedger, Rules::claims(), rules::FULL_GRANT;
    load_counted_from_conversations_is_caught:
        Fault::LedgerFromConversations, Rules::claims(), rules::FULL_GRANT;
    forced_work_left_out_of_load_is_caught:
        Fault::ForgetsForced, Rules::forced(), rules::FULL_GRANT;
    effects_before_the_append_are_caught_at_the_agent:
        Fault::AgentTellsFirst, Rules::failing(), rules::CAPACITY;
    effects_before_the_append_are_caught_at_the_conversation:
        Fault::ConversationTellsFirst, Rules::failing(), rules::CAPACITY;
    effects_before_the_append_are_caught_at_the_customer:
        Fault::CustomerTellsFirst, Rules::pointer(), rules::ONE_OPEN;
    a_reservation_that_lapses_is_caught:
        Fault::Lapses, Rules::claims(), rules::CAPACITY;
    a_release_before_the_transfer_is_caught:
        Fault::ReleasesFirst, Rules::claims(), rules::CAPACITY;
    an_acceptance_by_conversation_only_is_caught:
        Fault::AcceptsByConversation, Rules::claims(), rules::ACCEPTED_OTHER;
    a_grant_for_any_position_is_caught:
        Fault::AnyPosition, Rules::claims(), rules::LEAKED;
    asking_only_until_confirmed_is_caught:
        Fault::AsksUntilConfirmed, Rules::claims(), rules::LEAKED;
    dropping_on_pick_is_caught:
        Fault::DropsOnPick, Rules::queue(), rules::FORGOTTEN;
    announcing_only_once_is_caught:
        Fault::AnnouncesOnce, Rules::queue(), rules::FORGOTTEN;
    withdrawing_by_conversation_is_caught:
        Fault::WithdrawsByConversation, Rules::queue(), rules::FORGOTTEN;
    a_no_without_withdrawal_is_caught:
        Fault::KeepsDeadEntries, Rules::queue(), rules::GHOST;
    a_conversation_that_nobody_wakes_is_caught:
        Fault::NobodyWakes, Rules::queue(), rules::FORGOTTEN;
    a_pointer_that_is_never_cleared_is_caught:
        Fault::NeverCleared, Rules::pointer(), rules::MUTE;
    clearing_by_conversation_only_is_caught:
        Fault::ClearsByConversation, Rules::pointer(), rules::ONE_OPEN;
}

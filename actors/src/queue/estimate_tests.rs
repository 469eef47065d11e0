use super::*;

fn observed() -> Observed {
    Observed {
        pressed_s: 120,
        drained: 120,
        ..Observed::default()
    }
}

/// One a second can be taken.
const ONE_A_SECOND: Desks = Desks {
    slots: 300.0,
    handling_ms: 300_000,
};

fn wait_s(observed: &Observed, desks: Desks, ahead: usize, head_start_ms: i64) -> f64 {
    let wait_s = Flow::of(observed.clone(), desks).wait_s(ahead, head_start_ms);
    wait_s.expect("something drains").round()
}

#[test]
fn those_ahead_and_oneself_leave_at_the_drain() {
    assert_eq!(wait_s(&observed(), ONE_A_SECOND, 0, 0), 1.0);
    assert_eq!(wait_s(&observed(), ONE_A_SECOND, 59, 0), 60.0);
}

#[test]
fn half_of_the_drain_is_what_was_assigned_and_half_what_desks_can_take() {
    let slow = Observed {
        drained: 60,
        ..observed()
    };
    assert_eq!(wait_s(&slow, ONE_A_SECOND, 149, 0), 200.0);
}

#[test]
fn without_evidence_the_desks_alone_are_believed() {
    let fresh = Observed {
        pressed_s: 0,
        drained: 0,
        ..observed()
    };
    assert_eq!(wait_s(&fresh, ONE_A_SECOND, 99, 0), 100.0);
}

#[test]
fn in_seconds_when_nobody_waited_the_desks_stand_in() {
    let young = Observed {
        pressed_s: 30,
        drained: 0,
        ..observed()
    };
    // Nothing came in 30 of 120 s: a quarter less by assignments, an eighth less in all.
    assert_eq!(wait_s(&young, ONE_A_SECOND, 69, 0), 80.0);
}

#[test]
fn few_assignments_of_a_small_group_count_less_than_half() {
    let desks = Desks {
        slots: 5.0,
        handling_ms: 300_000,
    };
    let none = Observed {
        drained: 0,
        ..observed()
    };
    assert_eq!(wait_s(&none, desks, 0, 0), 67.0);
}

/// A constant flow of arrivals with this head start in seconds.
fn steady(head_start_s: f64, per_s: f32) -> (f64, [f32; SPANS]) {
    let sums = std::array::from_fn(|back| per_s * SPAN_S as f32 * (back + 1) as f32);
    (head_start_s, sums)
}

#[test]
fn arrivals_outrank_only_until_their_head_start_has_passed() {
    let mut vip = observed();
    vip.arrivals = vec![steady(300.0, 0.5)];
    assert_eq!(
        wait_s(&vip, ONE_A_SECOND, 99, 0),
        200.0,
        "for all of the wait"
    );
    assert_eq!(wait_s(&vip, ONE_A_SECOND, 599, 0), 750.0, "for 300 s of it");
    assert_eq!(
        wait_s(&vip, ONE_A_SECOND, 99, 300_000),
        100.0,
        "one of their own kind"
    );
    vip.arrivals.push(steady(0.0, 5.0));
    assert_eq!(
        wait_s(&vip, ONE_A_SECOND, 99, 300_000),
        100.0,
        "newcomers never"
    );
}

#[test]
fn a_peak_is_expected_to_last_as_long_as_it_has() {
    // One a second for the last minute, nobody before.
    let mut peak = observed();
    peak.arrivals = vec![(
        900.0,
        std::array::from_fn(|back| 10.0 * (back + 1).min(6) as f32),
    )];
    assert_eq!(wait_s(&peak, ONE_A_SECOND, 239, 0), 300.0);
}

#[test]
fn a_tenth_of_the_drain_is_left_whatever_arrives() {
    let mut flood = observed();
    flood.arrivals = vec![steady(900.0, 100.0)];
    assert_eq!(wait_s(&flood, ONE_A_SECOND, 9, 0), 100.0);
}

#[test]
fn those_ahead_who_give_up_shorten_the_wait() {
    // Of 100 waiting one gives up each second.
    let quitting = Observed {
        abandoned: 120,
        waiting_s: 12_000,
        ..observed()
    };
    assert_eq!(wait_s(&quitting, ONE_A_SECOND, 199, 0), 100.0);
}

#[test]
fn minutes_are_rounded_up_and_hidden_where_nothing_drains() {
    let flow = Flow::of(observed(), ONE_A_SECOND);
    assert_eq!(flow.wait_minutes(0, 0), Some(1));
    assert_eq!(flow.wait_minutes(60, 0), Some(2));
    let nobody = Desks {
        slots: 0.0,
        handling_ms: 300_000,
    };
    let idle = Observed {
        drained: 0,
        ..observed()
    };
    assert_eq!(Flow::of(idle, nobody).wait_minutes(0, 0), None);
}

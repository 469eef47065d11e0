//! One fault each, seeded, with the promise it breaks and where the checker must point.

use crest_schema::frame::Id;
use rand::RngExt;

use super::SEEDS;
use super::sample::{self, AGENTS, FIRST_CUSTOMER, Run, SUPERVISOR};
use crate::history::{
    Anomaly, By, Fact, Kind, MARKER, Promise, Seen, Side, Transcript, check, digest,
};

/// Makes the fault in runs of many seeds; each must break exactly these promises, the first of them
/// where `place` says.
fn caught(promises: &[Promise], mutate: impl Fn(&mut Run) -> Place) {
    for seed in 0..SEEDS {
        let mut run = sample::run(seed);
        let place = mutate(&mut run);
        let report = check(&run.history);
        let broken: Vec<Promise> = report.broken.keys().copied().collect();
        let mut expected = promises.to_vec();
        expected.sort();
        assert_eq!(broken, expected, "seed {seed}: {:#?}", report.anomalies);
        let named = |anomaly: &Anomaly| {
            anomaly.promise == promises[0]
                && place
                    .conversation
                    .is_none_or(|it| anomaly.conversation == Some(it))
                && place.seq.is_none_or(|it| anomaly.seq == Some(it))
                && place
                    .client
                    .as_ref()
                    .is_none_or(|it| anomaly.clients.contains(it))
        };
        assert!(
            report.anomalies.iter().any(named),
            "seed {seed}: {place:?} is not named by {:#?}",
            report.anomalies
        );
    }
}

/// Where the fault was made.
#[derive(Debug, Default)]
struct Place {
    conversation: Option<Id>,
    seq: Option<u64>,
    client: Option<String>,
}

impl Run {
    fn pick(&mut self, from: &[usize]) -> usize {
        from[self.rng.random_range(0..from.len())]
    }

    fn conversation(&mut self) -> usize {
        self.rng.random_range(0..sample::CONVERSATIONS)
    }

    /// Positions of the observations that `wanted` likes.
    fn observed(&self, wanted: impl Fn(Side, &Seen) -> bool) -> Vec<usize> {
        let side = |client: usize| self.history.clients[client].side;
        let all = self.history.observations.iter().enumerate();
        all.filter(|(_, it)| wanted(side(it.client), &it.seen))
            .map(|(index, _)| index)
            .collect()
    }

    fn place(&self, observation: usize) -> Place {
        let observed = &self.history.observations[observation];
        let (conversation, seq) = match &observed.seen {
            Seen::Event {
                conversation, seq, ..
            }
            | Seen::Acked {
                conversation, seq, ..
            } => (*conversation, *seq),
            other => panic!("{other:?} has no place"),
        };
        Place {
            conversation: Some(conversation),
            seq: Some(seq),
            client: Some(self.history.clients[observed.client].name.clone()),
        }
    }

    /// Takes an event out of a log and closes the hole, as a store would that lost it.
    fn forget(&mut self, conversation: usize, index: usize) {
        let entries = &mut self.history.transcripts[conversation].entries;
        let gone = entries.remove(index);
        for entry in &mut entries[index..] {
            entry.seq -= 1;
            if gone.customer_seq.is_some() {
                entry.customer_seq = entry.customer_seq.map(|seq| seq - 1);
            }
        }
    }

    fn logged(&self, conversation: usize, kind: Kind) -> usize {
        let entries = &self.history.transcripts[conversation].entries;
        let found = entries.iter().position(|entry| entry.fact.kind == kind);
        found.expect("every sample has one")
    }
}

fn is_message(seen: &Seen) -> bool {
    matches!(seen, Seen::Event { fact, .. } if fact.kind == Kind::Message)
}

#[test]
fn a_dropped_event_is_a_hole() {
    caught(&[Promise::Resume], |run| {
        let events = run.observed(|_, seen| is_message(seen));
        let dropped = run.pick(&events);
        let place = run.place(dropped);
        run.history.observations.remove(dropped);
        Place {
            seq: place.seq.map(|seq| seq + 1),
            ..place
        }
    });
}

#[test]
fn an_event_shown_twice_is_a_duplicate() {
    caught(&[Promise::Resume], |run| {
        let events = run.observed(|_, seen| is_message(seen));
        let doubled = run.pick(&events);
        let again = run.history.observations[doubled].clone();
        run.history.observations.insert(doubled + 1, again);
        run.place(doubled)
    });
}

#[test]
fn a_message_stored_twice_is_a_doubled_effect() {
    caught(&[Promise::OneEffect], |run| {
        let conversation = run.conversation();
        // After the close nobody looks any more; the sample's viewers are made to see it too.
        let log = &mut run.history.transcripts[conversation];
        let of_customer = |entry: &&crate::history::LogEntry| entry.fact.by == By::Customer;
        let mut copy = log.entries.iter().find(of_customer).expect("one").clone();
        copy.seq = log.entries.len() as u64 + 1;
        let last = log
            .entries
            .iter()
            .filter_map(|entry| entry.customer_seq)
            .max();
        copy.customer_seq = last.map(|seq| seq + 1);
        let place = Place {
            conversation: Some(log.conversation),
            seq: Some(copy.seq),
            client: None,
        };
        log.entries.push(copy);
        run.history
            .observations
            .retain(|it| it.seen != Seen::Settled);
        place
    });
}

#[test]
fn events_swapped_for_one_viewer_are_seen_in_different_orders() {
    caught(&[Promise::Order], |run| {
        let events = run.observed(|side, seen| side == Side::Staff && is_message(seen));
        let first = run.pick(&events);
        let client = run.history.observations[first].client;
        let place = run.place(first);
        let twin = run.history.observations[first + 1..].iter().position(|it| {
            it.client == client
                && matches!(&it.seen, Seen::Event { conversation, .. }
                    if Some(*conversation) == place.conversation)
        });
        let second = first + 1 + twin.expect("a rating follows every message");
        // The numbers stay in order; what they stand for is exchanged.
        let content = |run: &Run, index: usize| match &run.history.observations[index].seen {
            Seen::Event { fact, .. } => fact.clone(),
            other => panic!("{other:?}"),
        };
        let (one, other) = (content(run, first), content(run, second));
        for (index, with) in [(first, other), (second, one)] {
            if let Seen::Event { fact, .. } = &mut run.history.observations[index].seen {
                *fact = with;
            }
        }
        place
    });
}

#[test]
fn a_log_with_a_hole_is_not_dense() {
    caught(&[Promise::Dense], |run| {
        let conversation = run.conversation();
        let log = &mut run.history.transcripts[conversation];
        let last = log.entries.last_mut().expect("closed");
        last.seq += 1;
        Place {
            conversation: Some(log.conversation),
            seq: Some(last.seq),
            client: None,
        }
    });
}

#[test]
fn an_acknowledged_message_that_the_log_lost() {
    for seed in 0..SEEDS {
        let mut run = sample::run(seed);
        let conversation = run.conversation();
        let entries = &run.history.transcripts[conversation].entries;
        let own = entries
            .iter()
            .rposition(|entry| entry.fact.by == By::Customer);
        run.forget(conversation, own.expect("customers speak"));
        let report = check(&run.history);
        assert!(
            report.broken.contains_key(&Promise::Acknowledged),
            "seed {seed}"
        );
        assert!(report.broken.contains_key(&Promise::Shown), "seed {seed}");
        let lost = |it: &Anomaly| it.detail.contains("is not in the log");
        assert!(
            report.anomalies.iter().any(lost),
            "seed {seed}: {:#?}",
            report.anomalies
        );
    }
}

#[test]
fn an_acknowledgement_of_nothing() {
    caught(&[Promise::Acknowledged], |run| {
        let conversation = run.history.transcripts[run.rng.random_range(0..4)].conversation;
        let id = run.id();
        let seq = 10_000;
        run.saw(
            FIRST_CUSTOMER,
            0,
            Seen::Acked {
                id: Some(id),
                conversation,
                seq,
            },
        );
        Place {
            conversation: Some(conversation),
            seq: Some(seq),
            client: Some(run.history.clients[FIRST_CUSTOMER].name.clone()),
        }
    });
}

#[test]
fn a_resent_message_acknowledged_with_another_number() {
    caught(&[Promise::OneEffect, Promise::Acknowledged], |run| {
        let acks = run.observed(|_, seen| matches!(seen, Seen::Acked { .. }));
        let first = run.pick(&acks);
        let mut again = run.history.observations[first].clone();
        if let Seen::Acked { seq, .. } = &mut again.seen {
            *seq -= 1;
        }
        run.history.observations.insert(first + 1, again);
        run.place(first + 1)
    });
}

#[test]
fn a_message_refused_for_good_and_stored_all_the_same() {
    caught(&[Promise::OneEffect], |run| {
        // One that was sent by an agent, who never reconnects here, and so once.
        let acks =
            run.observed(|side, seen| side == Side::Staff && matches!(seen, Seen::Acked { .. }));
        let picked = run.pick(&acks);
        let place = run.place(picked);
        if let Seen::Acked { id: Some(id), .. } = run.history.observations[picked].seen {
            run.history.observations[picked].seen = Seen::Refused {
                id,
                code: 309,
                lasting: true,
            };
        }
        place
    });
}

#[test]
fn messages_stored_in_another_order_than_sent() {
    caught(&[Promise::Fifo], |run| {
        let conversation = run.conversation();
        let customer = FIRST_CUSTOMER + conversation;
        // Two more messages on a connection of their own: sent as one, other; stored as other, one.
        let (one, other) = (run.id(), run.id());
        let log = &mut run.history.transcripts[conversation];
        let template = log.entries[1].clone();
        let shown = log
            .entries
            .iter()
            .filter_map(|entry| entry.customer_seq)
            .max();
        for (offset, id) in [other, one].into_iter().enumerate() {
            let mut entry = template.clone();
            entry.seq = log.entries.len() as u64 + 1;
            entry.customer_seq = shown.map(|seq| seq + 1 + offset as u64);
            entry.fact = Fact {
                id: Some(id),
                content: digest(&id),
                by: By::Customer,
                ..entry.fact
            };
            log.entries.push(entry);
        }
        let place = Place {
            conversation: Some(log.conversation),
            seq: Some(log.entries.len() as u64 - 1),
            client: Some(run.history.clients[customer].name.clone()),
        };
        run.history
            .observations
            .retain(|it| it.seen != Seen::Settled);
        for id in [one, other] {
            run.saw(
                customer,
                99,
                Seen::Sent {
                    id,
                    content: digest(&id),
                },
            );
        }
        place
    });
}

#[test]
fn a_hole_after_resuming() {
    caught(&[Promise::Resume], |run| {
        let conversation = run.conversation();
        let customer = FIRST_CUSTOMER + conversation;
        let events = run.observed(|side, seen| side == Side::Customer && is_message(seen));
        let own = |index: &usize| run.history.observations[*index].client == customer;
        let events: Vec<usize> = events.into_iter().filter(own).collect();
        let last = run.history.observations[*events.last().expect("some")].clone();
        let Seen::Event {
            conversation, seq, ..
        } = last.seen
        else {
            panic!()
        };
        run.saw(
            customer,
            99,
            Seen::From {
                conversation,
                after: seq - 2,
            },
        );
        run.saw(customer, 99, last.seen);
        Place {
            conversation: Some(conversation),
            seq: Some(seq),
            client: Some(run.history.clients[customer].name.clone()),
        }
    });
}

#[test]
fn the_same_hole_is_no_fault_where_a_gap_says_so() {
    for seed in 0..SEEDS {
        let mut run = sample::run(seed);
        let events = run.observed(|_, seen| is_message(seen));
        let dropped = run.pick(&events);
        if let Seen::Event {
            conversation, seq, ..
        } = run.history.observations[dropped].seen
        {
            run.history.observations[dropped].seen = Seen::Gap {
                conversation,
                from: seq,
                to: seq,
            };
        }
        assert_eq!(check(&run.history).anomalies, [], "seed {seed}");
    }
}

#[test]
fn a_viewer_who_was_never_shown_the_last_event() {
    caught(&[Promise::Tail], |run| {
        let conversation = run.conversation();
        let wanted = run.history.transcripts[conversation].conversation;
        let events = run.observed(
            |_, seen| matches!(seen, Seen::Event { conversation, .. } if *conversation == wanted),
        );
        let supervisors = |index: &usize| run.history.observations[*index].client == SUPERVISOR;
        let last = events.into_iter().rfind(supervisors).expect("it watches");
        let place = run.place(last);
        run.history.observations.remove(last);
        place
    });
}

#[test]
fn an_event_that_is_not_in_the_log() {
    caught(&[Promise::Shown], |run| {
        let conversation = run.conversation();
        let log = &mut run.history.transcripts[conversation];
        let gone = log.entries.pop().expect("closed");
        Place {
            conversation: Some(log.conversation),
            seq: Some(gone.seq),
            client: Some(run.history.clients[SUPERVISOR].name.clone()),
        }
    });
}

/// Writes into the log what no viewer saw: viewers of that event are forgotten first.
fn rewrite(run: &mut Run, conversation: usize, index: usize, change: impl Fn(&mut Fact)) -> Place {
    let log = &mut run.history.transcripts[conversation];
    let entry = &mut log.entries[index];
    change(&mut entry.fact);
    let (wanted, seq, customer_seq) = (log.conversation, entry.seq, entry.customer_seq);
    let side: Vec<Side> = run
        .history
        .clients
        .iter()
        .map(|client| client.side)
        .collect();
    for observed in &mut run.history.observations {
        if let Seen::Event {
            conversation,
            seq: shown,
            ..
        } = observed.seen
            && conversation == wanted
        {
            let same = match side[observed.client] {
                Side::Staff => shown == seq,
                Side::Customer => Some(shown) == customer_seq,
            };
            if same {
                observed.seen = Seen::Gap {
                    conversation,
                    from: shown,
                    to: shown,
                };
            }
        }
    }
    Place {
        conversation: Some(wanted),
        seq: Some(seq),
        client: None,
    }
}

#[test]
fn a_conversation_given_to_two_agents() {
    caught(&[Promise::OneAgent], |run| {
        let conversation = run.conversation();
        let accepted = run.logged(conversation, Kind::Accepted);
        let other = format!("agent-{}", 1 + (conversation + 1) % AGENTS);
        // Its agent goes on speaking after another one accepted too.
        rewrite(run, conversation, accepted, |fact| {
            fact.by = By::Agent(other.clone())
        })
    });
}

#[test]
fn an_agent_told_that_another_ones_conversation_is_its_own() {
    caught(&[Promise::OneAgent], |run| {
        let index = run.conversation();
        let conversation = run.history.transcripts[index].conversation;
        let other = 1 + (index + 1) % AGENTS;
        run.saw(other, 0, Seen::Assigned { conversation });
        Place {
            conversation: Some(conversation),
            seq: None,
            client: Some(run.history.clients[other].name.clone()),
        }
    });
}

#[test]
fn claims_above_capacity() {
    caught(&[Promise::Capacity], |run| {
        // Everything that one agent had is made to begin together.
        let mine: Vec<usize> = (0..sample::CONVERSATIONS).step_by(AGENTS).collect();
        let mut place = Place::default();
        for conversation in mine {
            let offered = run.logged(conversation, Kind::Offered);
            let log = &mut run.history.transcripts[conversation];
            for entry in &mut log.entries[offered..] {
                entry.at = entry.at % 100 + 50_000 + entry.seq;
            }
            log.entries[offered].at = 40_000 + conversation as u64;
            place.conversation = Some(log.conversation);
            place.seq = Some(log.entries[offered].seq);
        }
        place.client = Some("agent-1".to_owned());
        place
    });
}

#[test]
fn an_agent_told_of_more_load_than_it_can_take() {
    caught(&[Promise::Capacity], |run| {
        run.saw(
            2,
            0,
            Seen::Load {
                load: 3,
                capacity: 2,
            },
        );
        Place {
            client: Some("agent-2".to_owned()),
            ..Place::default()
        }
    });
}

#[test]
fn two_open_conversations_of_one_customer() {
    caught(&[Promise::OneConversation], |run| {
        let index = run.rng.random_range(1..sample::CONVERSATIONS);
        let earlier = run.history.transcripts[index - 1].customer.clone();
        let log = &mut run.history.transcripts[index];
        log.customer = earlier;
        Place {
            conversation: Some(log.conversation),
            seq: Some(1),
            client: None,
        }
    });
}

#[test]
fn a_whisper_in_a_frame_to_a_customer() {
    caught(&[Promise::Whisper], |run| {
        let index = run.conversation();
        let whisper = run.logged(index, Kind::Whisper);
        let log = &run.history.transcripts[index];
        let id = log.entries[whisper].fact.id.expect("sent");
        let conversation = log.conversation;
        run.saw(
            FIRST_CUSTOMER,
            0,
            Seen::Marked {
                text: format!("{MARKER}{id}"),
            },
        );
        Place {
            conversation: Some(conversation),
            seq: None,
            client: Some(run.history.clients[FIRST_CUSTOMER].name.clone()),
        }
    });
}

#[test]
fn a_whisper_shown_as_a_message() {
    caught(&[Promise::Whisper, Promise::Order], |run| {
        let whispers = run.observed(|_, seen| matches!(seen, Seen::Whispered { .. }));
        let whisper = run.pick(&whispers);
        let Seen::Whispered {
            text, conversation, ..
        } = &run.history.observations[whisper].seen
        else {
            panic!()
        };
        let (leaked, wanted) = (digest(text.as_str()), *conversation);
        let events = run.observed(|side, seen| {
            side == Side::Customer
                && is_message(seen)
                && matches!(seen, Seen::Event { conversation, .. } if *conversation == wanted)
        });
        let shown = run.pick(&events);
        let mut seen = run.history.observations[shown].clone();
        if let Seen::Event { fact, .. } = &mut seen.seen {
            fact.content = leaked;
        }
        let place = run.place(shown);
        // Shown after it was whispered.
        run.history.observations[shown].seen = Seen::From {
            conversation: wanted,
            after: place.seq.expect("an event"),
        };
        let connection = seen.connection + 50;
        let after = place.seq.expect("an event") - 1;
        run.saw(
            seen.client,
            connection,
            Seen::From {
                conversation: wanted,
                after,
            },
        );
        run.saw(seen.client, connection, seen.seen);
        place
    });
}

#[test]
fn a_whisper_that_leaves_a_hole_in_the_customers_numbers() {
    caught(&[Promise::Whisper], |run| {
        let index = run.conversation();
        let whisper = run.logged(index, Kind::Whisper);
        let log = &mut run.history.transcripts[index];
        // The whisper gets a number of the customer's, and everything behind it the next one.
        let shown = log.entries[..whisper]
            .iter()
            .filter_map(|entry| entry.customer_seq)
            .max();
        let number = shown.expect("somebody spoke") + 1;
        for entry in &mut log.entries[whisper + 1..] {
            entry.customer_seq = entry.customer_seq.map(|seq| seq + 1);
        }
        log.entries[whisper].customer_seq = Some(number);
        let place = Place {
            conversation: Some(log.conversation),
            seq: Some(whisper as u64 + 1),
            client: None,
        };
        run.history.observations.clear();
        place
    });
}

#[test]
fn a_staff_frame_to_a_customer() {
    caught(&[Promise::Whisper], |run| {
        run.saw(
            FIRST_CUSTOMER,
            0,
            Seen::StaffFrame {
                name: "offer".to_owned(),
            },
        );
        Place {
            client: Some(run.history.clients[FIRST_CUSTOMER].name.clone()),
            ..Place::default()
        }
    });
}

#[test]
fn bytes_that_are_not_a_frame() {
    caught(&[Promise::Protocol], |run| {
        run.saw(
            SUPERVISOR,
            0,
            Seen::Unreadable {
                why: "the bytes end inside a value".to_owned(),
            },
        );
        Place {
            client: Some("sun".to_owned()),
            ..Place::default()
        }
    });
}

#[test]
fn a_conversation_of_another_tenant_on_the_board() {
    caught(&[Promise::Shown], |run| {
        let conversation = run.id();
        // Attached to and refused; its transcript reads as nothing.
        let after = 0;
        run.saw(
            SUPERVISOR,
            0,
            Seen::From {
                conversation,
                after,
            },
        );
        run.saw(SUPERVISOR, 0, Seen::Detached { conversation });
        run.history
            .transcripts
            .push(Transcript::of(conversation, &[]));
        Place {
            conversation: Some(conversation),
            ..Place::default()
        }
    });
}

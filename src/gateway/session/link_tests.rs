use super::*;

const SESSION: SessionId = SessionId {
    node: 0,
    arbiter: 0,
    slot: 1,
    generation: 1,
};

fn live() -> Link {
    let mut link = Link::new(ConversationId([7; 16]), Role::Customer, Seq(0));
    link.attach(SESSION, Millis(0));
    assert!(link.attached(SESSION, Seq(0), Millis(0)).is_empty());
    link
}

fn numbers(notes: &[Note]) -> Vec<(u32, u32)> {
    let number = |note: &Note| match note {
        Note::Command {
            number, reference, ..
        } => (*number, *reference),
        other => panic!("not a command: {other:?}"),
    };
    notes.iter().map(number).collect()
}

#[test]
fn events_are_shown_once_and_in_order() {
    let mut link = live();
    let arrivals: Vec<_> = [1, 2, 2, 1, 4, 3]
        .map(|seq| link.event(Seq(seq), Millis(1)))
        .into();
    use Arrival::*;
    assert_eq!(arrivals, [Show, Show, Known, Known, Gap, Show]);
}

#[test]
fn commands_wait_for_the_attachment_and_keep_their_order() {
    let mut link = Link::new(ConversationId([7; 16]), Role::Customer, Seq(0));
    link.attach(SESSION, Millis(0));
    assert!(
        link.command(SESSION, 10, Command::AskHuman, Millis(0))
            .is_empty()
    );
    assert!(
        link.command(SESSION, 11, Command::Leave, Millis(0))
            .is_empty()
    );
    assert_eq!(
        numbers(&link.attached(SESSION, Seq(3), Millis(1))),
        [(0, 10), (1, 11)]
    );
    assert_eq!(
        numbers(&link.command(SESSION, 12, Command::Leave, Millis(1))),
        [(2, 12)]
    );
}

#[test]
fn unanswered_commands_are_numbered_anew_after_a_restart_of_the_owner() {
    let mut link = live();
    for reference in 0..3 {
        link.command(SESSION, reference, Command::AskHuman, Millis(0));
    }
    assert!(link.answered(Some(0), 0));
    assert!(!link.answered(Some(0), 0), "an answer counts once");
    link.attach(SESSION, Millis(1));
    assert_eq!(
        numbers(&link.attached(SESSION, Seq(5), Millis(1))),
        [(0, 1), (1, 2)]
    );
    assert!(
        !link.answered(Some(0), 0),
        "a late copy answers nobody else"
    );
    assert!(link.answered(Some(0), 1));
}

#[test]
fn a_missing_command_is_sent_again_with_all_after_it() {
    let mut link = live();
    for reference in 0..4 {
        link.command(SESSION, reference, Command::AskHuman, Millis(0));
    }
    assert_eq!(
        numbers(&link.resend(SESSION, 1, 2, Millis(1))),
        [(2, 2), (3, 3)]
    );
    assert!(
        link.resend(SESSION, 0, 2, Millis(1)).is_empty(),
        "an older link is ignored"
    );
}

#[test]
fn silence_is_broken_by_a_beat_and_an_unanswered_command_is_repeated() {
    let mut link = live();
    assert!(link.beat(SESSION, Millis(BEAT_MS - 1)).is_empty());
    assert_eq!(
        link.beat(SESSION, Millis(BEAT_MS)),
        [Note::Beat {
            session: SESSION,
            link: 1,
            last: Seq(0)
        }]
    );
    link.command(SESSION, 9, Command::AskHuman, Millis(BEAT_MS));
    let later = Millis(BEAT_MS + RESEND_AFTER_MS);
    assert_eq!(link.beat_at(), later);
    assert_eq!(numbers(&link.beat(SESSION, later)), [(0, 9)]);
}

#[test]
fn an_attachment_that_is_not_answered_is_asked_for_again_under_a_new_number() {
    let mut link = Link::new(ConversationId([7; 16]), Role::Customer, Seq(4));
    link.attach(SESSION, Millis(0));
    let again = link.beat(SESSION, Millis(ASK_AGAIN_MS));
    assert_eq!(
        again,
        [Note::Attach {
            session: SESSION,
            link: 2,
            role: Role::Customer,
            after: Seq(4)
        }]
    );
}

#[test]
fn an_event_without_room_is_asked_for_again() {
    let mut link = live();
    for seq in 1..=5 {
        assert_eq!(link.event(Seq(seq), Millis(1)), Arrival::Show);
    }
    link.rewind(Seq(4), Millis(1));
    link.rewind(Seq(5), Millis(1));
    assert_eq!(
        link.event(Seq(6), Millis(1)),
        Arrival::Known,
        "nothing is shown over the hole"
    );
    let Note::Attach { after, .. } = link.attach(SESSION, Millis(2)) else {
        panic!("an attachment")
    };
    assert_eq!(after, Seq(3));
}

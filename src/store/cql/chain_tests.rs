use super::*;

fn token(activation: u64) -> Token {
    Token {
        epoch: 1,
        activation,
    }
}

/// (activation, first, previous)
fn marker((activation, first, previous): (u64, u64, u64)) -> Marker {
    let previous = match previous {
        0 => Token::default(),
        some => token(some),
    };
    Marker {
        token: token(activation),
        first,
        previous,
        base: 0,
    }
}

fn chain(markers: &[(u64, u64, u64)], down_to: u64) -> Result<Option<Chain>, Broken> {
    let mut reader = ChainReader::new(Some(down_to));
    for it in markers {
        if reader.take(marker(*it))? {
            break;
        }
    }
    reader.finish()
}

/// Walks rows (seq, activation) to the end, as if all lay in one bucket of `1..=bound`.
fn walk(markers: &[(u64, u64, u64)], rows: &[(u64, u64)]) -> Result<Vec<(u64, u64)>, Broken> {
    let chain = chain(markers, 1)?.expect("there are markers");
    let mut walk = Walk::to_the_end(&chain, 1);
    let mut taken = Vec::new();
    for &(seq, activation) in rows {
        if walk.take(seq, token(activation))? {
            taken.push((seq, activation));
        }
    }
    walk.seen_before(u64::MAX)?;
    Ok(taken)
}

#[test]
fn a_log_without_markers_is_empty() {
    assert_eq!(chain(&[], 1), Ok(None));
}

#[test]
fn only_rows_on_the_chain_are_the_log() {
    type Case<'a> = (
        &'a str,
        &'a [(u64, u64, u64)],
        &'a [(u64, u64)],
        &'a [(u64, u64)],
    );
    // Markers newest first: (activation, first, previous). Rows in the order stored.
    let cases: [Case<'_>; 8] = [
        ("an empty log with a marker", &[(1, 1, 0)], &[], &[]),
        (
            "one activation",
            &[(1, 1, 0)],
            &[(1, 1), (2, 1), (3, 1)],
            &[(1, 1), (2, 1), (3, 1)],
        ),
        (
            "up to the first gap of the newest",
            &[(1, 1, 0)],
            &[(1, 1), (2, 1), (4, 1)],
            &[(1, 1), (2, 1)],
        ),
        (
            "a late row of an older token at a seq the newer one wrote",
            &[(2, 2, 1), (1, 1, 0)],
            &[(1, 1), (2, 1), (2, 2), (3, 2)],
            &[(1, 1), (2, 2), (3, 2)],
        ),
        (
            "a late row of an older token behind the newest rows",
            &[(2, 2, 1), (1, 1, 0)],
            &[(1, 1), (2, 2), (3, 1)],
            &[(1, 1), (2, 2)],
        ),
        (
            "a late row where the newest has written nothing",
            &[(2, 2, 1), (1, 1, 0)],
            &[(1, 1), (2, 1)],
            &[(1, 1)],
        ),
        (
            "an activation nobody continued, and its rows",
            &[(3, 2, 1), (2, 1, 1), (1, 1, 0)],
            &[(1, 1), (1, 2), (2, 2), (2, 3)],
            &[(1, 1), (2, 3)],
        ),
        (
            "activations without rows of their own",
            &[(4, 2, 3), (3, 2, 2), (2, 2, 1), (1, 1, 0)],
            &[(1, 1), (2, 2), (2, 4)],
            &[(1, 1), (2, 4)],
        ),
    ];
    for (case, markers, rows, expected) in cases {
        assert_eq!(walk(markers, rows), Ok(expected.to_vec()), "{case}");
    }
}

#[test]
fn a_hole_inside_the_chain_is_refused() {
    let markers = [(2, 4, 1), (1, 1, 0)];
    let hole = |rows: &[(u64, u64)]| walk(&markers, rows);
    assert_eq!(hole(&[(1, 1), (3, 1), (4, 2)]), Err(Broken::Hole(2)));
    // Another activation's row does not fill it.
    assert_eq!(
        hole(&[(1, 1), (2, 2), (3, 1), (4, 2)]),
        Err(Broken::Hole(2))
    );
    assert_eq!(hole(&[(1, 1), (2, 1)]), Err(Broken::Hole(3)));
    assert_eq!(hole(&[]), Err(Broken::Hole(1)));
}

#[test]
fn what_is_known_to_be_there_must_be_there() {
    let chain = chain(&[(1, 1, 0)], 1).expect("whole").expect("a marker");
    let mut walk = Walk::up_to(&chain, 2, 4);
    assert_eq!(walk.take(2, token(1)), Ok(true));
    assert_eq!(walk.take(4, token(1)), Err(Broken::Hole(3)));
    let mut walk = Walk::up_to(&chain, 2, 4);
    assert_eq!(walk.take(2, token(1)), Ok(true));
    assert_eq!(walk.seen_before(5), Err(Broken::Hole(3)));
}

#[test]
fn a_chain_that_leads_nowhere_is_refused() {
    type Case<'a> = (&'a str, &'a [(u64, u64, u64)], Broken);
    let cases: [Case<'_>; 5] = [
        (
            "no marker it continues",
            &[(2, 2, 1)],
            Broken::Missing(token(1)),
        ),
        (
            "only an older one than it continues",
            &[(3, 2, 2), (1, 1, 0)],
            Broken::Missing(token(2)),
        ),
        ("continues itself", &[(2, 2, 2)], Broken::Turned(token(2))),
        (
            "begins after what continues it",
            &[(2, 2, 1), (1, 3, 0)],
            Broken::Turned(token(1)),
        ),
        ("begins nowhere", &[(1, 2, 0)], Broken::Turned(token(1))),
    ];
    for (case, markers, broken) in cases {
        assert_eq!(chain(markers, 1), Err(broken), "{case}");
    }
}

#[test]
fn older_markers_than_asked_are_not_read() {
    let based = Marker {
        base: 5,
        ..marker((3, 9, 2))
    };
    let mut reader = ChainReader::new(None);
    assert_eq!(reader.take(based), Ok(false));
    assert_eq!(reader.take(marker((2, 4, 1))), Ok(true));
    let chain = reader.finish().expect("whole").expect("a marker");
    assert_eq!(chain.reaches(), 4);
    let owners = [3, 4, 8, 9, 99].map(|seq| chain.owner(seq));
    let (old, new) = (Some(token(2)), Some(token(3)));
    assert_eq!(owners, [None, old, old, new, new]);
}

#[test]
fn a_continued_chain_is_the_one_that_would_be_read() {
    let read = chain(&[(2, 3, 1), (1, 1, 0)], 1)
        .expect("whole")
        .expect("a marker");
    let made = Chain::starting(marker((1, 1, 0))).continued(marker((2, 3, 1)));
    assert_eq!(made, read);
}

//! Several nodes on one keyspace: of those that want the same thing one gets it, and each learns what
//! the others changed.

use std::time::{Duration, Instant};

use crest::desk::seed::Seeded;
use crest::desk::{
    Claim, CqlDesk, DeskError, DeskRefusal, DeskStore, StaffMember, StaffSession, limits,
};
use crest_actors::ids::{AgentId, Millis};
use futures_util::future::join_all;
use serde_json::json;

use crate::cassandra::wait_for;
use crate::harness::{Keyspace, demo, group, install_demo, refused, version};

const ROUNDS: u32 = 100;

struct Cluster {
    one: CqlDesk,
    two: CqlDesk,
}

/// Runs with two nodes on one keyspace.
fn with_two_nodes<F: Future<Output = ()>>(test: impl FnOnce(Cluster) -> F) {
    if let Some(keyspace) = Keyspace::lend() {
        wait_for(async {
            let one = keyspace.node();
            install_demo(&one).await;
            let two = keyspace.node();
            test(Cluster { one, two }).await;
        });
    }
}

/// The refusal of the one that lost.
fn one_won<T: std::fmt::Debug>(
    one: Result<T, DeskError>,
    two: Result<T, DeskError>,
) -> (T, DeskRefusal) {
    match (one, two) {
        (Ok(won), Err(DeskError::Refused(why))) | (Err(DeskError::Refused(why)), Ok(won)) => {
            (won, why)
        }
        both => panic!("not exactly one won: {both:?}"),
    }
}

#[test]
fn of_two_nodes_that_make_the_same_group_one_does() {
    with_two_nodes(async |Cluster { one, two }| {
        for round in 0..ROUNDS {
            let mut wanted = [group(&format!("g{round}")), group(&format!("g{round}"))];
            wanted[1].name = "of the other".to_owned();
            let [mine, other] = wanted.clone();
            let both = (
                one.create_group(demo(), mine),
                two.create_group(demo(), other),
            );
            let (first, second) = tokio::join!(both.0, both.1);
            let first_won = first.is_ok();
            let (_, why) = one_won(first, second);
            assert_eq!(why, DeskRefusal::Exists);
            let groups = two.groups(demo()).await.unwrap();
            let kept = groups.iter().find(|found| found.id == wanted[0].id);
            assert_eq!(kept, Some(&wanted[usize::from(!first_won)]));
        }
        assert_eq!(one.groups(demo()).await.unwrap().len(), 3 + ROUNDS as usize);
    });
}

#[test]
fn of_two_nodes_that_save_the_same_version_one_does_and_its_text_is_there() {
    with_two_nodes(async |Cluster { one, two }| {
        let key = || "contended".to_owned();
        for round in 0..ROUNDS {
            let on = (round > 0).then_some(u64::from(round));
            let save = |desk: &CqlDesk, by: &str| {
                let body = json!({"by": by, "round": round});
                desk.save_article(demo(), key(), version(body), on)
            };
            let (first, second) = tokio::join!(save(&one, "one"), save(&two, "two"));
            let (won, why) = one_won(first, second);
            let expected = match on {
                None => DeskRefusal::Exists,
                Some(on) => DeskRefusal::Stale { latest: on + 1 },
            };
            assert_eq!(why, expected);
            let there = two.article(demo(), key()).await.unwrap().unwrap();
            assert_eq!(there, won);
        }
        let versions = one.article_versions(demo(), key()).await.unwrap();
        let rounds: Vec<_> = versions
            .iter()
            .rev()
            .map(|it| it.body["round"].as_u64())
            .collect();
        let expected: Vec<_> = (0..u64::from(ROUNDS)).map(Some).collect();
        assert_eq!(rounds, expected);
    });
}

#[test]
fn of_two_nodes_that_claim_the_same_key_one_does() {
    with_two_nodes(async |Cluster { one, two }| {
        for round in 0..ROUNDS {
            let claim = |desk: &CqlDesk, now| {
                let (actor, key) = ("lin".to_owned(), round.to_string());
                desk.claim(demo(), actor, key, [7; 32], Millis(now))
            };
            // The second time as after the death of the node that claimed it.
            for now in [0, limits::CLAIM_STALE_MS] {
                let (first, second) = tokio::join!(claim(&one, now), claim(&two, now));
                let claims = [first.unwrap(), second.unwrap()];
                assert!(
                    claims.contains(&Claim::Fresh) && claims.contains(&Claim::InFlight),
                    "{claims:?}"
                );
            }
            let settled = Some((201, b"made".to_vec()));
            one.settle(demo(), "lin".to_owned(), round.to_string(), settled)
                .await
                .unwrap();
            let answered = Claim::Answered {
                status: 201,
                body: b"made".to_vec(),
            };
            assert_eq!(claim(&two, limits::CLAIM_STALE_MS).await.unwrap(), answered);
        }
    });
}

#[test]
fn what_refers_and_what_is_referred_to_never_part() {
    with_two_nodes(async |Cluster { one, two }| {
        let staff = one.staff(demo()).await.unwrap();
        let wang = staff.into_iter().find(|one| one.id == "wang").unwrap();
        for round in 0..20 {
            let id = format!("g{round}");
            one.create_group(demo(), group(&id)).await.unwrap();
            let member = StaffMember {
                groups: vec![id.clone()],
                ..wang.clone()
            };
            let (joined, deleted) = tokio::join!(
                one.set_staff(demo(), member),
                two.delete_group(demo(), id.clone())
            );
            let joined_first = joined.is_ok();
            let (_, why) = one_won(joined, deleted);
            let expected = if joined_first {
                DeskRefusal::InUse("staff")
            } else {
                DeskRefusal::NoSuch { field: "groups" }
            };
            assert_eq!(why, expected);
        }
    });
}

#[test]
fn nodes_that_start_at_once_install_the_demo_once_and_share_its_secrets() {
    let Some(keyspace) = Keyspace::lend() else {
        return;
    };
    wait_for(async {
        let nodes: Vec<CqlDesk> = (0..4).map(|_| keyspace.node()).collect();
        let seeded = join_all(nodes.iter().map(|node| install_demo(node))).await;
        let installed = seeded.iter().filter(|it| **it == Seeded::Installed).count();
        assert_eq!(installed, 1, "{seeded:?}");
        for node in &nodes {
            assert_eq!(node.staff(demo()).await.unwrap().len(), 8);
            let (version, articles) = node.knowledge(demo(), None).await.unwrap().unwrap();
            assert_eq!((version, articles.len()), (1, 1));
        }
        let secrets = (1..).zip(&nodes).map(|(n, node)| node.secret("k", [n; 32]));
        let secrets: Vec<_> = join_all(secrets)
            .await
            .into_iter()
            .map(Result::unwrap)
            .collect();
        assert!(secrets.iter().all(|it| *it == secrets[0]), "{secrets:?}");
    });
}

#[test]
fn a_change_is_told_at_the_other_nodes_within_a_second() {
    with_two_nodes(async |Cluster { one, two }| {
        let mut told = two.changes();
        let mut slowest = Duration::ZERO;
        for round in 0..10 {
            told.mark_unchanged();
            let before = *told.borrow();
            one.create_group(demo(), group(&format!("g{round}")))
                .await
                .unwrap();
            let begun = Instant::now();
            let waiting = tokio::time::timeout(Duration::from_secs(5), told.changed());
            waiting.await.expect("told").unwrap();
            slowest = slowest.max(begun.elapsed());
            assert_eq!(*told.borrow_and_update(), before + 1);
            let directory = two.directory().await.unwrap();
            assert_eq!(directory.revision, before + 1);
            assert_eq!(directory.tenants[&demo()].groups.len(), 4 + round);
        }
        assert!(slowest < Duration::from_secs(1), "{slowest:?}");
        // What shows nowhere is not told.
        one.save_article(demo(), "draft".to_owned(), version(json!({})), None)
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!told.has_changed().unwrap());
    });
}

#[test]
fn a_session_ends_at_every_node_at_once() {
    with_two_nodes(async |Cluster { one, two }| {
        let lin = || AgentId::new("lin");
        for number in 1..=20u8 {
            let session = StaffSession {
                digest: [number; 32],
                tenant: demo(),
                agent: lin(),
                expires_at: Millis(1_000),
            };
            one.open_session(session, Millis(0)).await.unwrap();
            assert!(
                two.session([number; 32], Millis(1))
                    .await
                    .unwrap()
                    .is_some()
            );
            if number % 2 == 0 {
                two.close_session([number; 32]).await.unwrap();
            } else {
                let hash = format!("hash {number}");
                two.set_password(demo(), lin(), hash).await.unwrap();
            }
            assert_eq!(one.session([number; 32], Millis(1)).await.unwrap(), None);
        }
    });
}

#[test]
fn changes_at_once_within_one_node_all_succeed() {
    with_two_nodes(async |Cluster { one, two }| {
        let wanted = (0..20).map(|n| group(&format!("g{n}")));
        let made = wanted.enumerate().map(|(n, group)| {
            let desk = if n % 2 == 0 { &one } else { &two };
            desk.create_group(demo(), group)
        });
        for made in join_all(made).await {
            made.unwrap();
        }
        assert_eq!(two.groups(demo()).await.unwrap().len(), 23);
        assert_eq!(
            refused(one.create_group(demo(), group("g3")).await),
            DeskRefusal::Exists
        );
    });
}

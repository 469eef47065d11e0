//! A CQL server that is away, silent, or carries out what it does not answer.

use std::time::{Duration, Instant};

use crest::desk::{Claim, CqlDesk, DeskError, DeskFailure, DeskRefusal, DeskStore, Reply};
use crest::store::cql::Place;
use crest_actors::ids::{Millis, TenantId};

use crate::cassandra::{self, wait_for};
use crate::harness::{Directory, Keyspace, demo, group, install_demo, open, refused};
use crate::proxy::{Fault, Proxy};

/// Whoever asks is answered within this, whatever the server does.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Driver and desk are back within this.
const RECOVERY_MAX: Duration = Duration::from_secs(30);

/// A desk behind the proxy, on a keyspace that others reach without it.
fn behind(proxy: &Proxy, keyspace: &Keyspace) -> CqlDesk {
    let place = Place {
        nodes: vec![proxy.address.to_string()],
        ..keyspace.0.clone()
    };
    open(place).expect("opens")
}

async fn until_it_answers(desk: &CqlDesk) {
    let begun = Instant::now();
    while let Err(error) = desk.groups(demo()).await {
        assert!(begun.elapsed() < RECOVERY_MAX, "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn failure<T: std::fmt::Debug>(result: Result<T, DeskError>) -> DeskFailure {
    match result.unwrap_err() {
        DeskError::Failed(failure) => failure,
        DeskError::Refused(refusal) => panic!("{refusal:?}"),
    }
}

#[test]
fn while_the_server_is_away_everything_fails_in_time_and_afterwards_nothing() {
    let Some(keyspace) = Keyspace::lend() else {
        return;
    };
    wait_for(async {
        let other = keyspace.node();
        install_demo(&other).await;
        let proxy = Proxy::before(cassandra::address());
        let desk = behind(&proxy, &keyspace);
        let mut told = desk.changes();
        for fault in [Fault::Away, Fault::Silent] {
            proxy.set(fault);
            let begun = Instant::now();
            let (read, written, audited) = tokio::join!(
                desk.groups(demo()),
                desk.create_group(demo(), group("while-away")),
                desk.tenant(demo()),
            );
            assert!(matches!(failure(read), DeskFailure::Away(_)));
            assert!(matches!(
                failure(written),
                DeskFailure::Away(_) | DeskFailure::Lost
            ));
            assert!(matches!(failure(audited), DeskFailure::Away(_)));
            assert!(begun.elapsed() < ANSWER_MAX, "{:?}", begun.elapsed());
            other
                .create_group(demo(), group(&format!("{fault:?}").to_lowercase()))
                .await
                .unwrap();
            told.mark_unchanged();
            proxy.set(Fault::None);
            until_it_answers(&desk).await;
            let again = tokio::time::timeout(RECOVERY_MAX, told.changed());
            again.await.expect("told of what it missed").unwrap();
            desk.create_group(demo(), group(&format!("after-{fault:?}").to_lowercase()))
                .await
                .unwrap();
        }
        assert_eq!(
            desk.directory().await.unwrap().revision,
            other.directory().await.unwrap().revision
        );
    });
}

#[test]
fn a_change_that_was_carried_out_unanswered_is_told_as_made() {
    let Some(keyspace) = Keyspace::lend() else {
        return;
    };
    wait_for(async {
        let other = keyspace.node();
        install_demo(&other).await;
        let proxy = Proxy::before(cassandra::address());
        let desk = behind(&proxy, &keyspace);
        for round in 0..10 {
            let id = format!("g{round}");
            let made = amid_cuts(&proxy, round, desk.create_group(demo(), group(&id))).await;
            let there = other.groups(demo()).await.unwrap();
            let is_there = there.iter().any(|group| group.id == id);
            match made {
                Ok(()) => assert!(is_there, "round {round}: acknowledged and not there"),
                Err(DeskError::Failed(DeskFailure::Lost)) => {}
                Err(DeskError::Failed(_)) => {
                    assert!(!is_there, "round {round}: nothing changed, it said");
                }
                Err(DeskError::Refused(why)) => panic!("round {round}: {why:?}"),
            }
            until_it_answers(&desk).await;
        }
    });
}

/// Cuts whatever is under way, at another moment each round.
async fn amid_cuts<T>(proxy: &Proxy, round: u64, asked: Reply<T>) -> Result<T, DeskError> {
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(3 + 2 * round)).await;
        proxy.cut();
    }
    asked.await
}

#[test]
fn a_claim_that_was_carried_out_unanswered_is_its_claimants() {
    let Some(keyspace) = Keyspace::lend() else {
        return;
    };
    wait_for(async {
        let other = keyspace.node();
        let proxy = Proxy::before(cassandra::address());
        let desk = behind(&proxy, &keyspace);
        for round in 0..20 {
            let (lin, key) = (|| "lin".to_owned(), || round.to_string());
            let claim = |desk: &CqlDesk| desk.claim(demo(), lin(), key(), [1; 32], Millis(0));
            let claimed = amid_cuts(&proxy, round, claim(&desk)).await;
            match claimed {
                Ok(claimed) => assert_eq!(claimed, Claim::Fresh, "round {round}"),
                Err(error) => {
                    failure(Err::<(), _>(error));
                    continue;
                }
            }
            let answer = Some((200, vec![7]));
            let settled = desk.settle(demo(), lin(), key(), answer);
            let settled = amid_cuts(&proxy, round, settled).await;
            let known = claim(&other).await.unwrap();
            match settled {
                Ok(()) => assert!(matches!(known, Claim::Answered { .. }), "{known:?}"),
                Err(_) => assert_ne!(known, Claim::Fresh),
            }
        }
    });
}

#[test]
fn a_keyspace_without_tables_says_what_to_do() {
    if !cassandra::wanted() {
        return;
    }
    let place = cassandra::place(&Directory::new().0);
    let Err(failure) = open(place) else {
        panic!("opened nothing");
    };
    let words = failure.to_string();
    assert!(words.contains("run `crest migrate --store cql`"), "{words}");
}

#[test]
fn an_installation_too_large_for_one_change_is_refused_whole() {
    let Some(keyspace) = Keyspace::lend() else {
        return;
    };
    wait_for(async {
        let desk = keyspace.node();
        let id = TenantId::new("large");
        let installation = crest::desk::Installation {
            tenant: crest::desk::Tenant {
                id: id.clone(),
                settings: crest::desk::TenantSettings::new("Large", "g"),
            },
            keys: Vec::new(),
            groups: vec![group("g")],
            staff: Vec::new(),
            articles: (0..4_000)
                .map(|n| (format!("a{n}"), serde_json::json!({})))
                .collect(),
            canned: Vec::new(),
            at: Millis(0),
        };
        let why = refused(desk.install(installation.clone()).await);
        assert!(
            matches!(
                why,
                DeskRefusal::Invalid {
                    field: "installation",
                    ..
                }
            ),
            "{why:?}"
        );
        assert_eq!(desk.tenant(id.clone()).await.unwrap(), None);
        let mut smaller = installation;
        smaller.articles.truncate(3_000);
        desk.install(smaller).await.unwrap();
        let (version, articles) = desk.knowledge(id, None).await.unwrap().unwrap();
        assert_eq!((version, articles.len()), (3_000, 3_000));
    });
}

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crest_actors::ids::{AgentId, Millis, TenantId};

use super::tokens::{NOW, claims, demo, sign};
use crate::auth::*;
use crate::config::Config;
use crate::desk::DeskStore;
use crate::desk::tests::{TestDesk, cheap};

fn staff(name: &str) -> Principal {
    Principal::Staff(StaffPrincipal {
        key: crest_actors::ids::AgentKey {
            tenant: demo(),
            agent: AgentId::new(name),
        },
        name: name.to_owned(),
        role: crest_actors::directory::StaffRole::Agent,
        groups: Vec::new(),
        session: [0; 32],
        session_expires_at: Millis(0),
    })
}

#[test]
fn a_ticket_works_once_until_it_expires() {
    let tickets = Tickets::new(3, 30_000, 10);
    let first = tickets.issue(staff("a"), Millis(0)).unwrap();
    let second = tickets.issue(staff("b"), Millis(0)).unwrap();
    assert_eq!(first.expires_at, Millis(30_000));
    assert_eq!(first.text.len(), "ct_3_".len() + 64);
    assert_eq!(tickets.issuer(&first.text), None);
    assert_eq!(tickets.issuer("ct_4_guess"), Some(4));
    assert_eq!(tickets.issuer("ct_99999_guess"), None);
    assert_eq!(tickets.issuer("ct_guess"), None);
    assert_ne!(first.text, second.text);
    assert_eq!(tickets.redeem(&first.text, Millis(29_999)), Ok(staff("a")));
    let unknown = Err(TicketRefusal::Unknown);
    assert_eq!(tickets.redeem(&first.text, Millis(29_999)), unknown);
    let expired = Err(TicketRefusal::Expired);
    assert_eq!(tickets.redeem(&second.text, Millis(30_000)), expired);
    assert_eq!(tickets.redeem("ct_guess", Millis(0)), unknown);
}

#[test]
fn tickets_held_are_bounded_and_room_comes_back() {
    let tickets = Tickets::new(3, 30_000, 2);
    assert!(tickets.issue(staff("a"), Millis(0)).is_some());
    assert!(tickets.issue(staff("b"), Millis(1)).is_some());
    assert!(tickets.issue(staff("c"), Millis(29_999)).is_none());
    assert!(tickets.issue(staff("c"), Millis(30_000)).is_some());
    assert_eq!(tickets.len(), 2, "the expired one is gone");
}

#[test]
fn of_many_at_once_one_redeems() {
    let tickets = Arc::new(Tickets::new(3, 30_000, 10));
    let ticket = tickets.issue(staff("a"), Millis(0)).unwrap().text;
    let wins = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                if tickets.redeem(&ticket, Millis(1)).is_ok() {
                    wins.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert_eq!(wins.into_inner(), 1);
}

#[test]
fn waits_double_up_to_the_longest_and_are_forgotten() {
    let backoff = Backoff::new(3, 1_000, 5_000);
    let mut now = Millis(0);
    let mut waits = Vec::new();
    for _ in 0..7 {
        backoff.attempt(&"a", now).unwrap();
        let wait = backoff.attempt(&"a", now).err().map_or(0, |wait| wait.ms);
        if wait == 0 {
            // The look itself was an attempt: take it back.
            backoff.refund(&"a", now);
        }
        waits.push(wait);
        now = now.plus(wait);
    }
    assert_eq!(waits, [0, 0, 1_000, 2_000, 4_000, 5_000, 5_000]);
    assert!(backoff.attempt(&"b", now).is_ok(), "others are not held up");
    let forgotten = now.plus(limits::BACKOFF_FORGET_MS);
    for _ in 0..3 {
        backoff.attempt(&"a", forgotten).unwrap();
    }
    assert_eq!(backoff.attempt(&"a", forgotten), Err(Wait { ms: 1_000 }));
    backoff.clear(&"a");
    assert!(backoff.attempt(&"a", forgotten).is_ok());
}

#[test]
fn failures_remembered_are_bounded_and_the_newest_stay() {
    let backoff = Backoff::new(1, 60_000, 60_000);
    let entries = limits::BACKOFF_ENTRIES as u64;
    for number in 0..=entries {
        backoff.attempt(&number, Millis(number)).unwrap();
    }
    let now = Millis(entries);
    assert!(backoff.attempt(&entries, now).is_err(), "the newest stays");
    assert!(backoff.attempt(&0, now).is_ok(), "the oldest went");
}

async fn auth(test: &TestDesk) -> Auth {
    let mut settings = Config::defaults().auth;
    settings.hash_memory_kib = 8;
    settings.hash_passes = 1;
    settings.login_free_failures = 2;
    settings.address_free_failures = 4;
    Auth::open(test.desk.clone(), &settings, 0).await.unwrap()
}

fn login(agent: &str, password: &str) -> LoginRequest {
    LoginRequest {
        tenant: demo(),
        agent: AgentId::new(agent),
        password: password.to_owned(),
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, AuthError>) -> AuthRefusal {
    match result.unwrap_err() {
        AuthError::Refused(refusal) => refusal,
        AuthError::Failed(failure) => panic!("{failure}"),
    }
}

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

#[tokio::test]
async fn staff_log_in_work_and_log_out() {
    let test = TestDesk::demo().await;
    let auth = auth(&test).await;
    let login = auth
        .log_in(login("lin", "demo-agent"), HOME, NOW)
        .await
        .unwrap();
    assert_eq!(login.expires_at, NOW.plus(12 * 60 * 60_000));
    let principal = auth.staff(&login.token, NOW).await.unwrap();
    assert_eq!(principal.key.agent, AgentId::new("lin"));
    assert_eq!(
        refused(auth.staff(&login.token, login.expires_at).await),
        AuthRefusal::Session
    );
    assert_eq!(
        refused(auth.staff("cs_guess", NOW).await),
        AuthRefusal::Session
    );
    let ticket = auth.staff_ticket(principal.clone(), NOW).unwrap();
    assert_eq!(
        auth.redeem(&ticket.text, NOW),
        Ok(Principal::Staff(principal.clone()))
    );
    assert!(auth.standing(principal.session, NOW).await.is_ok());
    auth.log_out(&principal).await.unwrap();
    assert_eq!(
        refused(auth.standing(principal.session, NOW).await),
        AuthRefusal::Session
    );
    assert_eq!(
        refused(auth.staff(&login.token, NOW).await),
        AuthRefusal::Session
    );
}

#[tokio::test]
async fn wrong_and_unknown_are_told_alike_and_wait_alike() {
    let test = TestDesk::demo().await;
    let auth = auth(&test).await;
    for name in ["lin", "nobody"] {
        let address = IpAddr::from([10, 0, 0, name.len() as u8]);
        for _ in 0..2 {
            let found = refused(auth.log_in(login(name, "guess"), address, NOW).await);
            assert_eq!(found, AuthRefusal::Credentials, "{name}");
        }
        let waits = AuthRefusal::Backoff {
            retry_after_ms: 1_000,
        };
        let found = refused(auth.log_in(login(name, "demo-agent"), address, NOW).await);
        assert_eq!(found, waits, "{name}: even the right password waits");
    }
    let later = NOW.plus(1_000);
    let elsewhere = IpAddr::from([10, 0, 0, 9]);
    assert!(
        auth.log_in(login("lin", "demo-agent"), elsewhere, later)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_address_waits_whatever_names_it_tries() {
    let test = TestDesk::demo().await;
    let auth = auth(&test).await;
    for number in 0..4 {
        let name = format!("n{number}");
        let found = refused(auth.log_in(login(&name, "guess"), HOME, NOW).await);
        assert_eq!(found, AuthRefusal::Credentials);
    }
    let found = refused(auth.log_in(login("lin", "demo-agent"), HOME, NOW).await);
    assert!(matches!(found, AuthRefusal::Backoff { .. }), "{found:?}");
    let one = "2001:db8::1".parse().unwrap();
    let same_network = "2001:db8::ffff:2".parse().unwrap();
    for number in 0..4 {
        let name = format!("m{number}");
        let found = refused(auth.log_in(login(&name, "guess"), one, NOW).await);
        assert_eq!(found, AuthRefusal::Credentials);
    }
    let found = refused(
        auth.log_in(login("lin", "demo-agent"), same_network, NOW)
            .await,
    );
    assert!(matches!(found, AuthRefusal::Backoff { .. }), "{found:?}");
}

#[tokio::test]
async fn a_changed_password_ends_every_session() {
    let test = TestDesk::demo().await;
    let auth = auth(&test).await;
    let first = auth
        .log_in(login("lin", "demo-agent"), HOME, NOW)
        .await
        .unwrap();
    let lin = auth.staff(&first.token, NOW).await.unwrap();
    let change =
        |old: &str, new: &str| auth.change_password(&lin, old.to_owned(), new.to_owned(), NOW);
    assert_eq!(
        refused(change("guess", "long-enough-words").await),
        AuthRefusal::Credentials
    );
    assert_eq!(
        refused(change("demo-agent", "short").await),
        AuthRefusal::WeakPassword
    );
    change("demo-agent", "long-enough-words").await.unwrap();
    assert_eq!(
        refused(auth.staff(&first.token, NOW).await),
        AuthRefusal::Session
    );
    assert!(
        auth.log_in(login("lin", "long-enough-words"), HOME, NOW)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn an_anonymous_visitor_returns_as_itself_and_nobody_else_does() {
    let test = TestDesk::demo().await;
    let auth = auth(&test).await;
    let visit = |token: Option<String>, now| {
        auth.customer_ticket(demo(), Proof::Visitor(token), None, HOME, now)
    };
    let first = visit(None, NOW).await.unwrap();
    let other = visit(None, NOW).await.unwrap();
    assert_ne!(first.customer, other.customer);
    let Ok(Principal::Customer(customer)) = auth.redeem(&first.ticket.text, NOW) else {
        panic!("a visitor is a customer");
    };
    assert!(customer.anonymous && customer.identity.tier == 0);
    assert_eq!(customer.identity.channel.as_str(), "web");
    let token = first.visitor.unwrap();
    let again = visit(Some(token.clone()), NOW.plus(60_000)).await.unwrap();
    assert_eq!(again.customer, first.customer);
    let name = token.split('.').nth(1).unwrap();
    let forged = token.replacen(name, "00000000000000000000000000000000", 1);
    assert_ne!(
        visit(Some(forged), NOW).await.unwrap().customer.as_str(),
        "visitor:00000000000000000000000000000000"
    );
    let old = NOW.plus(180 * 24 * 60 * 60_000);
    assert_ne!(
        visit(Some(token), old).await.unwrap().customer,
        first.customer
    );
}

#[tokio::test]
async fn visitors_and_channels_come_only_where_they_may() {
    let test = TestDesk::demo().await;
    let auth = auth(&test).await;
    let mut tenant = test.desk.tenant(demo()).await.unwrap().unwrap();
    tenant.settings.anonymous_visitors = false;
    test.desk.set_tenant(tenant).await.unwrap();
    let visit = auth
        .customer_ticket(demo(), Proof::Visitor(None), None, HOME, NOW)
        .await;
    assert_eq!(refused(visit), AuthRefusal::NoVisitors);
    let token = || Proof::Token(sign(&claims()));
    let wechat = auth
        .customer_ticket(demo(), token(), Some("wechat"), HOME, NOW)
        .await;
    assert_eq!(refused(wechat), AuthRefusal::Channel);
    let elsewhere = auth
        .customer_ticket(TenantId::new("other"), token(), None, HOME, NOW)
        .await;
    assert_eq!(refused(elsewhere), AuthRefusal::UnknownTenant);
    let known = auth
        .customer_ticket(demo(), token(), Some("app"), HOME, NOW)
        .await
        .unwrap();
    assert_eq!((known.customer.as_str(), known.visitor), ("c1", None));
}

#[tokio::test]
async fn more_logins_than_the_line_holds_are_told_to_come_back() {
    let passwords = Passwords::new(
        Cost {
            memory_kib: 8,
            passes: 1,
        },
        1,
        1,
    )
    .unwrap();
    let hash = || passwords.hash("long-enough-words".to_owned());
    let (first, second, third) = tokio::join!(hash(), hash(), hash());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(
        third,
        Err(AuthRefusal::Busy {
            retry_after_ms: limits::BUSY_RETRY_MS
        })
    );
    assert!(hash().await.is_ok(), "the line is free again");
}

#[tokio::test]
async fn hashes_are_argon2id_with_the_cost_given() {
    let defaults = Config::defaults().auth;
    let cost = Cost {
        memory_kib: defaults.hash_memory_kib,
        passes: defaults.hash_passes,
    };
    let passwords = Passwords::new(cost, 1, 1).unwrap();
    let hash = passwords
        .hash("long-enough-words".to_owned())
        .await
        .unwrap();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    let check = |password: &str| cheap_verify(hash.clone(), password.to_owned());
    assert!(check("long-enough-words").await && !check("another").await);
}

async fn cheap_verify(hash: String, password: String) -> bool {
    cheap().verify(Some(hash), password).await.unwrap()
}

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crest_actors::ids::{AgentId, Millis, TenantId};
use jsonwebtoken::{Algorithm as JwtAlgorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::config::Config;
use crate::desk::seed::{KEY_ID, SIGNING_SECRET};
use crate::desk::tests::{TestDesk, cheap};
use crate::desk::{Algorithm, DeskStore, SigningKey};

const NOW_S: u64 = 1_800_000_000;
const NOW: Millis = Millis(NOW_S * 1_000);
/// PKCS#8 of an Ed25519 key made for this test, and its public half.
const ED_PRIVATE: [u8; 48] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    0x20, 0x9e, 0x20, 0xf6, 0xfb, 0xa1, 0x5d, 0x45, 0x6b, 0x7b, 0xdf, 0xce, 0x1a, 0x8c, 0x95, 0xd5,
    0xae, 0x68, 0xc5, 0xa2, 0x56, 0x53, 0x83, 0xe5, 0xb1, 0x7f, 0xab, 0x52, 0xd3, 0xa3, 0xe3, 0x90,
];
const ED_PUBLIC: &str = "6cGQJruzc67te2snSHGDVXN_Gtqzzdtr11EbZXquzZo";

fn demo() -> TenantId {
    TenantId::new("demo")
}

fn keys() -> Vec<SigningKey> {
    vec![
        SigningKey {
            kid: KEY_ID.to_owned(),
            algorithm: Algorithm::HS256,
            key: SIGNING_SECRET.to_owned(),
        },
        SigningKey {
            kid: "ed".to_owned(),
            algorithm: Algorithm::EdDSA,
            key: ED_PUBLIC.to_owned(),
        },
    ]
}

fn claims() -> Value {
    json!({"aud": "demo", "sub": "c1", "iat": NOW_S, "exp": NOW_S + 300})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn sign(claims: &Value) -> String {
    sign_as(JwtAlgorithm::HS256, Some(KEY_ID), claims, SIGNING_SECRET)
}

fn sign_as(algorithm: JwtAlgorithm, kid: Option<&str>, claims: &Value, secret: &str) -> String {
    let mut header = Header::new(algorithm);
    header.kid = kid.map(str::to_owned);
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut word = [0_u8; 3];
        word[..chunk.len()].copy_from_slice(chunk);
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for place in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

/// A token with any header, and a signature of one's choice.
fn raw(header: &Value, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| base64url(value.to_string().as_bytes());
    format!("{}.{}.{signature}", part(header), part(claims))
}

#[test]
fn a_shops_token_says_who_the_customer_is() {
    let mut full = claims();
    full["tier"] = json!(2);
    full["name"] = json!("小明");
    full["attrs"] = json!({"orders": 3, "city": "上海", "new": true});
    full["channel"] = json!("wechat");
    let wanted = CustomerClaims {
        customer: "c1".to_owned(),
        tier: 2,
        name: Some("小明".to_owned()),
        attributes: [("city", "上海"), ("new", "true"), ("orders", "3")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        channel: Some("wechat".to_owned()),
    };
    assert_eq!(verify(&sign(&full), &demo(), &keys(), NOW), Ok(wanted));
}

#[test]
fn an_eddsa_key_verifies_only_eddsa() {
    let mut header = Header::new(JwtAlgorithm::EdDSA);
    header.kid = Some("ed".to_owned());
    let key = EncodingKey::from_ed_der(&ED_PRIVATE);
    let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
    assert_eq!(
        verify(&token, &demo(), &keys(), NOW).unwrap().customer,
        "c1"
    );
    // The public key is public: whoever signs HS256 with it must get nowhere.
    let forged = sign_as(JwtAlgorithm::HS256, Some("ed"), &claims(), ED_PUBLIC);
    assert_eq!(
        verify(&forged, &demo(), &keys(), NOW),
        Err(TokenRefusal::WrongAlgorithm)
    );
}

#[test]
fn attacks_on_tokens_are_refused_each_for_its_reason() {
    let genuine = sign(&claims());
    let (signed, signature) = genuine.rsplit_once('.').unwrap();
    let none = |alg: &str| raw(&json!({"alg": alg, "kid": KEY_ID}), &claims(), "");
    let other_claims = raw(
        &json!({"alg": "HS256", "kid": KEY_ID}),
        &with("sub", json!("victim")),
        signature,
    );
    let critical = raw(
        &json!({"alg": "HS256", "kid": KEY_ID, "crit": ["exp"]}),
        &claims(),
        signature,
    );
    let long_name = "n".repeat(129);
    use TokenRefusal as T;
    let cases = [
        ("alg none", none("none"), T::Malformed),
        ("alg None", none("None"), T::Malformed),
        (
            "another HMAC",
            sign_as(JwtAlgorithm::HS512, Some(KEY_ID), &claims(), SIGNING_SECRET),
            T::WrongAlgorithm,
        ),
        (
            "another secret",
            sign_as(JwtAlgorithm::HS256, Some(KEY_ID), &claims(), "guess"),
            T::BadSignature,
        ),
        ("no signature", format!("{signed}."), T::BadSignature),
        ("another's claims", other_claims, T::BadSignature),
        ("an extension", critical, T::Bad("crit")),
        (
            "an unknown kid",
            sign_as(JwtAlgorithm::HS256, Some("x"), &claims(), SIGNING_SECRET),
            T::UnknownKey,
        ),
        (
            "no kid of two",
            sign_as(JwtAlgorithm::HS256, None, &claims(), SIGNING_SECRET),
            T::UnknownKey,
        ),
        ("two parts", "a.b".to_owned(), T::Malformed),
        ("no token", String::new(), T::Malformed),
        (
            "too long",
            "a".repeat(limits::TOKEN_MAX_BYTES + 1),
            T::TooLong,
        ),
        (
            "wrong aud",
            sign(&with("aud", json!("other"))),
            T::WrongAudience,
        ),
        ("no aud", sign(&without("aud")), T::Missing("aud")),
        ("no exp", sign(&without("exp")), T::Missing("exp")),
        ("no iat", sign(&without("iat")), T::Missing("iat")),
        ("no sub", sign(&without("sub")), T::Missing("sub")),
        ("empty sub", sign(&with("sub", json!(""))), T::Bad("sub")),
        (
            "a visitor's sub",
            sign(&with("sub", json!("visitor:1"))),
            T::Bad("sub"),
        ),
        (
            "a long sub",
            sign(&with("sub", json!(long_name))),
            T::Bad("sub"),
        ),
        (
            "a high tier",
            sign(&with("tier", json!(10))),
            T::Bad("tier"),
        ),
        ("a text tier", sign(&with("tier", json!("2"))), T::Malformed),
        (
            "nested attrs",
            sign(&with("attrs", json!({"a": {}}))),
            T::Bad("attrs"),
        ),
        (
            "expired",
            sign(&json!({"aud": "demo", "sub": "c1", "iat": NOW_S - 200, "exp": NOW_S - 30})),
            T::Expired,
        ),
        (
            "from the future",
            sign(&json!({"aud": "demo", "sub": "c1", "iat": NOW_S + 31, "exp": NOW_S + 60})),
            T::NotYetValid,
        ),
        (
            "nbf ahead",
            sign(&with("nbf", json!(NOW_S + 31))),
            T::NotYetValid,
        ),
        (
            "lives too long",
            sign(&with("exp", json!(NOW_S + 601))),
            T::LivesTooLong,
        ),
        (
            "ends before it began",
            sign(&with("exp", json!(NOW_S))),
            T::Bad("exp"),
        ),
        (
            "ends at the end of time",
            sign(&with("exp", json!(u64::MAX))),
            T::LivesTooLong,
        ),
    ];
    for (attack, token, wanted) in cases {
        assert_eq!(
            verify(&token, &demo(), &keys(), NOW),
            Err(wanted),
            "{attack}"
        );
    }
}

#[test]
fn clocks_may_differ_by_half_a_minute() {
    let late = json!({"aud": "demo", "sub": "c1", "iat": NOW_S - 300, "exp": NOW_S - 29});
    let early = json!({"aud": "demo", "sub": "c1", "iat": NOW_S + 30, "exp": NOW_S + 630});
    for token in [sign(&late), sign(&early)] {
        assert!(verify(&token, &demo(), &keys(), NOW).is_ok());
    }
}

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
    let tickets = Tickets::new(30_000, 10);
    let first = tickets.issue(staff("a"), Millis(0)).unwrap();
    let second = tickets.issue(staff("b"), Millis(0)).unwrap();
    assert_eq!(first.expires_at, Millis(30_000));
    assert_eq!(first.text.len(), "ct_".len() + 64);
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
    let tickets = Tickets::new(30_000, 2);
    assert!(tickets.issue(staff("a"), Millis(0)).is_some());
    assert!(tickets.issue(staff("b"), Millis(1)).is_some());
    assert!(tickets.issue(staff("c"), Millis(29_999)).is_none());
    assert!(tickets.issue(staff("c"), Millis(30_000)).is_some());
    assert_eq!(tickets.len(), 2, "the expired one is gone");
}

#[test]
fn of_many_at_once_one_redeems() {
    let tickets = Arc::new(Tickets::new(30_000, 10));
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
    Auth::open(test.desk.clone(), &settings).await.unwrap()
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
    let visit =
        |token: Option<String>, now| auth.customer_ticket(demo(), Proof::Visitor(token), None, now);
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
        .customer_ticket(demo(), Proof::Visitor(None), None, NOW)
        .await;
    assert_eq!(refused(visit), AuthRefusal::NoVisitors);
    let token = || Proof::Token(sign(&claims()));
    let wechat = auth
        .customer_ticket(demo(), token(), Some("wechat"), NOW)
        .await;
    assert_eq!(refused(wechat), AuthRefusal::Channel);
    let elsewhere = auth
        .customer_ticket(TenantId::new("other"), token(), None, NOW)
        .await;
    assert_eq!(refused(elsewhere), AuthRefusal::UnknownTenant);
    let known = auth
        .customer_ticket(demo(), token(), Some("app"), NOW)
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

/// The promise of the table, said again in another form: by role, what it may do.
#[test]
fn every_cell_of_operation_by_role_is_what_it_should_be() {
    let table = include_str!("operations.expected");
    let mut expected = String::new();
    for operation in Operation::ALL {
        let cell = |role: Role| {
            if operation.allows(role) {
                role.as_str()
            } else {
                "-"
            }
        };
        let row = match operation.access() {
            Access::Public => "public".to_owned(),
            Access::Scraper => "scraper".to_owned(),
            Access::Roles(_) => Role::ALL
                .iter()
                .map(|role| cell(*role))
                .collect::<Vec<_>>()
                .join(" "),
        };
        expected.push_str(&format!("{} {row}\n", operation.as_str()));
    }
    assert_eq!(expected, table);
}

#[test]
fn the_table_grants_no_more_than_it_must() {
    use Operation as O;
    for operation in Operation::ALL {
        let customer = operation.allows(Role::Customer);
        let public = operation.access() == Access::Public;
        let theirs = matches!(
            operation,
            O::Hello
                | O::Ping
                | O::Send
                | O::Edit
                | O::Recall
                | O::Typing
                | O::Read
                | O::History
                | O::AskHuman
                | O::LeaveMessage
                | O::CallBack
                | O::Leave
                | O::Rate
        );
        assert_eq!(customer, public || theirs, "{operation:?}");
        if operation.as_str().starts_with("write_") && *operation != O::WriteCannedReply {
            assert!(!operation.allows(Role::Agent), "{operation:?}");
        }
    }
    let mut names: Vec<_> = Operation::ALL
        .iter()
        .map(|operation| operation.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), Operation::ALL.len());
}

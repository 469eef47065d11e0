//! Getting in over HTTP: tickets, logins, addresses, keys.

use std::sync::atomic::Ordering;

use crest_actors::ids::Millis;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::support::{Answer, NOW, Node, text};
use crate::auth::{Principal, Role};
use crate::desk::seed::{KEY_ID, SIGNING_SECRET};

fn signed(extra: Value) -> String {
    let now_s = NOW / 1_000;
    let mut claims = json!({"aud": "demo", "sub": "c1", "iat": now_s, "exp": now_s + 60});
    claims
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    let header = Header {
        kid: Some(KEY_ID.to_owned()),
        ..Header::default()
    };
    let key = EncodingKey::from_secret(SIGNING_SECRET.as_bytes());
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

#[tokio::test]
async fn a_visitor_gets_a_ticket_and_returns_as_the_same() {
    let node = Node::start().await;
    let first = node
        .post("/v1/tickets", &json!({"tenant": "demo", "channel": "web"}))
        .await;
    assert_eq!(first.status, 201);
    let first = first.json();
    assert_eq!(first["expires_at"], NOW + 30_000);
    let again = json!({"tenant": "demo", "visitor": first["visitor"]});
    let again = node.post("/v1/tickets", &again).await.json();
    assert_eq!(again["customer"], first["customer"]);
    assert_ne!(again["ticket"], first["ticket"]);
    let ticket = text(&first, "ticket");
    assert!(node.auth.redeem(ticket, Millis(NOW)).is_ok());
    assert!(node.auth.redeem(ticket, Millis(NOW)).is_err());
}

#[tokio::test]
async fn a_shops_customer_gets_a_ticket_by_its_token() {
    let node = Node::start().await;
    let token = signed(json!({"tier": 2, "name": "小明"}));
    let body = json!({"tenant": "demo", "token": token});
    let answer = node.post("/v1/tickets", &body).await.json();
    assert_eq!(
        (text(&answer, "customer"), &answer["visitor"]),
        ("c1", &Value::Null)
    );
    let redeemed = node.auth.redeem(text(&answer, "ticket"), Millis(NOW));
    let Ok(Principal::Customer(customer)) = redeemed else {
        panic!("{redeemed:?}");
    };
    assert_eq!(customer.identity.tier, 2);
    assert_eq!(customer.identity.display_name.as_deref(), Some("小明"));
    for (body, status, code) in [
        (
            json!({"tenant": "demo", "token": "x"}),
            401,
            "token_refused",
        ),
        (
            json!({"tenant": "demo", "token": signed(json!({"aud": "other"}))}),
            401,
            "token_refused",
        ),
        (json!({"tenant": "none"}), 404, "unknown_tenant"),
        (
            json!({"tenant": "demo", "channel": "wechat"}),
            422,
            "invalid_field",
        ),
        (json!({}), 422, "invalid_field"),
        (
            json!({"tenant": "demo", "tokn": "x"}),
            400,
            "malformed_body",
        ),
    ] {
        let answer = node.post("/v1/tickets", &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_shop_replaces_its_key() {
    let node = Node::start().await;
    let admin = node.session(Role::Admin).await;
    let path = format!("/v1/signing-keys/{KEY_ID}");
    let ticket = || async {
        let body = json!({"tenant": "demo", "token": signed(json!({}))});
        node.post("/v1/tickets", &body).await.status
    };
    assert_eq!(ticket().await, 201);
    for (algorithm, key) in [("HS256", "short"), ("EdDSA", SIGNING_SECRET)] {
        let body = json!({"algorithm": algorithm, "key": key});
        let refused = node.call("PUT", &path, &admin, &body).await;
        assert_eq!(refused.code(), "invalid_field");
    }
    let other = json!({"algorithm": "HS256", "key": "k".repeat(32)});
    assert_eq!(node.call("PUT", &path, &admin, &other).await.status, 200);
    assert_eq!(ticket().await, 401);
    let back = json!({"algorithm": "HS256", "key": SIGNING_SECRET});
    assert_eq!(node.call("PUT", &path, &admin, &back).await.status, 200);
    assert_eq!(ticket().await, 201);
    let listed = node.get("/v1/signing-keys", &admin).await;
    assert_eq!(
        listed.json()["items"],
        json!([{"kid": KEY_ID, "algorithm": "HS256"}])
    );
    assert_eq!(
        node.call("DELETE", &path, &admin, &Value::Null)
            .await
            .status,
        204
    );
    assert_eq!(ticket().await, 401);
}

#[tokio::test]
async fn staff_log_in_connect_and_log_out() {
    let node = Node::start().await;
    let session = node.session(Role::Agent).await;
    let me = node.get("/v1/me", &session).await.json();
    assert_eq!((text(&me, "id"), text(&me, "role")), ("lin", "agent"));
    let may: Vec<&str> = me["may"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(may.contains(&"accept") && !may.contains(&"take_over"));
    let ticket = node.call("POST", "/v1/tickets", &session, &json!({})).await;
    assert_eq!(ticket.status, 201);
    let redeemed = node
        .auth
        .redeem(text(&ticket.json(), "ticket"), Millis(NOW));
    assert!(matches!(redeemed, Ok(Principal::Staff(_))));
    assert_eq!(
        node.call("POST", "/v1/logout", &session, &json!({}))
            .await
            .status,
        204
    );
    assert_eq!(node.get("/v1/me", &session).await.status, 401);
    let late = node.call("POST", "/v1/tickets", &session, &json!({})).await;
    assert_eq!(late.code(), "unauthenticated");
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let node = Node::start().await;
    let session = node.session(Role::Agent).await;
    node.clock
        .store(NOW + 12 * 60 * 60_000 - 1, Ordering::SeqCst);
    assert_eq!(node.get("/v1/me", &session).await.status, 200);
    node.clock.store(NOW + 12 * 60 * 60_000, Ordering::SeqCst);
    assert_eq!(node.get("/v1/me", &session).await.status, 401);
}

async fn guess(node: &Node, login: &str, from: &str) -> Answer {
    let body = json!({"tenant": "demo", "login": login, "password": "wrong"});
    let headers = [
        ("content-type", "application/json"),
        ("x-forwarded-for", from),
    ];
    node.send("POST", "/v1/login", &headers, &body.to_string())
        .await
}

#[tokio::test]
async fn failed_logins_wait_and_are_told_how_long() {
    let node = Node::start().await;
    for _ in 0..5 {
        assert_eq!(guess(&node, "lin", "").await.code(), "wrong_credentials");
    }
    let waits = guess(&node, "lin", "").await;
    assert_eq!(
        (waits.status, waits.code().as_str()),
        (429, "too_many_failures")
    );
    assert_eq!(waits.header("retry-after"), Some("1"));
    assert_eq!(waits.json()["retry_after_ms"], 1_000);
    node.clock.fetch_add(1_000, Ordering::SeqCst);
    node.session(Role::Agent).await;
}

#[tokio::test]
async fn forwarded_addresses_count_only_from_trusted_proxies() {
    let strict = |config: &mut crate::config::Config| config.auth.address_free_failures = 2;
    let node = Node::start_with(strict).await;
    for (login, from) in [("a", "10.0.0.1"), ("b", "10.0.0.2")] {
        assert_eq!(guess(&node, login, from).await.status, 401);
    }
    assert_eq!(
        guess(&node, "c", "10.0.0.3").await.status,
        429,
        "a header is not believed"
    );

    let behind = |config: &mut crate::config::Config| {
        config.auth.address_free_failures = 2;
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    };
    let node = Node::start_with(behind).await;
    for (login, from) in [("a", "9.9.9.1, 10.0.0.1"), ("b", "9.9.9.2, 10.0.0.1")] {
        assert_eq!(guess(&node, login, from).await.status, 401);
    }
    assert_eq!(
        guess(&node, "c", "9.9.9.3, 10.0.0.1").await.status,
        429,
        "the last hop counts"
    );
    assert_eq!(guess(&node, "d", "10.0.0.2").await.status, 401);
}

#[tokio::test]
async fn an_address_gets_only_so_many_tickets_for_visitors() {
    let node = Node::start_with(|config| {
        config.auth.visitor_tickets_per_min = 2;
        config.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let ask = async |from: &str, body: Value| {
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", from),
        ];
        node.send("POST", "/v1/tickets", &headers, &body.to_string())
            .await
    };
    let visitor = || json!({"tenant": "demo"});
    for _ in 0..2 {
        assert_eq!(ask("203.0.113.7", visitor()).await.status, 201);
    }
    let refused = ask("203.0.113.7", visitor()).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (429, "too_many_visitors")
    );
    assert_eq!(refused.header("retry-after"), Some("30"));
    assert_eq!(ask("203.0.113.8", visitor()).await.status, 201);
    let known = json!({"tenant": "demo", "token": signed(json!({}))});
    assert_eq!(ask("203.0.113.7", known).await.status, 201);
}

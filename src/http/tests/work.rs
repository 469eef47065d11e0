//! What staff do over HTTP once they are in.

use crest_actors::ids::TenantId;
use serde_json::{Value, json};

use super::support::{Answer, Node, conversation, text};
use crate::auth::Role;
use crate::desk::DeskStore;

#[tokio::test]
async fn tenants_cannot_reach_each_other() {
    let node = Node::start().await;
    let other = node.other_tenant().await;
    for (path, field) in [
        ("/v1/groups", "only"),
        ("/v1/agents", "boss"),
        ("/v1/articles", ""),
        ("/v1/canned-replies", ""),
        ("/v1/conversations", ""),
    ] {
        let items = node.get(path, &other).await.json()["items"].clone();
        let ids: Vec<&str> = items
            .as_array()
            .unwrap()
            .iter()
            .map(|item| text(item, "id"))
            .collect();
        let wanted: Vec<&str> = Some(field)
            .filter(|field| !field.is_empty())
            .into_iter()
            .collect();
        assert_eq!(ids, wanted, "{path}");
    }
    let transcript = format!("/v1/conversations/{}/transcript", conversation(0));
    for (method, path, body) in [
        ("GET", transcript.as_str(), Value::Null),
        ("GET", "/v1/articles/refund-time", Value::Null),
        ("DELETE", "/v1/articles/refund-time", Value::Null),
        ("DELETE", "/v1/groups/vip", Value::Null),
        ("DELETE", "/v1/canned-replies/demo-hello", Value::Null),
        (
            "PUT",
            "/v1/agents/lin/password",
            json!({"password": "taken-over-now"}),
        ),
        (
            "PUT",
            "/v1/groups/vip",
            json!({"id": "vip", "name": "mine"}),
        ),
    ] {
        let answer = node.call(method, path, &other, &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{method} {path}"
        );
    }
    node.session(Role::Agent).await;
}

#[tokio::test]
async fn the_same_post_under_one_key_acts_once() {
    let node = Node::start().await;
    let admin = node.session(Role::Admin).await;
    let supervisor = node.session(Role::Supervisor).await;
    let post = |session: &str, path: &'static str, body: Value| {
        let bearer = format!("Bearer {session}");
        let node = &node;
        async move {
            let headers = [
                ("authorization", bearer.as_str()),
                ("content-type", "application/json"),
                ("idempotency-key", "7f1c"),
            ];
            node.send("POST", path, &headers, &body.to_string()).await
        }
    };
    let canned =
        |title: &str| json!({"scope": "tenant", "shortcut": title, "title": title, "text": "t"});
    let first = post(&admin, "/v1/canned-replies", canned("a")).await;
    assert_eq!(
        (first.status, first.header("idempotency-replayed")),
        (201, None)
    );
    let again = post(&admin, "/v1/canned-replies", canned("a")).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("content-type"), Some("application/json"));
    let other = post(&admin, "/v1/canned-replies", canned("b")).await;
    assert_eq!(
        (other.status, other.code().as_str()),
        (422, "idempotency_mismatch")
    );
    let elsewhere = post(&admin, "/v1/groups", canned("a")).await;
    assert_eq!(
        elsewhere.code(),
        "idempotency_mismatch",
        "another path is another request"
    );
    let somebody = post(&supervisor, "/v1/canned-replies", canned("c")).await;
    assert_eq!(somebody.status, 201, "keys are each person's own");
    let items = node.get("/v1/canned-replies", &admin).await.json()["items"].clone();
    let made = items
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["text"] == "t");
    assert_eq!(made.count(), 2);
}

#[tokio::test]
async fn a_refusal_under_a_key_is_repeated_word_for_word() {
    let node = Node::start().await;
    let admin = node.session(Role::Admin).await;
    let bearer = format!("Bearer {admin}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
    ];
    let body = json!({"id": "vip", "name": "n"}).to_string();
    let first = node.send("POST", "/v1/groups", &headers, &body).await;
    let again = node.send("POST", "/v1/groups", &headers, &body).await;
    assert_eq!(
        (first.code().as_str(), &again.text),
        ("exists", &first.text)
    );
    assert_eq!(
        again.header("content-type"),
        Some("application/problem+json")
    );
}

#[tokio::test]
async fn an_article_goes_from_draft_to_bot_and_back() {
    let node = Node::start().await;
    let sun = node.session(Role::Supervisor).await;
    let new = json!({"key": "gift", "body": {"title": "赠品"}});
    let created = node.call("POST", "/v1/articles", &sun, &new).await;
    assert_eq!(
        (created.status, &created.json()["version"]),
        (201, &json!(1))
    );
    let untitled = json!({"key": "empty", "body": {}});
    let refused = node.call("POST", "/v1/articles", &sun, &untitled).await;
    assert_eq!(
        (refused.code().as_str(), &refused.json()["field"]),
        ("invalid_field", &json!("body"))
    );
    let change = |version| json!({"version": version, "body": {"title": "赠品规则"}});
    let path = "/v1/articles/gift";
    assert_eq!(
        node.call("PUT", path, &sun, &change(1)).await.json()["version"],
        2
    );
    let stale = node.call("PUT", path, &sun, &change(1)).await;
    assert_eq!(
        (stale.status, stale.code().as_str()),
        (409, "stale_version")
    );
    let publish = |version: Value| {
        let body = json!({"version": version});
        let (node, sun) = (&node, &sun);
        async move {
            node.call("POST", "/v1/articles/gift/publish", sun, &body)
                .await
        }
    };
    let tenant = || TenantId::new("demo");
    let served = || async {
        let (_, articles) = node
            .desk
            .desk
            .knowledge(tenant(), None)
            .await
            .unwrap()
            .unwrap();
        let found = articles.into_iter().find(|article| article.key == "gift");
        found.map(|article| article.version)
    };
    assert_eq!(served().await, None);
    assert_eq!(publish(json!(2)).await.json()["published"], 2);
    assert_eq!(served().await, Some(2));
    publish(json!(1)).await;
    assert_eq!(served().await, Some(1), "rolled back");
    publish(Value::Null).await;
    assert_eq!(served().await, None, "withdrawn");
    assert_eq!(publish(json!(7)).await.code(), "invalid_field");
    let missing = node
        .call("POST", "/v1/articles/gift/publish", &sun, &json!({}))
        .await;
    assert_eq!(
        missing.code(),
        "malformed_body",
        "withdrawing is said, not left out"
    );
    let read = node.get(path, &sun).await.json();
    assert_eq!(read["versions"].as_array().unwrap().len(), 2);
    let first = node.get("/v1/articles?limit=1", &sun).await.json();
    assert_eq!(first["items"][0]["key"], "gift");
    let next = format!("/v1/articles?limit=1&cursor={}", text(&first, "next"));
    let second = node.get(&next, &sun).await.json();
    assert_eq!(
        (&second["items"][0]["key"], &second["next"]),
        (&json!("refund-time"), &Value::Null)
    );
    assert_eq!(
        node.call("DELETE", path, &sun, &Value::Null).await.status,
        204
    );
    assert_eq!(node.get(path, &sun).await.status, 404);
}

#[tokio::test]
async fn canned_replies_are_written_by_whom_they_belong_to() {
    let node = Node::start().await;
    let (lin, sun) = (
        node.session(Role::Agent).await,
        node.session(Role::Supervisor).await,
    );
    let zhao = node.log_in("demo", "zhao", "demo-agent").await;
    let reply = |scope: Value| json!({"scope": scope, "shortcut": "s", "title": "t", "text": "x"});
    let create = |session: &str, scope: Value| {
        let (node, session, body) = (&node, session.to_owned(), reply(scope));
        async move {
            node.call("POST", "/v1/canned-replies", &session, &body)
                .await
        }
    };
    let own = create(&lin, json!({"personal": "lin"})).await;
    assert_eq!(own.status, 201);
    assert_eq!(create(&lin, json!({"personal": "zhao"})).await.status, 403);
    assert_eq!(create(&lin, json!("tenant")).await.status, 403);
    assert_eq!(create(&lin, json!({"group": "presale"})).await.status, 403);
    assert_eq!(create(&sun, json!({"group": "presale"})).await.status, 201);
    assert_eq!(
        create(&sun, json!({"group": "none"})).await.code(),
        "invalid_field"
    );
    let path = format!("/v1/canned-replies/{}", text(&own.json(), "id"));
    let body = reply(json!({"personal": "lin"}));
    assert_eq!(
        node.call("PUT", &path, &zhao, &body).await.status,
        404,
        "another's own is hidden"
    );
    assert_eq!(
        node.call("DELETE", &path, &zhao, &Value::Null).await.status,
        404
    );
    assert_eq!(node.call("PUT", &path, &lin, &body).await.status, 200);
    assert_eq!(
        node.call("DELETE", &path, &lin, &Value::Null).await.status,
        204
    );
}

#[tokio::test]
async fn conversations_are_listed_by_pages_within_what_one_may_see() {
    let node = Node::start().await;
    let (lin, sun) = (
        node.session(Role::Agent).await,
        node.session(Role::Supervisor).await,
    );
    let ids = |page: &Value| -> Vec<String> {
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .map(|item| text(item, "id").to_owned())
            .collect()
    };
    let named = |numbers: &[usize]| -> Vec<String> {
        numbers
            .iter()
            .map(|number| conversation(*number).to_string())
            .collect()
    };
    let first = node.get("/v1/conversations?limit=3", &sun).await.json();
    assert_eq!(ids(&first), named(&[3, 2, 1]));
    let next = format!("/v1/conversations?limit=3&cursor={}", text(&first, "next"));
    let rest = node.get(&next, &sun).await.json();
    assert_eq!((ids(&rest), &rest["next"]), (named(&[0]), &Value::Null));
    for (query, wanted) in [
        ("agent=lin", vec![2, 0]),
        ("phase=closed", vec![0]),
        ("from=1001&to=1003", vec![2, 1]),
    ] {
        let page = node
            .get(&format!("/v1/conversations?{query}"), &sun)
            .await
            .json();
        assert_eq!(ids(&page), named(&wanted), "{query}");
    }
    let seen = node.get("/v1/conversations", &lin).await.json();
    assert_eq!(
        ids(&seen),
        named(&[3, 2, 0]),
        "held by lin, or of a group of lin's"
    );
    let transcript = |number| format!("/v1/conversations/{}/transcript", conversation(number));
    assert_eq!(node.get(&transcript(1), &lin).await.status, 404);
    assert_eq!(node.get(&transcript(2), &lin).await.status, 200);
}

#[tokio::test]
async fn a_transcript_is_read_by_pages_and_the_reading_is_audited() {
    let node = Node::start().await;
    let (sun, admin) = (
        node.session(Role::Supervisor).await,
        node.session(Role::Admin).await,
    );
    let path = format!("/v1/conversations/{}/transcript", conversation(0));
    let first = node.get(&format!("{path}?limit=2"), &sun).await.json();
    assert_eq!(first["conversation"]["close_reason"], "resolved");
    assert_eq!(
        first["items"][1],
        json!({
            "seq": 2, "at": 1002, "customer_seq": 2, "type": "message",
            "author": {"kind": "customer"}, "id": "01".repeat(16),
            "body": {"kind": "text", "text": "怎么退定金"},
        })
    );
    let rest = node
        .get(
            &format!("{path}?limit=2&cursor={}", text(&first, "next")),
            &sun,
        )
        .await
        .json();
    assert_eq!(rest["items"][0]["type"], "whisper");
    assert_eq!(rest["next"], Value::Null);
    let log = node.get("/v1/audit?limit=3", &admin).await.json();
    let lines: Vec<_> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            (
                text(line, "actor"),
                text(line, "operation"),
                text(line, "address"),
            )
        })
        .collect();
    let read = ("sun", "read_transcript", "127.0.0.1");
    assert_eq!(lines, [("admin", "read_audit", "127.0.0.1"), read, read]);
    assert_eq!(text(&log["items"][2], "subject"), format!("{path}?limit=2"));
}

#[tokio::test]
async fn an_admin_changes_the_desk_and_actors_are_told() {
    let node = Node::start().await;
    let admin = node.session(Role::Admin).await;
    let mut changes = node.desk.desk.changes();
    changes.borrow_and_update();
    let group = json!({"id": "night", "name": "夜班 Night", "overflow": {"group": "presale"}});
    assert_eq!(
        node.call("POST", "/v1/groups", &admin, &group).await.status,
        201
    );
    assert!(changes.has_changed().unwrap());
    let member = |role: &str| json!({"id": "ma", "name": "Ma", "role": role, "groups": ["night"], "capacity": 3});
    let new = json!({"member": member("agent"), "password": "a-good-password"});
    assert_eq!(
        node.call("POST", "/v1/agents", &admin, &new).await.status,
        201
    );
    let session = node.log_in("demo", "ma", "a-good-password").await;
    assert_eq!(node.get("/v1/audit", &session).await.status, 403);
    let raised = node
        .call("PUT", "/v1/agents/ma", &admin, &member("admin"))
        .await;
    assert_eq!(raised.status, 200);
    assert_eq!(
        node.get("/v1/audit", &session).await.status,
        200,
        "a role counts at once"
    );
    let mut gone = member("agent");
    gone["active"] = json!(false);
    assert_eq!(
        node.call("PUT", "/v1/agents/ma", &admin, &gone)
            .await
            .status,
        200
    );
    assert_eq!(node.get("/v1/me", &session).await.status, 401);
    let own = json!({"id": "admin", "name": "Admin", "role": "agent"});
    assert_eq!(
        node.call("PUT", "/v1/agents/admin", &admin, &own)
            .await
            .code(),
        "in_use"
    );
    let short = json!({"member": member("agent"), "password": "short"});
    assert_eq!(
        node.call("POST", "/v1/agents", &admin, &short).await.code(),
        "weak_password"
    );
    let mut settings = node.get("/v1/tenant", &admin).await.json();
    settings["timing"]["offer_ms"] = json!(20_000);
    assert_eq!(
        node.call("PUT", "/v1/tenant", &admin, &settings)
            .await
            .status,
        200
    );
    let directory = node.desk.desk.directory().await.unwrap();
    assert_eq!(
        directory.tenants[&TenantId::new("demo")].timing.offer_ms,
        20_000
    );
    for (pointer, wrong) in [
        ("/timing/offer_ms", json!(0)),
        ("/timing/silence_close_ms", json!(u64::MAX)),
        ("/boosts/tier_ms", json!([5, 1])),
        ("/channel_weights", json!({"web": 0})),
        ("/name", json!(" ")),
    ] {
        let mut settings = settings.clone();
        *settings.pointer_mut(pointer).unwrap() = wrong;
        let refused = node.call("PUT", "/v1/tenant", &admin, &settings).await;
        assert_eq!(refused.code(), "invalid_field", "{pointer}");
    }
    settings["default_group"] = json!("none");
    assert_eq!(
        node.call("PUT", "/v1/tenant", &admin, &settings)
            .await
            .code(),
        "invalid_field"
    );
}

#[tokio::test]
async fn what_cannot_be_audited_is_not_done() {
    let node = Node::start().await;
    let admin = node.session(Role::Admin).await;
    let file = rusqlite::Connection::open(node.desk.directory.join("desk.db")).unwrap();
    file.execute_batch("ALTER TABLE audit RENAME TO elsewhere")
        .unwrap();
    let group = json!({"id": "night", "name": "Night"});
    let refused = node.call("POST", "/v1/groups", &admin, &group).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "storage_unavailable")
    );
    assert!(refused.header("retry-after").is_some());
    let groups = node.get("/v1/groups", &admin).await.json();
    assert_eq!(groups["items"].as_array().unwrap().len(), 3);
    file.execute_batch("ALTER TABLE elsewhere RENAME TO audit")
        .unwrap();
    assert_eq!(
        node.call("POST", "/v1/groups", &admin, &group).await.status,
        201
    );
}

#[tokio::test]
async fn the_same_post_many_times_at_once_acts_once() {
    let node = Node::start().await;
    let lin = node.session(Role::Agent).await;
    let bearer = format!("Bearer {lin}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        ("idempotency-key", "once"),
    ];
    let body = json!({"scope": {"personal": "lin"}, "shortcut": "s", "title": "t", "text": "x"})
        .to_string();
    let send = || node.send("POST", "/v1/canned-replies", &headers, &body);
    let answers: [Answer; 4] = tokio::join!(send(), send(), send(), send()).into();
    let fresh = answers
        .iter()
        .filter(|answer| answer.status == 201 && answer.header("idempotency-replayed").is_none());
    assert_eq!(fresh.count(), 1, "{answers:?}");
    for answer in &answers {
        let waits = answer.status == 409 && answer.code() == "in_flight";
        assert!(answer.status == 201 || waits, "{answer:?}");
    }
    let after = send().await;
    assert_eq!(after.header("idempotency-replayed"), Some("true"));
}

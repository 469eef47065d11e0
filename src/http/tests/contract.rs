//! What holds for every route: the registry is all there is, roles, problems, origins, limits.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use axum::http::Method;
use serde_json::json;

use super::support::{Node, conversation};
use crate::auth::{Access, Operation, Role};
use crate::config::Secret;
use crate::http::{ProblemCode, Route, document, routes};

/// Operations that are frames of a client, in the order of the table.
const FIRST_FRAME: Operation = Operation::Hello;

fn at(route: &Route) -> String {
    route
        .path
        .replace("{id}", "absent")
        .replace("{key}", "absent")
        .replace("{kid}", "absent")
}

#[test]
fn nothing_is_served_outside_the_registry() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut mounts = Vec::new();
    for file in fs::read_dir(here).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "rs") {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        for way in [
            ".route(",
            ".nest(",
            ".merge(",
            "route_service(",
            "nest_service(",
            "fallback_service(",
            "Router::new(",
        ] {
            let name = path.file_name().unwrap().to_str().unwrap();
            mounts.extend(text.matches(way).map(|way| format!("{name} {way}")));
        }
    }
    assert_eq!(mounts, ["router.rs .route(", "router.rs Router::new("]);
}

#[test]
fn every_http_operation_has_one_route_and_no_frame_has() {
    let mut routed: Vec<Operation> = routes().iter().map(|route| route.operation).collect();
    routed.sort_unstable();
    let http: Vec<Operation> = Operation::ALL
        .iter()
        .copied()
        .filter(|operation| *operation < FIRST_FRAME)
        .collect();
    assert_eq!(routed, http);
    let places: HashSet<(Method, &str)> = routes()
        .iter()
        .map(|route| (route.method.clone(), route.path))
        .collect();
    assert_eq!(places.len(), routed.len());
}

#[test]
fn the_document_says_exactly_what_is_served() {
    let document = serde_json::to_value(document()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            documented.insert(format!("{} {path} {name}", method.to_uppercase()));
            assert!(operation["summary"].is_string(), "{name} says nothing");
            assert!(operation["responses"]["default"].is_object(), "{name}");
        }
    }
    let served: BTreeSet<String> = routes()
        .iter()
        .map(|route| {
            format!(
                "{} {} {}",
                route.method,
                route.path,
                route.operation.as_str()
            )
        })
        .collect();
    assert_eq!(documented, served);
    // Every reference leads somewhere.
    let text = document.to_string();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    for part in text.split("\"#/components/schemas/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is not described");
    }
}

#[tokio::test]
async fn every_route_lets_in_the_roles_of_the_table_and_nobody_else() {
    let node = Node::start().await;
    let mut cells = 0;
    for route in routes() {
        let (method, path) = (route.method.as_str(), at(&route));
        let unknown = node.call(method, &path, "cs_guess", &json!({})).await;
        let open = !matches!(route.operation.access(), Access::Roles(_));
        if !open {
            assert_eq!(unknown.status, 401, "{method} {path} to a stranger");
            let bare = node.send(method, &path, &[], "").await;
            assert_eq!(bare.code(), "unauthenticated", "{method} {path}");
        }
        for role in [Role::Agent, Role::Supervisor, Role::Admin] {
            // A fresh session for each cell: logging out is one of the operations.
            let session = node.session(role).await;
            let answer = node.call(method, &path, &session, &json!({})).await;
            let allowed = open || route.operation.allows(role);
            let refused = matches!(answer.status, 401 | 403);
            // A handler's own 403 is about a reply's scope, which `{}` does not reach.
            assert_eq!(!refused, allowed, "{method} {path} to {role:?}: {answer:?}");
            cells += 1;
        }
    }
    assert_eq!(cells, routes().len() * 3);
}

#[tokio::test]
async fn problems_have_one_shape_and_say_what_to_do() {
    let node = Node::start_with(|config| config.limits.body_bytes = 2_048).await;
    let admin = node.session(Role::Admin).await;
    let bearer = format!("Bearer {admin}");
    let json = ("content-type", "application/json");
    let auth = ("authorization", bearer.as_str());
    let long = format!("{{\"id\": \"{}\"}}", "a".repeat(3_000));
    let group = |id: &str| json!({"id": id, "name": "n"}).to_string();
    let extra = json!({"id": "a", "name": "n", "nmae": 1}).to_string();
    let self_overflow = json!({"id": "a", "name": "n", "overflow": {"group": "a"}}).to_string();
    let corrupt = format!("/v1/conversations/{}/transcript", conversation(98));
    type Case<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>, &'a str, &'a str);
    let cases: Vec<Case<'_>> = vec![
        ("GET", "/v1/nothing", vec![], "", "no_such_route"),
        ("PATCH", "/v1/groups", vec![auth], "", "method_not_allowed"),
        ("GET", "/v1/groups", vec![], "", "unauthenticated"),
        ("POST", "/v1/groups", vec![auth], "{}", "not_json"),
        (
            "POST",
            "/v1/groups",
            vec![auth, json],
            "{",
            "malformed_body",
        ),
        (
            "POST",
            "/v1/groups",
            vec![auth, json],
            "{}",
            "malformed_body",
        ),
        (
            "POST",
            "/v1/groups",
            vec![auth, json],
            &extra,
            "malformed_body",
        ),
        (
            "POST",
            "/v1/groups",
            vec![auth, json],
            &long,
            "body_too_large",
        ),
        (
            "POST",
            "/v1/groups",
            vec![auth, json, ("idempotency-key", "")],
            "{}",
            "bad_idempotency_key",
        ),
        (
            "GET",
            "/v1/conversations?colour=red",
            vec![auth],
            "",
            "malformed_query",
        ),
        (
            "GET",
            "/v1/conversations?phase=asleep",
            vec![auth],
            "",
            "malformed_query",
        ),
        (
            "GET",
            "/v1/conversations?cursor=x",
            vec![auth],
            "",
            "bad_cursor",
        ),
        (
            "GET",
            "/v1/conversations/zz/transcript",
            vec![auth],
            "",
            "not_found",
        ),
        ("GET", &corrupt, vec![auth], "", "corrupt"),
        ("DELETE", "/v1/groups/presale", vec![auth], "", "in_use"),
        ("DELETE", "/v1/groups/%ff", vec![auth], "", "not_found"),
    ];
    for (method, path, headers, body, code) in &cases {
        let answer = node.send(method, path, headers, body).await;
        assert_problem(&answer, code);
    }
    for (body, code) in [
        (group("vip"), "exists"),
        (group("A"), "invalid_field"),
        (self_overflow, "invalid_field"),
    ] {
        let answer = node.send("POST", "/v1/groups", &[auth, json], &body).await;
        assert_problem(&answer, code);
    }
}

fn assert_problem(answer: &super::support::Answer, code: &str) {
    let problem = answer.json();
    assert_eq!(problem["code"], code, "{answer:?}");
    let known = ProblemCode::ALL.iter().find(|known| known.as_str() == code);
    let known = known.unwrap();
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(answer.status, known.status().as_u16());
    assert_eq!(problem["status"], answer.status);
    assert_eq!(problem["title"], known.title());
    assert_eq!(problem["type"], format!("/docs#{code}"));
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.len() > 20 && detail.ends_with('.'), "{detail}");
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_a_problem_too() {
    let node = Node::start_with(|config| config.limits.request_timeout_ms = 100).await;
    let admin = node.session(Role::Admin).await;
    let path = format!("/v1/conversations/{}/transcript", conversation(99));
    assert_problem(&node.get(&path, &admin).await, "timed_out");
}

#[tokio::test]
async fn the_node_tells_health_readiness_and_its_actors() {
    let node = Node::start().await;
    let health = node.send("GET", "/healthz", &[], "").await;
    assert_eq!(
        (health.status, health.json()["status"].as_str()),
        (200, Some("ok"))
    );
    let ready = node.send("GET", "/readyz", &[], "").await;
    assert_eq!(ready.status, 503);
    let checks = ready.json()["checks"].clone();
    assert_eq!(checks[0]["detail"], "the disk is full; make room");
    assert_eq!(
        (&checks[1]["name"], &checks[1]["ready"]),
        (&json!("desk"), &json!(true))
    );
    let admin = node.session(Role::Admin).await;
    let actors = node
        .get("/admin/actors?kind=agent&limit=5", &admin)
        .await
        .json();
    assert_eq!(actors["kinds"][0]["kind"], "agent");
    assert_eq!(
        actors["actors"][0]["id"], "demo/presale",
        "the session's tenant is asked for"
    );
    let cluster = node.get("/admin/cluster", &admin).await.json();
    assert_eq!(
        (&cluster["node"], &cluster["standing"]),
        (&json!(3), &json!("member"))
    );
    let agent = node.session(Role::Agent).await;
    assert_problem(&node.get("/admin/cluster", &agent).await, "forbidden");
}

#[tokio::test]
async fn metrics_are_behind_their_token_where_one_is_set() {
    let open = Node::start().await;
    assert_eq!(open.send("GET", "/metrics", &[], "").await.status, 200);
    let set = |config: &mut crate::config::Config| {
        config.server.metrics_token = Secret::new("scrape-me");
    };
    let shut = Node::start_with(set).await;
    assert_eq!(shut.send("GET", "/metrics", &[], "").await.status, 401);
    assert_eq!(shut.get("/metrics", "guess").await.status, 401);
    let admin = shut.session(Role::Admin).await;
    assert_eq!(
        shut.get("/metrics", &admin).await.status,
        401,
        "a session is no scraper"
    );
    assert_eq!(shut.get("/metrics", "scrape-me").await.status, 200);
}

#[tokio::test]
async fn only_listed_origins_may_call_from_a_page() {
    let set = |config: &mut crate::config::Config| {
        config.server.allowed_origins = vec!["https://shop.example".to_owned()];
    };
    let node = Node::start_with(set).await;
    let ask = ("access-control-request-method", "POST");
    let shop = ("origin", "https://shop.example");
    let evil = ("origin", "https://shop.example.evil.example");
    let granted = node.send("OPTIONS", "/v1/tickets", &[shop, ask], "").await;
    assert_eq!(granted.status, 204);
    assert_eq!(granted.header("access-control-allow-origin"), Some(shop.1));
    let methods = granted.header("access-control-allow-methods").unwrap();
    assert!(methods.contains("POST"));
    let refused = node.send("OPTIONS", "/v1/tickets", &[evil, ask], "").await;
    assert_problem(&refused, "origin_not_allowed");
    assert_eq!(refused.header("access-control-allow-origin"), None);
    let body = json!({"tenant": "demo"}).to_string();
    let json = ("content-type", "application/json");
    let called = node.send("POST", "/v1/tickets", &[shop, json], &body).await;
    assert_eq!(called.header("access-control-allow-origin"), Some(shop.1));
    assert_eq!(called.header("vary"), Some("origin"));
    let silent = node.send("POST", "/v1/tickets", &[evil, json], &body).await;
    assert_eq!(silent.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn the_page_of_documentation_needs_nothing_from_elsewhere() {
    let node = Node::start().await;
    let page = node.send("GET", "/docs", &[], "").await;
    assert_eq!(page.status, 200);
    for foreign in ["http://", "https://", "src=", "@import", "url("] {
        assert!(!page.text.contains(foreign), "{foreign}");
    }
    for code in ProblemCode::ALL {
        assert!(page.text.contains(&format!("id=\"{}\"", code.as_str())));
    }
    assert!(
        page.header("content-security-policy")
            .unwrap()
            .starts_with("default-src 'none'")
    );
    let api = node.send("GET", "/openapi.json", &[], "").await.json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3."));
}

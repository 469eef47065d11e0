//! The document and a page that shows it, without anything from elsewhere.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::openapi::document;
use super::problem::ProblemCode;

static JSON: LazyLock<String> = LazyLock::new(|| {
    document()
        .to_json()
        .expect("a document built from constants serialises")
});

static PAGE: LazyLock<String> = LazyLock::new(|| {
    let mut rows = String::new();
    for code in ProblemCode::ALL {
        let (word, status) = (code.as_str(), code.status().as_u16());
        let _ = write!(
            rows,
            "<tr id=\"{word}\"><td><code>{word}</code></td><td>{status}</td><td>{}</td></tr>",
            code.title()
        );
    }
    include_str!("docs.html").replace("<!-- problems -->", &rows)
});

pub(super) async fn api() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], JSON.as_str()).into_response()
}

pub(super) async fn page() -> Response {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
    ];
    (headers, PAGE.as_str()).into_response()
}

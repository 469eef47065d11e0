//! What a knowledge base may and may not hold.

use super::{Knowledge, KnowledgeError};

const GOOD: &str = r#"
version = 3
[[articles]]
key = "returns"
title = { zh = "退货", en = "Returns" }
answer = { zh = "七天内", en = "Within 7 days", ja = "7日以内" }
aliases = ["怎么退货"]
"#;

#[test]
fn a_good_one_is_read_and_survives_json() {
    let knowledge = Knowledge::from_toml(GOOD).unwrap();
    assert_eq!(knowledge.version, 3);
    assert_eq!(
        knowledge.article("returns").unwrap().answer.ja.as_deref(),
        Some("7日以内")
    );
    let json = serde_json::to_string(&knowledge).unwrap();
    assert_eq!(serde_json::from_str::<Knowledge>(&json).unwrap(), knowledge);
}

#[test]
fn a_bad_article_is_named_with_its_problem() {
    let cases = [
        (
            GOOD.replace("key = \"returns\"", "key = \"Re turns\""),
            "Re turns",
            "the key must be",
        ),
        (
            GOOD.replace("七天内", " "),
            "returns",
            "the answer is empty",
        ),
        (GOOD.replace("Returns", ""), "returns", "the title is empty"),
        (GOOD.replace("怎么退货", ""), "returns", "an alias is empty"),
        (
            format!("{GOOD}group = \" \""),
            "returns",
            "the group is empty",
        ),
        (
            format!("{GOOD}valid_from = 5\nvalid_until = 5"),
            "returns",
            "valid_until is not after",
        ),
        (
            format!("{GOOD}{}", GOOD.replace("\nversion = 3", "")),
            "returns",
            "the key is used twice",
        ),
    ];
    for (text, article, expected) in cases {
        match Knowledge::from_toml(&text) {
            Err(KnowledgeError::Article { key, problem }) => {
                assert_eq!(key, article);
                assert!(problem.contains(expected), "{problem}");
            }
            other => panic!("{expected}: {other:?}"),
        }
    }
}

#[test]
fn an_unknown_key_is_refused() {
    let error = Knowledge::from_toml(&format!("{GOOD}colour = 1")).unwrap_err();
    assert!(error.to_string().contains("colour"), "{error}");
}

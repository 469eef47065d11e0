//! Between the desk's articles and the knowledge that the bot answers from.

use serde_json::Value;

use super::records::KnowledgeArticle;
use crate::bot::{Article, Knowledge};

/// Keys with bodies, as the desk keeps them; the key is not repeated in the body.
pub fn bodies(knowledge: &Knowledge) -> Vec<(String, Value)> {
    knowledge
        .articles
        .iter()
        .map(|article| {
            let mut body = serde_json::to_value(article)
                .expect("articles have text keys only, so they serialise");
            if let Value::Object(fields) = &mut body {
                fields.remove("key");
            }
            (article.key.clone(), body)
        })
        .collect()
}

/// Can the bot read this body under this key, and serve it? The words say what to correct.
pub fn check(key: &str, body: &Value) -> Result<(), String> {
    let knowledge = Knowledge {
        version: 0,
        articles: vec![article(key, body)?],
    };
    knowledge.check().map_err(|why| why.to_string())
}

/// What is published, as the bot reads it. The error names the article that cannot be read.
pub fn published(version: u64, articles: &[KnowledgeArticle]) -> Result<Knowledge, String> {
    let articles = articles
        .iter()
        .map(|one| article(&one.key, &one.body).map_err(|why| format!("{}: {why}", one.key)))
        .collect::<Result<_, _>>()?;
    let knowledge = Knowledge { version, articles };
    knowledge.check().map_err(|why| why.to_string())?;
    Ok(knowledge)
}

fn article(key: &str, body: &Value) -> Result<Article, String> {
    let mut body = body.clone();
    let fields = body.as_object_mut().ok_or("must be an object")?;
    fields.insert("key".to_owned(), Value::from(key));
    serde_json::from_value(body).map_err(|why| why.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_demo_shops_knowledge_survives_the_desk() {
        let shipped = include_str!("../../ops/demo/knowledge.toml");
        let knowledge = Knowledge::from_toml(shipped).unwrap();
        let bodies = bodies(&knowledge);
        for (key, body) in &bodies {
            assert_eq!(super::super::records::check_article(key, body), Ok(()));
            assert_eq!(check(key, body), Ok(()), "{key}");
        }
        let stored: Vec<_> = bodies
            .into_iter()
            .map(|(key, body)| KnowledgeArticle {
                key,
                version: 1,
                body,
            })
            .collect();
        let read = published(knowledge.version, &stored).unwrap();
        assert_eq!(read.articles, knowledge.articles);
    }

    #[test]
    fn a_body_the_bot_cannot_read_is_told_in_words() {
        let text = || json!({"zh": "礼品", "en": "Gift"});
        let whole = || json!({"title": text(), "answer": text(), "aliases": ["有赠品吗"]});
        assert_eq!(check("gift", &whole()), Ok(()));
        let mut misspelt = whole();
        misspelt["alias"] = json!([]);
        let mut untitled = whole();
        untitled.as_object_mut().unwrap().remove("title");
        for (body, words) in [
            (misspelt, "unknown field `alias`"),
            (untitled, "missing field `title`"),
            (json!([]), "must be an object"),
        ] {
            let why = check("gift", &body).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }
}

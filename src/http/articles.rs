//! Articles of the knowledge base: drafts by version, published by naming one.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Body, Name, Params, Staff};
use super::page::{Page, Window};
use super::problem::{Problem, ProblemCode};
use super::state::HttpState;
use crate::auth::StaffPrincipal;
use crate::desk::{Article, ArticleVersion};

/// An article at its newest version.
#[derive(Serialize, ToSchema)]
pub(super) struct ArticleView {
    key: String,
    version: u64,
    /// The version the bot answers from; absent for a draft.
    #[serde(skip_serializing_if = "Option::is_none")]
    published: Option<u64>,
    /// Titles, answers, aliases, tags: what the bot reads.
    #[schema(value_type = Object)]
    body: serde_json::Value,
    /// Unix time in ms.
    saved_at: u64,
    saved_by: String,
}

fn view(article: Article) -> ArticleView {
    ArticleView {
        key: article.key,
        version: article.latest,
        published: article.published,
        body: article.body,
        saved_at: article.saved_at.0,
        saved_by: article.saved_by,
    }
}

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    /// 1 to 200, 50 where absent.
    limit: Option<usize>,
    /// `next` of the page before.
    cursor: Option<String>,
}

pub(super) async fn list(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Params(params): Params<ListParams>,
) -> Result<Json<Page<ArticleView>>, Problem> {
    let window = Window {
        limit: params.limit,
        cursor: params.cursor,
    };
    let limit = window.limit();
    let after = window.after(|cursor| Some(cursor.to_owned()))?;
    let found = state
        .desk
        .articles(staff.key.tenant, after, limit + 1)
        .await?;
    let page = Page::of(found, limit, |article| article.key.clone(), view);
    Ok(Json(page))
}

/// An article with every text it ever had.
#[derive(Serialize, ToSchema)]
pub(super) struct ArticleHistory {
    article: ArticleView,
    /// Newest first.
    versions: Vec<VersionView>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct VersionView {
    version: u64,
    #[schema(value_type = Object)]
    body: serde_json::Value,
    /// Unix time in ms.
    saved_at: u64,
    saved_by: String,
}

pub(super) async fn read(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(key): Name,
) -> Result<Json<ArticleHistory>, Problem> {
    let tenant = staff.key.tenant;
    let found = state.desk.article(tenant.clone(), key.clone()).await?;
    let article = view(found.ok_or_else(Problem::not_found)?);
    let versions = state.desk.article_versions(tenant, key).await?;
    let versions = versions
        .into_iter()
        .map(|version| VersionView {
            version: version.version,
            body: version.body,
            saved_at: version.saved_at.0,
            saved_by: version.saved_by,
        })
        .collect();
    Ok(Json(ArticleHistory { article, versions }))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewArticle {
    /// 1 to 64 of `a-z 0-9 . _ -`; never changes.
    key: String,
    #[schema(value_type = Object)]
    body: serde_json::Value,
}

pub(super) async fn create(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Body(new): Body<NewArticle>,
) -> Result<(StatusCode, Json<ArticleView>), Problem> {
    let saved = save(&state, staff, new.key, new.body, None).await?;
    Ok((StatusCode::CREATED, Json(saved)))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ArticleChange {
    /// The version this change was written on top of; refused where it is not the newest.
    version: u64,
    #[schema(value_type = Object)]
    body: serde_json::Value,
}

pub(super) async fn write(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(key): Name,
    Body(change): Body<ArticleChange>,
) -> Result<Json<ArticleView>, Problem> {
    let saved = save(&state, staff, key, change.body, Some(change.version)).await?;
    Ok(Json(saved))
}

async fn save(
    state: &HttpState,
    staff: StaffPrincipal,
    key: String,
    body: serde_json::Value,
    on: Option<u64>,
) -> Result<ArticleView, Problem> {
    (state.article_check)(&key, &body).map_err(|why| {
        let words = format!("body cannot be served: {why}; correct it and send it again.");
        Problem::new(ProblemCode::InvalidField, words).at("body")
    })?;
    let version = ArticleVersion {
        // The desk counts; what is said here is not read.
        version: 0,
        body,
        saved_at: state.now(),
        saved_by: staff.key.agent.to_string(),
    };
    let tenant = staff.key.tenant;
    Ok(view(
        state.desk.save_article(tenant, key, version, on).await?,
    ))
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Publication {
    /// The version the bot is to answer from; an older one rolls back; null withdraws the article.
    #[serde(deserialize_with = "said")]
    #[schema(required = true)]
    version: Option<u64>,
}

/// Null must be written: withdrawing by leaving a field out would be a slip.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Option::deserialize(deserializer)
}

pub(super) async fn publish(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(key): Name,
    Body(publication): Body<Publication>,
) -> Result<Json<ArticleView>, Problem> {
    let tenant = staff.key.tenant;
    let article = state
        .desk
        .publish_article(tenant, key, publication.version)
        .await?;
    Ok(Json(view(article)))
}

pub(super) async fn delete(
    State(state): State<HttpState>,
    Staff(staff): Staff,
    Name(key): Name,
) -> Result<StatusCode, Problem> {
    state.desk.delete_article(staff.key.tenant, key).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Every route there is.

use super::admission::{LoginBody, LoginView, MeView, PasswordChange, TicketRequest, TicketView};
use super::agents::{NewMember, NewPassword};
use super::articles::{ArticleChange, ArticleHistory, ArticleView, NewArticle, Publication};
use super::audit_log::{AuditParams, AuditView};
use super::canned::ReplyBody;
use super::conversations::{ConversationView, TranscriptParams, TranscriptView};
use super::node::{ActorsParams, Health, ReadinessView};
use super::page::Page;
use super::ports::{ActorsSnapshot, ClusterSnapshot};
use super::registry::Route;
use super::signing_keys::{KeyBody, KeyView};
use super::{
    admission, agents, articles, audit_log, canned, conversations, docs, groups, node,
    signing_keys, tenant,
};
use crate::auth::Operation as Op;
use crate::desk::{CannedReply, Group, StaffMember, TenantSettings};

/// The registry. What is not here is not served.
pub fn routes() -> Vec<Route> {
    let mut routes = node_routes();
    routes.extend(admission_routes());
    routes.extend(configuration_routes());
    routes.extend(knowledge_routes());
    routes.extend(archive_routes());
    routes
}

fn node_routes() -> Vec<Route> {
    vec![
        Route::get("/healthz", Op::ReadHealth, node::health)
            .says("Is the process alive?")
            .gives::<Health>(200),
        Route::get("/readyz", Op::ReadReadiness, node::readiness)
            .says("May work be sent here? 503 with the failing checks where not.")
            .gives::<ReadinessView>(200),
        Route::get("/metrics", Op::ReadMetrics, node::metrics)
            .says("Counters and histograms for Prometheus.")
            .gives_bare(200, "text/plain"),
        Route::get("/openapi.json", Op::ReadApi, docs::api)
            .says("This document.")
            .gives_bare(200, "application/json"),
        Route::get("/docs", Op::ReadDocs, docs::page)
            .says("This document as a page.")
            .gives_bare(200, "text/html"),
        Route::get("/admin/actors", Op::ReadActors, node::actors)
            .says("The tenant's actors on this node.")
            .query::<ActorsParams>()
            .gives::<ActorsSnapshot>(200),
        Route::get("/admin/cluster", Op::ReadCluster, node::cluster)
            .says("The nodes, and which of them owns which shard, as this node knows it.")
            .gives::<ClusterSnapshot>(200),
    ]
}

fn admission_routes() -> Vec<Route> {
    vec![
        Route::post("/v1/tickets", Op::IssueTicket, admission::ticket)
            .says("A one-use ticket for the first frame of a connection.")
            .takes::<TicketRequest>()
            .gives::<TicketView>(201),
        Route::post("/v1/login", Op::LogIn, admission::log_in)
            .says("Staff: password to session.")
            .takes::<LoginBody>()
            .gives::<LoginView>(201),
        Route::post("/v1/logout", Op::LogOut, admission::log_out)
            .says("End this session.")
            .gives_bare(204, ""),
        Route::get("/v1/me", Op::ReadMe, admission::me)
            .says("Who is logged in, and what the role may do.")
            .gives::<MeView>(200),
        Route::put(
            "/v1/me/password",
            Op::ChangeOwnPassword,
            admission::change_password,
        )
        .says("Change one's own password; ends every session.")
        .takes::<PasswordChange>()
        .gives_bare(204, ""),
    ]
}

fn configuration_routes() -> Vec<Route> {
    vec![
        Route::get("/v1/tenant", Op::ReadTenant, tenant::read)
            .says("The tenant's settings.")
            .gives::<TenantSettings>(200),
        Route::put("/v1/tenant", Op::WriteTenant, tenant::write)
            .says("Replace the tenant's settings.")
            .takes::<TenantSettings>()
            .gives::<TenantSettings>(200),
        Route::get("/v1/signing-keys", Op::ListSigningKeys, signing_keys::list)
            .says("Keys that customer tokens are verified with, without the keys themselves.")
            .gives::<Page<KeyView>>(200),
        Route::put(
            "/v1/signing-keys/{kid}",
            Op::WriteSigningKey,
            signing_keys::write,
        )
        .says("Add a key, or replace the one of this id.")
        .takes::<KeyBody>()
        .gives::<KeyView>(200),
        Route::delete(
            "/v1/signing-keys/{kid}",
            Op::DeleteSigningKey,
            signing_keys::delete,
        )
        .says("Stop accepting tokens of this key.")
        .gives_bare(204, ""),
        Route::get("/v1/groups", Op::ListGroups, groups::list)
            .says("Every skill group.")
            .gives::<Page<Group>>(200),
        Route::post("/v1/groups", Op::CreateGroup, groups::create)
            .says("A new skill group.")
            .takes::<Group>()
            .gives::<Group>(201),
        Route::put("/v1/groups/{id}", Op::WriteGroup, groups::write)
            .says("Replace a skill group.")
            .takes::<Group>()
            .gives::<Group>(200),
        Route::delete("/v1/groups/{id}", Op::DeleteGroup, groups::delete)
            .says("Delete a skill group that nothing refers to.")
            .gives_bare(204, ""),
        Route::get("/v1/agents", Op::ListAgents, agents::list)
            .says("Everybody on staff, deactivated ones included.")
            .gives::<Page<StaffMember>>(200),
        Route::post("/v1/agents", Op::CreateAgent, agents::create)
            .says("A new member of staff.")
            .takes::<NewMember>()
            .gives::<StaffMember>(201),
        Route::put("/v1/agents/{id}", Op::WriteAgent, agents::write)
            .says("Replace a member's profile; deactivating ends their sessions.")
            .takes::<StaffMember>()
            .gives::<StaffMember>(200),
        Route::put(
            "/v1/agents/{id}/password",
            Op::SetAgentPassword,
            agents::set_password,
        )
        .says("Set a member's password; ends their sessions.")
        .takes::<NewPassword>()
        .gives_bare(204, ""),
        Route::get("/v1/audit", Op::ReadAudit, audit_log::list)
            .says("Privileged acts, newest first.")
            .query::<AuditParams>()
            .gives::<Page<AuditView>>(200),
    ]
}

fn knowledge_routes() -> Vec<Route> {
    vec![
        Route::get("/v1/articles", Op::ListArticles, articles::list)
            .says("Articles by key, at their newest version.")
            .query::<articles::ListParams>()
            .gives::<Page<ArticleView>>(200),
        Route::post("/v1/articles", Op::CreateArticle, articles::create)
            .says("A new article, as a draft.")
            .takes::<NewArticle>()
            .gives::<ArticleView>(201),
        Route::get("/v1/articles/{key}", Op::ReadArticle, articles::read)
            .says("An article with all its versions.")
            .gives::<ArticleHistory>(200),
        Route::put("/v1/articles/{key}", Op::WriteArticle, articles::write)
            .says("Save a new version as a draft.")
            .takes::<ArticleChange>()
            .gives::<ArticleView>(200),
        Route::delete("/v1/articles/{key}", Op::DeleteArticle, articles::delete)
            .says("Delete an article with all its versions.")
            .gives_bare(204, ""),
        Route::post(
            "/v1/articles/{key}/publish",
            Op::PublishArticle,
            articles::publish,
        )
        .says("Let the bot answer from one version, roll back to an older one, or withdraw.")
        .takes::<Publication>()
        .gives::<ArticleView>(200),
        Route::get("/v1/canned-replies", Op::ListCannedReplies, canned::list)
            .says("Replies one may use: one's own, one's groups' and the tenant's.")
            .gives::<Page<CannedReply>>(200),
        Route::post("/v1/canned-replies", Op::CreateCannedReply, canned::create)
            .says("A new canned reply.")
            .takes::<ReplyBody>()
            .gives::<CannedReply>(201),
        Route::put(
            "/v1/canned-replies/{id}",
            Op::WriteCannedReply,
            canned::write,
        )
        .says("Replace a canned reply.")
        .takes::<ReplyBody>()
        .gives::<CannedReply>(200),
        Route::delete(
            "/v1/canned-replies/{id}",
            Op::DeleteCannedReply,
            canned::delete,
        )
        .says("Delete a canned reply.")
        .gives_bare(204, ""),
    ]
}

fn archive_routes() -> Vec<Route> {
    vec![
        Route::get(
            "/v1/conversations",
            Op::ListConversations,
            conversations::list,
        )
        .says("Conversations by date, agent, customer, group and phase, newest first. Agents see their own and their groups'.")
        .query::<conversations::ListParams>()
        .gives::<Page<ConversationView>>(200),
        Route::get(
            "/v1/conversations/{id}/transcript",
            Op::ReadTranscript,
            conversations::transcript,
        )
        .says("Everything that happened in a conversation, whispers included.")
        .query::<TranscriptParams>()
        .gives::<TranscriptView>(200),
    ]
}

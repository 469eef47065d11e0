//! Records of the desk, as the port takes and gives them and as the HTTP interface shows them.

use crest_actors::ids::{AgentId, GroupId, Millis, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::failure::DeskRefusal;
use super::limits;
use super::settings::TenantSettings;

/// BLAKE3 of a secret or a body: what is stored in its place.
pub type Digest = [u8; 32];

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    pub id: TenantId,
    pub settings: TenantSettings,
}

/// The only algorithms a shop may sign customer tokens with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Algorithm {
    EdDSA,
    HS256,
}

/// A shop's key for customer tokens, pinned to one algorithm.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    pub kid: String,
    pub algorithm: Algorithm,
    /// HS256: the secret itself, at least 32 bytes. EdDSA: the raw public key in base64url (JWK `x`).
    pub key: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({}, {:?})", self.kid, self.algorithm)
    }
}

/// A skill group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// 1 to 64 of `a-z 0-9 . _ -`.
    pub id: String,
    pub name: String,
    #[serde(default)]
    pub required: Vec<String>,
    #[serde(default)]
    pub preferred: Vec<String>,
    /// Longest queue; 0: no limit.
    #[serde(default)]
    pub max_length: u32,
    /// Longest wait in ms; 0: no limit.
    #[serde(default)]
    pub max_wait_ms: u64,
    #[serde(default)]
    pub overflow: Overflow,
    /// Handling time in ms assumed until the group has measured its own.
    #[serde(default = "five_minutes")]
    pub expected_handling_ms: u64,
}

fn five_minutes() -> u64 {
    300_000
}

/// What happens to a conversation that a queue cannot keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overflow {
    Group(String),
    Bot,
    #[default]
    LeaveMessage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    Agent,
    Supervisor,
    Admin,
}

/// A member of staff without anything secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffMember {
    /// Also the login. 1 to 64 of `a-z 0-9 . _ -`.
    pub id: String,
    pub name: String,
    pub role: StaffRole,
    #[serde(default)]
    pub groups: Vec<String>,
    #[serde(default)]
    pub skills: Vec<String>,
    /// Sum of conversation weights held at once; 0: is never offered any.
    #[serde(default)]
    pub capacity: u32,
    /// Off: cannot log in and is offered nothing; the name stays for transcripts.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// Somebody to be hired: `hash` is a PHC string of argon2id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStaff {
    pub member: StaffMember,
    pub hash: String,
}

/// What a login is held against.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub member: StaffMember,
    pub hash: String,
}

/// A login that stands; the secret itself is only with its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffSession {
    pub digest: Digest,
    pub tenant: TenantId,
    pub agent: AgentId,
    pub expires_at: Millis,
}

/// One question-and-answer unit at one version. The body is JSON that the bot understands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Article {
    pub key: String,
    /// Grows with each save.
    pub latest: u64,
    /// The version the bot answers from; `None`: a draft.
    pub published: Option<u64>,
    /// Body of `latest`.
    pub body: serde_json::Value,
    pub saved_at: Millis,
    pub saved_by: String,
}

/// One of an article's saved texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArticleVersion {
    pub version: u64,
    pub body: serde_json::Value,
    pub saved_at: Millis,
    pub saved_by: String,
}

/// A published article, for the bot's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnowledgeArticle {
    pub key: String,
    pub version: u64,
    pub body: serde_json::Value,
}

/// Who sees a canned reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CannedScope {
    /// The named agent alone.
    Personal(String),
    /// Everybody in the named group.
    Group(String),
    Tenant,
}

/// A text kept ready; variables stay as written until it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CannedReply {
    pub id: String,
    pub scope: CannedScope,
    /// What one types to find it; unique within its scope.
    pub shortcut: String,
    pub title: String,
    pub text: String,
}

/// What became of claiming an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has used it: go on, then settle.
    Fresh,
    /// Answered before with this.
    Answered { status: u16, body: Vec<u8> },
    /// Used with another request.
    Different,
    /// The same request is being answered right now.
    InFlight,
}

/// What is written before a privileged act takes effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    pub at: Millis,
    pub tenant: TenantId,
    pub actor: String,
    pub role: String,
    pub operation: String,
    pub subject: String,
    pub address: String,
}

/// An audit record with its place in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    pub id: u64,
    pub record: AuditRecord,
}

/// A whole tenant to be installed at once.
#[derive(Clone, Debug)]
pub struct Installation {
    pub tenant: Tenant,
    pub keys: Vec<SigningKey>,
    pub groups: Vec<Group>,
    pub staff: Vec<NewStaff>,
    /// Key and body; installed as published.
    pub articles: Vec<(String, serde_json::Value)>,
    pub canned: Vec<CannedReply>,
    pub at: Millis,
}

/// A tenant as it moves from one store to another: everything but logins, idempotency keys and the
/// audit log. Lists are in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeTenant {
    pub tenant: Tenant,
    pub keys: Vec<SigningKey>,
    pub groups: Vec<Group>,
    /// Deactivated ones included.
    pub staff: Vec<NewStaff>,
    pub articles: Vec<WholeArticle>,
    /// Of every scope.
    pub canned: Vec<CannedReply>,
    /// Version of the knowledge as a whole, which transcripts name.
    pub knowledge: u64,
}

/// An article with all its versions, dense from 1, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeArticle {
    pub key: String,
    pub published: Option<u64>,
    pub versions: Vec<ArticleVersion>,
}

impl Group {
    /// Form and bounds; whether what it names exists, the store says.
    pub fn check(&self) -> Result<(), DeskRefusal> {
        check_id("id", &self.id)?;
        check_title("name", &self.name)?;
        check_list("required", &self.required)?;
        check_list("preferred", &self.preferred)?;
        if self.expected_handling_ms == 0 {
            return Err(invalid("expected_handling_ms", "must be above 0"));
        }
        if self.overflow == Overflow::Group(self.id.clone()) {
            return Err(invalid("overflow", "a group cannot overflow into itself"));
        }
        Ok(())
    }

    pub fn group_id(&self) -> GroupId {
        GroupId::new(&self.id)
    }
}

impl StaffMember {
    /// Form and bounds; whether its groups exist, the store says.
    pub fn check(&self) -> Result<(), DeskRefusal> {
        check_id("id", &self.id)?;
        check_title("name", &self.name)?;
        check_list("groups", &self.groups)?;
        check_list("skills", &self.skills)?;
        if self.capacity > limits::CAPACITY_MAX {
            return Err(invalid("capacity", "must be at most 1000"));
        }
        Ok(())
    }
}

impl CannedReply {
    /// Form and bounds; whether its owner exists, the store says.
    pub fn check(&self) -> Result<(), DeskRefusal> {
        check_title("shortcut", &self.shortcut)?;
        check_title("title", &self.title)?;
        if self.text.trim().is_empty() {
            return Err(invalid("text", "must not be empty"));
        }
        if self.text.len() > limits::REPLY_MAX_BYTES {
            return Err(invalid("text", "must be at most 16384 bytes"));
        }
        Ok(())
    }
}

impl SigningKey {
    /// An HS256 secret under 32 bytes can be guessed (RFC 7518 §3.2); an EdDSA key is 32 bytes.
    pub fn check(&self) -> Result<(), DeskRefusal> {
        check_id("kid", &self.kid)?;
        match self.algorithm {
            Algorithm::HS256 if self.key.len() < 32 => Err(invalid(
                "key",
                "an HS256 secret must have at least 32 bytes",
            )),
            Algorithm::EdDSA if self.key.len() != 43 => Err(invalid(
                "key",
                "an EdDSA public key is 32 bytes in base64url without padding",
            )),
            Algorithm::HS256 | Algorithm::EdDSA => Ok(()),
        }
    }
}

/// Is it a key an article may have, with a body that is an object within bounds?
pub fn check_article(key: &str, body: &serde_json::Value) -> Result<(), DeskRefusal> {
    check_id("key", key)?;
    if !body.is_object() {
        return Err(invalid("body", "must be an object"));
    }
    if body.to_string().len() > limits::ARTICLE_MAX_BYTES {
        return Err(invalid("body", "must be at most 131072 bytes as JSON"));
    }
    Ok(())
}

pub(super) fn invalid(field: &'static str, why: &'static str) -> DeskRefusal {
    DeskRefusal::Invalid { field, why }
}

pub(super) fn check_id(field: &'static str, id: &str) -> Result<(), DeskRefusal> {
    let legal = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-');
    if id.is_empty() || id.len() > limits::ID_MAX_BYTES || !id.bytes().all(legal) {
        return Err(invalid(field, "must be 1 to 64 of a-z 0-9 . _ -"));
    }
    Ok(())
}

pub(super) fn check_title(field: &'static str, title: &str) -> Result<(), DeskRefusal> {
    if title.trim().is_empty()
        || title.len() > limits::TITLE_MAX_BYTES
        || title.chars().any(char::is_control)
    {
        return Err(invalid(
            field,
            "must be 1 to 256 bytes without control characters",
        ));
    }
    Ok(())
}

pub(super) fn check_list(field: &'static str, items: &[String]) -> Result<(), DeskRefusal> {
    if items.len() > limits::LIST_MAX {
        return Err(invalid(field, "must have at most 64 items"));
    }
    items.iter().try_for_each(|item| check_title(field, item))
}

//! The one table of operation × role. What is not granted here is denied, everywhere.

use super::principal::Role;

/// Who may do it at all. What state and ownership allow beyond that, the owner of the state says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody, unknown ones included.
    Public,
    /// Whoever shows the scraper's token, or anybody where none is set.
    Scraper,
    /// These roles alone.
    Roles(&'static [Role]),
}

macro_rules! operations {
    ($($name:ident = $word:literal, $access:expr, $audit:literal;)*) => {
        /// Everything anybody can ask of Crest: each HTTP route and each frame of a client.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Operation {
            $($name,)*
        }

        impl Operation {
            pub const ALL: &[Operation] = &[$(Operation::$name,)*];

            /// Its name in the audit log and in OpenAPI.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Operation::$name => $word,)*
                }
            }

            pub fn access(self) -> Access {
                match self {
                    $(Operation::$name => $access,)*
                }
            }

            /// Is it written to the audit log before it takes effect?
            pub fn audited(self) -> bool {
                match self {
                    $(Operation::$name => $audit,)*
                }
            }
        }
    };
}

use Access::{Public, Scraper};

const CUSTOMER: Access = Access::Roles(&[Role::Customer]);
const SPEAKERS: Access = Access::Roles(&[Role::Customer, Role::Agent, Role::Supervisor]);
const HOLDERS: Access = Access::Roles(&[Role::Agent, Role::Supervisor]);
const SUPERVISOR: Access = Access::Roles(&[Role::Supervisor]);
const STAFF: Access = Access::Roles(&[Role::Agent, Role::Supervisor, Role::Admin]);
const LEADERS: Access = Access::Roles(&[Role::Supervisor, Role::Admin]);
const ADMIN: Access = Access::Roles(&[Role::Admin]);
const EVERYBODY: Access = Access::Roles(Role::ALL);

operations! {
    // The node itself
    ReadHealth = "read_health", Public, false;
    ReadReadiness = "read_readiness", Public, false;
    ReadMetrics = "read_metrics", Scraper, false;
    ReadApi = "read_api", Public, false;
    ReadDocs = "read_docs", Public, false;
    ReadActors = "read_actors", ADMIN, false;
    ReadCluster = "read_cluster", ADMIN, false;

    // Admission
    IssueTicket = "issue_ticket", Public, false;
    LogIn = "log_in", Public, false;
    LogOut = "log_out", STAFF, false;
    ReadMe = "read_me", STAFF, false;
    ChangeOwnPassword = "change_own_password", STAFF, true;

    // Configuration of the tenant
    ReadTenant = "read_tenant", STAFF, false;
    WriteTenant = "write_tenant", ADMIN, true;
    ListSigningKeys = "list_signing_keys", ADMIN, false;
    WriteSigningKey = "write_signing_key", ADMIN, true;
    DeleteSigningKey = "delete_signing_key", ADMIN, true;
    ListGroups = "list_groups", STAFF, false;
    CreateGroup = "create_group", ADMIN, true;
    WriteGroup = "write_group", ADMIN, true;
    DeleteGroup = "delete_group", ADMIN, true;
    ListAgents = "list_agents", STAFF, false;
    CreateAgent = "create_agent", ADMIN, true;
    WriteAgent = "write_agent", ADMIN, true;
    SetAgentPassword = "set_agent_password", ADMIN, true;
    ReadAudit = "read_audit", ADMIN, true;

    // Knowledge and canned replies
    ListArticles = "list_articles", STAFF, false;
    ReadArticle = "read_article", STAFF, false;
    CreateArticle = "create_article", LEADERS, true;
    WriteArticle = "write_article", LEADERS, true;
    PublishArticle = "publish_article", LEADERS, true;
    DeleteArticle = "delete_article", LEADERS, true;
    ListCannedReplies = "list_canned_replies", STAFF, false;
    CreateCannedReply = "create_canned_reply", STAFF, true;
    WriteCannedReply = "write_canned_reply", STAFF, true;
    DeleteCannedReply = "delete_canned_reply", STAFF, true;

    // What was said
    ListConversations = "list_conversations", STAFF, true;
    ReadTranscript = "read_transcript", STAFF, true;

    // Frames of a client, by the names of the protocol
    Hello = "hello", EVERYBODY, false;
    Ping = "ping", EVERYBODY, false;
    Send = "send", SPEAKERS, false;
    Edit = "edit", SPEAKERS, false;
    Recall = "recall", SPEAKERS, false;
    Typing = "typing", SPEAKERS, false;
    Read = "read", SPEAKERS, false;
    History = "history", SPEAKERS, false;
    AskHuman = "ask_human", CUSTOMER, false;
    LeaveMessage = "leave_message", CUSTOMER, false;
    CallBack = "call_back", CUSTOMER, false;
    Leave = "leave", CUSTOMER, false;
    Rate = "rate", CUSTOMER, false;
    Attach = "attach", HOLDERS, false;
    Detach = "detach", HOLDERS, false;
    SetPresence = "set_presence", HOLDERS, false;
    SetPresenceOfAnother = "set_presence_of_another", SUPERVISOR, true;
    Accept = "accept", HOLDERS, false;
    Decline = "decline", HOLDERS, false;
    Whisper = "whisper", HOLDERS, false;
    Transfer = "transfer", HOLDERS, false;
    ForceTransfer = "force_transfer", SUPERVISOR, true;
    End = "end", HOLDERS, false;
    WrapUpDone = "wrap_up_done", HOLDERS, false;
    TakeOver = "take_over", SUPERVISOR, true;
    GiveBack = "give_back", SUPERVISOR, true;
    WatchBoard = "watch_board", SUPERVISOR, false;
    UnwatchBoard = "unwatch_board", SUPERVISOR, false;
}

impl Operation {
    /// May this role do it? The metrics' token is no role, so `Scraper` grants none.
    pub fn allows(self, role: Role) -> bool {
        match self.access() {
            Access::Public => true,
            Access::Scraper => false,
            Access::Roles(roles) => roles.contains(&role),
        }
    }
}

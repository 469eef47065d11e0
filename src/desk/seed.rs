//! The demo tenant: a shop somebody can talk to a minute after cloning.

use crest_actors::ids::{Millis, TenantId};

use super::failure::{DeskError, DeskRefusal};
use super::port::DeskStore;
use super::records::{
    Algorithm, CannedReply, CannedScope, Group, Installation, NewStaff, Overflow, SigningKey,
    StaffMember, StaffRole, Tenant,
};
use super::settings::TenantSettings;
use crate::auth::{AuthRefusal, Passwords};

/// The demo tenant's id.
pub const TENANT: &str = "demo";
/// The demo shop's name.
pub(super) const NAME: &str = "潮汐商店 Tide Shop";
/// Key id of the demo shop's signing key.
pub const KEY_ID: &str = "demo";
/// The demo shop's HS256 secret. It is public: whoever has it can be any demo customer.
pub const SIGNING_SECRET: &str = "crest-demo-signing-secret-that-everybody-knows";

/// Somebody to log in as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DemoAccount {
    pub login: &'static str,
    pub name: &'static str,
    pub role: StaffRole,
    pub groups: &'static [&'static str],
    pub skills: &'static [&'static str],
    pub capacity: u32,
    /// Known to everybody, and printed at start.
    pub password: &'static str,
}

/// Whether there was anything to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seeded {
    Installed,
    /// The tenant was there and was left as it is.
    AlreadyThere,
}

/// Why the demo tenant could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum SeedFailure {
    #[error("a demo password could not be hashed: {0:?}")]
    Password(AuthRefusal),
    /// A shop of somebody's own; copies are not installed beside it.
    #[error(
        "the store holds the tenant {0}, which is no demonstration shop; everybody knows the copies' passwords, so give them a store of their own (--data FOLDER)"
    )]
    NotADemo(TenantId),
    #[error(transparent)]
    Desk(#[from] DeskError),
}

/// Six agents, a supervisor and an admin. Lin, whom `crest talk` plays by default, is of both large
/// groups: wherever a newcomer's customer ends up, somebody is there.
pub const ACCOUNTS: &[DemoAccount] = &[
    agent("lin", "林晓 Lin", &["presale", "aftersale"], &["zh", "en"]),
    agent("zhao", "赵敏 Zhao", &["presale"], &["zh"]),
    agent("wang", "王磊 Wang", &["aftersale"], &["zh", "en"]),
    agent("chen", "陈静 Chen", &["aftersale"], &["zh"]),
    agent(
        "liu",
        "刘洋 Liu",
        &["vip", "aftersale"],
        &["zh", "en", "vip"],
    ),
    agent(
        "sato",
        "佐藤 Sato",
        &["vip", "presale"],
        &["zh", "ja", "vip"],
    ),
    DemoAccount {
        login: "sun",
        name: "孙悦 Sun",
        role: StaffRole::Supervisor,
        groups: &["presale", "aftersale", "vip"],
        skills: &["zh", "en", "vip"],
        capacity: 0,
        password: "demo-supervisor",
    },
    DemoAccount {
        login: "admin",
        name: "管理员 Admin",
        role: StaffRole::Admin,
        groups: &[],
        skills: &[],
        capacity: 0,
        password: "demo-admin-2024",
    },
];

const fn agent(
    login: &'static str,
    name: &'static str,
    groups: &'static [&'static str],
    skills: &'static [&'static str],
) -> DemoAccount {
    DemoAccount {
        login,
        name,
        role: StaffRole::Agent,
        groups,
        skills,
        capacity: 5,
        password: "demo-agent",
    }
}

/// Installs the demo tenant whole, published articles included, unless it exists.
///
/// `articles` are keys with bodies the bot understands; `at` is stamped on what is installed.
pub async fn seed(
    desk: &dyn DeskStore,
    passwords: &Passwords,
    articles: Vec<(String, serde_json::Value)>,
    at: Millis,
) -> Result<Seeded, SeedFailure> {
    let tenant = TenantId::new(TENANT);
    if desk.tenant(tenant.clone()).await?.is_some() {
        return Ok(Seeded::AlreadyThere);
    }
    let staff = staff(passwords).await?;
    install(desk, tenant, NAME.to_owned(), staff, articles, at).await
}

/// Everybody of [`ACCOUNTS`], to be hired.
pub(super) async fn staff(passwords: &Passwords) -> Result<Vec<NewStaff>, SeedFailure> {
    let mut staff = Vec::with_capacity(ACCOUNTS.len());
    for account in ACCOUNTS {
        let hash = passwords
            .hash(account.password.to_owned())
            .await
            .map_err(SeedFailure::Password)?;
        let member = member(account);
        staff.push(NewStaff { member, hash });
    }
    Ok(staff)
}

/// The demonstration shop under this id and name.
pub(super) async fn install(
    desk: &dyn DeskStore,
    tenant: TenantId,
    name: String,
    staff: Vec<NewStaff>,
    articles: Vec<(String, serde_json::Value)>,
    at: Millis,
) -> Result<Seeded, SeedFailure> {
    let installation = Installation {
        tenant: Tenant {
            id: tenant,
            settings: TenantSettings {
                anonymous_visitors: true,
                ..TenantSettings::new(&name, "presale")
            },
        },
        keys: vec![signing_key()],
        groups: groups(),
        staff,
        articles,
        canned: canned(),
        at,
    };
    match desk.install(installation).await {
        Ok(()) => Ok(Seeded::Installed),
        // Another process was faster.
        Err(DeskError::Refused(DeskRefusal::Exists)) => Ok(Seeded::AlreadyThere),
        Err(error) => Err(error.into()),
    }
}

/// The key that every demonstration shop takes customers' tokens by.
pub(super) fn signing_key() -> SigningKey {
    SigningKey {
        kid: KEY_ID.to_owned(),
        algorithm: Algorithm::HS256,
        key: SIGNING_SECRET.to_owned(),
    }
}

fn member(account: &DemoAccount) -> StaffMember {
    let owned = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
    StaffMember {
        id: account.login.to_owned(),
        name: account.name.to_owned(),
        role: account.role,
        groups: owned(account.groups),
        skills: owned(account.skills),
        capacity: account.capacity,
        active: true,
    }
}

fn groups() -> Vec<Group> {
    let group = |id: &str, name: &str, overflow| Group {
        id: id.to_owned(),
        name: name.to_owned(),
        required: Vec::new(),
        preferred: Vec::new(),
        max_length: 200,
        max_wait_ms: 20 * 60_000,
        overflow,
        expected_handling_ms: 240_000,
    };
    vec![
        group("presale", "售前咨询 Pre-sale", Overflow::LeaveMessage),
        group("aftersale", "售后服务 After-sale", Overflow::LeaveMessage),
        Group {
            required: vec!["vip".to_owned()],
            ..group(
                "vip",
                "VIP 专线 VIP line",
                Overflow::Group("aftersale".to_owned()),
            )
        },
    ]
}

fn canned() -> Vec<CannedReply> {
    let reply = |id: &str, scope, shortcut: &str, title: &str, text: &str| CannedReply {
        id: id.to_owned(),
        scope,
        shortcut: shortcut.to_owned(),
        title: title.to_owned(),
        text: text.to_owned(),
    };
    let group = |id: &str| CannedScope::Group(id.to_owned());
    vec![
        reply(
            "demo-hello",
            CannedScope::Tenant,
            "hello",
            "问候 Greeting",
            "您好 {customer.name}，我是 {agent.name}，请问有什么可以帮您？",
        ),
        reply(
            "demo-wait",
            CannedScope::Tenant,
            "wait",
            "请稍候 One moment",
            "请稍候，我马上为您查询。",
        ),
        reply(
            "demo-bye",
            CannedScope::Tenant,
            "bye",
            "结束语 Farewell",
            "感谢您的咨询，祝您购物愉快！",
        ),
        reply(
            "demo-size",
            group("presale"),
            "size",
            "尺码建议 Size advice",
            "麻烦您告诉我身高和体重，我为您推荐合适的尺码。",
        ),
        reply(
            "demo-return",
            group("aftersale"),
            "return",
            "退货指引 How to return",
            "签收后 7 天内可申请退货：我的订单 → 申请售后 → 退货退款。",
        ),
    ]
}

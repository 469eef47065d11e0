//! What any engine of the desk must do; run here on SQLite.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crest_actors::ids::{AgentId, GroupId, Millis, TenantId};
use serde_json::json;

use super::seed::{self, ACCOUNTS, Seeded};
use super::*;
use crate::auth::{Cost, Passwords};

/// A desk in a directory that goes with it.
pub(crate) struct TestDesk {
    pub(crate) desk: std::sync::Arc<SqliteDesk>,
    pub(crate) directory: PathBuf,
}

impl TestDesk {
    pub(crate) fn empty() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let directory =
            std::env::temp_dir().join(format!("crest-desk-{}-{number}", std::process::id()));
        // What an earlier process of this number left behind must not be found again.
        let _ = std::fs::remove_dir_all(&directory);
        let desk = std::sync::Arc::new(SqliteDesk::open(&directory).unwrap());
        Self { desk, directory }
    }

    pub(crate) async fn demo() -> Self {
        let test = Self::empty();
        let articles = vec![("refund-time".to_owned(), json!({"title": "退款多久到账"}))];
        seed::seed(&*test.desk, &cheap(), articles, Millis(1_000))
            .await
            .unwrap();
        test
    }
}

impl Drop for TestDesk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Hashing that costs nothing, for tests alone.
pub(crate) fn cheap() -> Passwords {
    let cost = Cost {
        memory_kib: 8,
        passes: 1,
    };
    Passwords::new(cost, 4, 64).unwrap()
}

fn demo() -> TenantId {
    TenantId::new(seed::TENANT)
}

fn refused<T: std::fmt::Debug>(result: Result<T, DeskError>) -> DeskRefusal {
    match result.unwrap_err() {
        DeskError::Refused(refusal) => refusal,
        DeskError::Failed(failure) => panic!("{failure}"),
    }
}

fn group(id: &str) -> Group {
    serde_json::from_value(json!({"id": id, "name": id})).unwrap()
}

fn version(body: serde_json::Value) -> ArticleVersion {
    ArticleVersion {
        version: 0,
        body,
        saved_at: Millis(5),
        saved_by: "sun".to_owned(),
    }
}

#[tokio::test]
async fn the_demo_is_installed_once_and_left_alone() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    let mut changed = desk.tenant(demo()).await.unwrap().unwrap();
    changed.settings.name = "renamed".to_owned();
    desk.set_tenant(changed).await.unwrap();
    let again = seed::seed(&**desk, &cheap(), Vec::new(), Millis(2_000)).await;
    assert_eq!(again.unwrap(), Seeded::AlreadyThere);
    let tenant = desk.tenant(demo()).await.unwrap().unwrap();
    assert_eq!(tenant.settings.name, "renamed");
    assert_eq!(desk.staff(demo()).await.unwrap().len(), 8);
    let roles = |role| {
        ACCOUNTS
            .iter()
            .filter(|account| account.role == role)
            .count()
    };
    assert_eq!(
        (
            roles(StaffRole::Agent),
            roles(StaffRole::Supervisor),
            roles(StaffRole::Admin)
        ),
        (6, 1, 1)
    );
    let (_, articles) = desk.knowledge(demo(), None).await.unwrap().unwrap();
    assert_eq!(articles.len(), 1);
}

#[tokio::test]
async fn an_installation_is_whole_or_nothing() {
    let test = TestDesk::empty();
    let installation = Installation {
        tenant: Tenant {
            id: TenantId::new("half"),
            settings: TenantSettings::new("Half", "nowhere"),
        },
        keys: Vec::new(),
        groups: vec![group("g")],
        staff: Vec::new(),
        articles: Vec::new(),
        canned: Vec::new(),
        at: Millis(0),
    };
    let found = refused(test.desk.install(installation).await);
    assert_eq!(
        found,
        DeskRefusal::NoSuch {
            field: "default_group"
        }
    );
    assert_eq!(test.desk.tenant(TenantId::new("half")).await.unwrap(), None);
}

#[tokio::test]
async fn the_directory_follows_the_desk_and_tells_its_revision() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    let mut changes = desk.changes();
    let before = *changes.borrow_and_update();
    let lin = AgentId::new("lin");
    let directory = desk.directory().await.unwrap();
    assert_eq!(directory.revision, before);
    let tenant = &directory.tenants[&demo()];
    let groups = ["presale", "aftersale"].map(GroupId::new);
    assert_eq!(tenant.agents[&lin].groups, groups);
    assert_eq!(tenant.default_group, GroupId::new("presale"));
    assert_eq!(tenant.timing, crest_actors::directory::Timing::default());

    let mut staff = desk.staff(demo()).await.unwrap();
    let mut member = staff.remove(staff.iter().position(|one| one.id == "lin").unwrap());
    member.active = false;
    desk.set_staff(demo(), member).await.unwrap();
    assert!(changes.has_changed().unwrap());
    assert_eq!(*changes.borrow_and_update(), before + 1);
    let directory = desk.directory().await.unwrap();
    assert_eq!(directory.revision, before + 1);
    assert!(!directory.tenants[&demo()].agents.contains_key(&lin));

    desk.save_article(demo(), "draft".to_owned(), version(json!({})), None)
        .await
        .unwrap();
    assert!(!changes.has_changed().unwrap(), "a draft shows nowhere");
}

#[tokio::test]
async fn a_refused_change_changes_nothing() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    let before = desk.directory().await.unwrap().revision;
    let cases = [
        (
            refused(desk.create_group(demo(), group("vip")).await),
            DeskRefusal::Exists,
        ),
        (
            refused(
                desk.create_group(TenantId::new("other"), group("a b"))
                    .await,
            ),
            DeskRefusal::Invalid {
                field: "id",
                why: "must be 1 to 64 of a-z 0-9 . _ -",
            },
        ),
        (
            refused(desk.delete_group(demo(), "presale".to_owned()).await),
            DeskRefusal::InUse("the tenant's default_group"),
        ),
        (
            refused(desk.delete_group(demo(), "aftersale".to_owned()).await),
            DeskRefusal::InUse("another group's overflow"),
        ),
        (
            refused(desk.delete_group(demo(), "vip".to_owned()).await),
            DeskRefusal::InUse("staff"),
        ),
        (
            refused(desk.delete_group(demo(), "none".to_owned()).await),
            DeskRefusal::NotFound,
        ),
        (
            refused(desk.set_group(demo(), group("none")).await),
            DeskRefusal::NotFound,
        ),
        (
            refused(
                desk.set_staff(
                    demo(),
                    StaffMember {
                        groups: vec!["none".to_owned()],
                        ..desk.staff(demo()).await.unwrap().remove(0)
                    },
                )
                .await,
            ),
            DeskRefusal::NoSuch { field: "groups" },
        ),
    ];
    for (found, wanted) in cases {
        assert_eq!(found, wanted);
    }
    assert_eq!(desk.directory().await.unwrap().revision, before);
}

#[tokio::test]
async fn tenants_do_not_see_each_other() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    let other = TenantId::new("other");
    desk.install(Installation {
        tenant: Tenant {
            id: other.clone(),
            settings: TenantSettings::new("Other", "g"),
        },
        keys: Vec::new(),
        groups: vec![group("g")],
        staff: Vec::new(),
        articles: Vec::new(),
        canned: Vec::new(),
        at: Millis(0),
    })
    .await
    .unwrap();
    let lin = AgentId::new("lin");
    assert_eq!(desk.groups(other.clone()).await.unwrap().len(), 1);
    assert!(desk.staff(other.clone()).await.unwrap().is_empty());
    assert!(desk.signing_keys(other.clone()).await.unwrap().is_empty());
    assert!(
        desk.articles(other.clone(), None, 10)
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        desk.canned_replies(other.clone(), lin.clone())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        desk.credentials(other.clone(), lin)
            .await
            .unwrap()
            .is_none()
    );
    let key = "refund-time".to_owned();
    assert!(
        desk.article(other.clone(), key.clone())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        refused(desk.delete_article(other.clone(), key).await),
        DeskRefusal::NotFound
    );
    assert_eq!(
        refused(
            desk.delete_canned_reply(other, "demo-hello".to_owned())
                .await
        ),
        DeskRefusal::NotFound
    );
}

#[tokio::test]
async fn articles_are_saved_published_and_rolled_back_by_version() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    let key = || "gift".to_owned();
    let save = |text: &str, on| desk.save_article(demo(), key(), version(json!({"t": text})), on);
    let start = desk.knowledge(demo(), None).await.unwrap().unwrap().0;
    assert_eq!(save("one", None).await.unwrap().latest, 1);
    assert_eq!(refused(save("again", None).await), DeskRefusal::Exists);
    assert_eq!(save("two", Some(1)).await.unwrap().latest, 2);
    assert_eq!(
        refused(save("late", Some(1)).await),
        DeskRefusal::Stale { latest: 2 }
    );
    let published = || async {
        let (version, articles) = desk.knowledge(demo(), None).await.unwrap().unwrap();
        let found = articles.into_iter().find(|article| article.key == "gift");
        (
            version - start,
            found.map(|article| article.body["t"].clone()),
        )
    };
    assert_eq!(published().await, (0, None));
    desk.publish_article(demo(), key(), Some(2)).await.unwrap();
    assert_eq!(published().await, (1, Some(json!("two"))));
    desk.publish_article(demo(), key(), Some(1)).await.unwrap();
    assert_eq!(published().await, (2, Some(json!("one"))));
    assert_eq!(
        refused(desk.publish_article(demo(), key(), Some(3)).await),
        DeskRefusal::NoSuch { field: "version" }
    );
    desk.publish_article(demo(), key(), None).await.unwrap();
    assert_eq!(published().await, (3, None));
    let again = desk.knowledge(demo(), Some(start + 3)).await.unwrap();
    assert!(again.is_none(), "served already");
    let versions = desk.article_versions(demo(), key()).await.unwrap();
    let numbers: Vec<u64> = versions.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [2, 1]);
    desk.delete_article(demo(), key()).await.unwrap();
    assert!(
        desk.article_versions(demo(), key())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn canned_replies_show_by_scope() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    let shortcuts = |agent: &str| {
        let replies = desk.canned_replies(demo(), AgentId::new(agent));
        async move {
            let replies = replies.await.unwrap();
            replies
                .into_iter()
                .map(|reply| reply.shortcut)
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(shortcuts("zhao").await, ["bye", "hello", "size", "wait"]);
    assert_eq!(shortcuts("wang").await, ["bye", "hello", "return", "wait"]);
    let own = CannedReply {
        id: "mine".to_owned(),
        scope: CannedScope::Personal("zhao".to_owned()),
        shortcut: "hello".to_owned(),
        title: "my own".to_owned(),
        text: "hi".to_owned(),
    };
    desk.create_canned_reply(demo(), own.clone()).await.unwrap();
    let twice = CannedReply {
        id: "other".to_owned(),
        ..own
    };
    assert_eq!(
        refused(desk.create_canned_reply(demo(), twice).await),
        DeskRefusal::Exists
    );
    assert_eq!(shortcuts("zhao").await.len(), 5);
    assert_eq!(shortcuts("wang").await.len(), 4);
}

#[tokio::test]
async fn sessions_end_by_time_logout_password_and_deactivation() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    let lin = || AgentId::new("lin");
    let open = |number: u8| {
        desk.open_session(
            StaffSession {
                digest: [number; 32],
                tenant: demo(),
                agent: lin(),
                expires_at: Millis(1_000),
            },
            Millis(0),
        )
    };
    let stands = |number: u8, now| async move {
        desk.session([number; 32], Millis(now))
            .await
            .unwrap()
            .is_some()
    };
    open(1).await.unwrap();
    assert!(stands(1, 999).await && !stands(1, 1_000).await && !stands(2, 0).await);
    desk.close_session([1; 32]).await.unwrap();
    assert!(!stands(1, 0).await);
    open(2).await.unwrap();
    desk.set_password(demo(), lin(), "new".to_owned())
        .await
        .unwrap();
    assert!(!stands(2, 0).await);
    open(3).await.unwrap();
    let found = desk.credentials(demo(), lin()).await.unwrap().unwrap();
    assert_eq!(found.hash, "new");
    let member = StaffMember {
        active: false,
        ..found.member
    };
    desk.set_staff(demo(), member).await.unwrap();
    assert!(!stands(3, 0).await);
    assert!(desk.credentials(demo(), lin()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_idempotency_key_is_claimed_once_and_answers_again() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    let claim = |digest: u8, now| {
        let (actor, key) = ("lin".to_owned(), "k".to_owned());
        desk.claim(demo(), actor, key, [digest; 32], Millis(now))
    };
    let settle = |answer| desk.settle(demo(), "lin".to_owned(), "k".to_owned(), answer);
    assert_eq!(claim(1, 0).await.unwrap(), Claim::Fresh);
    assert_eq!(claim(1, 1).await.unwrap(), Claim::InFlight);
    assert_eq!(claim(2, 1).await.unwrap(), Claim::Different);
    assert_eq!(
        claim(1, limits::CLAIM_STALE_MS).await.unwrap(),
        Claim::Fresh,
        "the node that claimed it died"
    );
    settle(Some((201, b"body".to_vec()))).await.unwrap();
    let answered = Claim::Answered {
        status: 201,
        body: b"body".to_vec(),
    };
    let last = limits::CLAIM_STALE_MS + limits::IDEMPOTENCY_MS;
    assert_eq!(claim(1, last - 1).await.unwrap(), answered);
    assert_eq!(claim(2, last).await.unwrap(), Claim::Fresh, "kept a day");
    settle(None).await.unwrap();
    assert_eq!(claim(1, last).await.unwrap(), Claim::Fresh, "given back");
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart() {
    let test = TestDesk::demo().await;
    let first = test.desk.secret("k", [1; 32]).await.unwrap();
    let revision = test.desk.directory().await.unwrap().revision;
    let again = SqliteDesk::open(&test.directory).unwrap();
    assert_eq!(again.secret("k", [2; 32]).await.unwrap(), first);
    assert_eq!(*again.changes().borrow(), revision);
    assert_eq!(again.staff(demo()).await.unwrap().len(), 8);
}

#[test]
fn a_newer_schema_is_refused() {
    let test = TestDesk::empty();
    let path = test.directory.join("desk.db");
    let file = rusqlite::Connection::open(path).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    let Err(failure) = SqliteDesk::open(&test.directory) else {
        panic!("opened a newer schema");
    };
    assert!(
        failure.to_string().contains("schema 99, this one knows 1"),
        "{failure}"
    );
}

#[tokio::test]
async fn the_audit_log_is_read_newest_first_by_pages() {
    let test = TestDesk::demo().await;
    let desk = &test.desk;
    for number in 0..5 {
        desk.audit(AuditRecord {
            at: Millis(number),
            tenant: demo(),
            actor: "lin".to_owned(),
            role: "agent".to_owned(),
            operation: "read_transcript".to_owned(),
            subject: number.to_string(),
            address: "127.0.0.1".to_owned(),
        })
        .await
        .unwrap();
    }
    let page = |before| async move {
        let lines = desk.audit_log(demo(), before, 2).await.unwrap();
        lines
            .into_iter()
            .map(|line| (line.id, line.record.subject))
            .collect::<Vec<_>>()
    };
    let first = page(None).await;
    assert_eq!(
        first.iter().map(|line| &line.1).collect::<Vec<_>>(),
        ["4", "3"]
    );
    let second = page(Some(first[1].0)).await;
    assert_eq!(
        second.iter().map(|line| &line.1).collect::<Vec<_>>(),
        ["2", "1"]
    );
    let other = desk.audit_log(TenantId::new("other"), None, 2).await;
    assert!(other.unwrap().is_empty());
}

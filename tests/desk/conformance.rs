//! What every engine of the desk must do with a tenant's records.

use crest::desk::seed::{self, ACCOUNTS, Seeded};
use crest::desk::{
    Algorithm, CannedReply, CannedScope, DeskRefusal, Installation, SigningKey, StaffMember,
    StaffRole, Tenant, TenantSettings,
};
use crest_actors::ids::{AgentId, GroupId, Millis, TenantId};
use serde_json::json;

use crate::harness::{Bench, Home, cheap, demo, group, refused, suite, version};

suite!(
    the_demo_is_installed_once_and_left_alone,
    an_installation_is_whole_or_nothing,
    the_directory_follows_the_desk_and_tells_its_revision,
    a_refused_change_changes_nothing,
    tenants_do_not_see_each_other,
    whom_no_tenant_can_be_is_nobody,
    articles_are_saved_published_and_rolled_back_by_version,
    canned_replies_show_by_scope,
    a_group_goes_with_its_canned_replies,
    an_article_made_again_has_nothing_of_the_old_one,
    articles_are_listed_by_key_in_pages,
    signing_keys_are_added_replaced_and_removed,
);

async fn the_demo_is_installed_once_and_left_alone(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn an_installation_is_whole_or_nothing(home: &Home) {
    let test = Bench::empty(home);
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

async fn the_directory_follows_the_desk_and_tells_its_revision(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn a_refused_change_changes_nothing(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn tenants_do_not_see_each_other(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn whom_no_tenant_can_be_is_nobody(home: &Home) {
    let test = Bench::demo(home).await;
    let desk = &test.desk;
    for id in ["", "?", "no such", "名"] {
        let id = || TenantId::new(id);
        let lin = || AgentId::new("lin");
        assert_eq!(desk.tenant(id()).await.unwrap(), None);
        assert!(desk.credentials(id(), lin()).await.unwrap().is_none());
        assert!(desk.signing_keys(id()).await.unwrap().is_empty());
        assert!(desk.audit_log(id(), None, 9).await.unwrap().is_empty());
        assert_eq!(
            refused(desk.knowledge(id(), None).await),
            DeskRefusal::NotFound
        );
        assert_eq!(
            refused(desk.set_password(id(), lin(), "hash".to_owned()).await),
            DeskRefusal::NotFound
        );
        assert_eq!(
            refused(desk.delete_group(id(), "vip".to_owned()).await),
            DeskRefusal::NotFound
        );
    }
}

async fn articles_are_saved_published_and_rolled_back_by_version(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn canned_replies_show_by_scope(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn a_group_goes_with_its_canned_replies(home: &Home) {
    let test = Bench::demo(home).await;
    let desk = &test.desk;
    desk.create_group(demo(), group("returns")).await.unwrap();
    let reply = |id: &str, scope| CannedReply {
        id: id.to_owned(),
        scope,
        shortcut: "r".to_owned(),
        title: "r".to_owned(),
        text: "r".to_owned(),
    };
    let of_group = || CannedScope::Group("returns".to_owned());
    for (id, scope) in [("a", of_group()), ("b", CannedScope::Tenant)] {
        desk.create_canned_reply(demo(), reply(id, scope))
            .await
            .unwrap();
    }
    desk.delete_group(demo(), "returns".to_owned())
        .await
        .unwrap();
    let found = |id: &str| desk.canned_reply(demo(), id.to_owned());
    assert_eq!(found("a").await.unwrap(), None);
    assert!(found("b").await.unwrap().is_some());
    assert_eq!(
        refused(desk.set_canned_reply(demo(), reply("b", of_group())).await),
        DeskRefusal::NoSuch { field: "scope" }
    );
    assert!(found("b").await.unwrap().is_some(), "moved or left alone");
}

async fn an_article_made_again_has_nothing_of_the_old_one(home: &Home) {
    let test = Bench::demo(home).await;
    let desk = &test.desk;
    let key = || "gift".to_owned();
    for (text, on) in [("old one", None), ("old two", Some(1))] {
        let body = json!({ "t": text });
        desk.save_article(demo(), key(), version(body), on)
            .await
            .unwrap();
    }
    desk.publish_article(demo(), key(), Some(2)).await.unwrap();
    desk.knowledge(demo(), None).await.unwrap();
    desk.delete_article(demo(), key()).await.unwrap();
    let new = desk
        .save_article(demo(), key(), version(json!({"t": "new"})), None)
        .await
        .unwrap();
    assert_eq!((new.latest, new.published), (1, None));
    assert_eq!(
        refused(desk.publish_article(demo(), key(), Some(2)).await),
        DeskRefusal::NoSuch { field: "version" }
    );
    let published = desk.publish_article(demo(), key(), Some(1)).await.unwrap();
    assert_eq!(published.body, json!({"t": "new"}));
    let (_, articles) = desk.knowledge(demo(), None).await.unwrap().unwrap();
    let found = articles.iter().find(|article| article.key == "gift");
    assert_eq!(found.unwrap().body, json!({"t": "new"}));
    assert_eq!(desk.article_versions(demo(), key()).await.unwrap().len(), 1);
}

async fn articles_are_listed_by_key_in_pages(home: &Home) {
    let test = Bench::demo(home).await;
    let desk = &test.desk;
    for key in ["b", "a", "d", "c"] {
        desk.save_article(demo(), key.to_owned(), version(json!({"t": key})), None)
            .await
            .unwrap();
    }
    let page = |after: Option<&str>| {
        let page = desk.articles(demo(), after.map(str::to_owned), 2);
        async move {
            let page = page.await.unwrap();
            page.into_iter()
                .map(|article| (article.key, article.body["t"].clone()))
                .collect::<Vec<_>>()
        }
    };
    let both =
        |one: &str, two: &str| vec![(one.to_owned(), json!(one)), (two.to_owned(), json!(two))];
    assert_eq!(page(None).await, both("a", "b"));
    assert_eq!(page(Some("b")).await, both("c", "d"));
    assert_eq!(page(Some("refund-time")).await, []);
}

async fn signing_keys_are_added_replaced_and_removed(home: &Home) {
    let test = Bench::demo(home).await;
    let desk = &test.desk;
    let key = |kid: &str, fill: &str| SigningKey {
        kid: kid.to_owned(),
        algorithm: Algorithm::HS256,
        key: fill.repeat(32),
    };
    for (kid, fill) in [("new", "a"), ("new", "b")] {
        desk.set_signing_key(demo(), key(kid, fill)).await.unwrap();
    }
    let kept = desk.signing_keys(demo()).await.unwrap();
    assert_eq!(kept[1], key("new", "b"));
    desk.delete_signing_key(demo(), "new".to_owned())
        .await
        .unwrap();
    assert_eq!(desk.signing_keys(demo()).await.unwrap(), kept[..1]);
    assert_eq!(
        refused(desk.delete_signing_key(demo(), "new".to_owned()).await),
        DeskRefusal::NotFound
    );
    let nobody = TenantId::new("nobody");
    assert_eq!(
        refused(desk.set_signing_key(nobody, key("new", "a")).await),
        DeskRefusal::NotFound
    );
}

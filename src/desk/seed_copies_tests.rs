use serde_json::json;

use super::super::seed::{ACCOUNTS, KEY_ID};
use super::super::tests::{TestDesk, cheap};
use super::*;
use crate::desk::Tenant;

async fn copies(desk: &TestDesk, count: u32) -> Result<SeededCopies, SeedFailure> {
    let articles = vec![("refund-time".to_owned(), json!({"title": "退款多久到账"}))];
    seed_copies(&*desk.desk, &cheap(), articles, count, Millis(2_000)).await
}

async fn tenants(test: &TestDesk) -> Vec<String> {
    let directory = test.desk.directory().await.unwrap();
    let mut ids: Vec<String> = directory.tenants.keys().map(ToString::to_string).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn every_copy_has_the_people_groups_and_knowledge_of_the_first() {
    let test = TestDesk::empty();
    let seeded = copies(&test, 3).await.unwrap();
    assert_eq!((seeded.installed, seeded.already_there), (3, 0));
    assert_eq!(tenants(&test).await, ["demo", "demo-2", "demo-3"]);
    let desk = &test.desk;
    let first = copy_id(1);
    for number in 2..=3 {
        let id = copy_id(number);
        let staff = desk.staff(id.clone()).await.unwrap();
        assert_eq!(staff.len(), ACCOUNTS.len());
        assert_eq!(staff, desk.staff(first.clone()).await.unwrap());
        let groups = desk.groups(id.clone()).await.unwrap();
        assert_eq!(groups, desk.groups(first.clone()).await.unwrap());
        let (_, articles) = desk.knowledge(id.clone(), None).await.unwrap().unwrap();
        assert_eq!(articles.len(), 1);
        assert_eq!(
            desk.signing_keys(id.clone()).await.unwrap(),
            [signing_key()]
        );
        let Tenant { settings, .. } = desk.tenant(id).await.unwrap().unwrap();
        assert_eq!(settings.name, format!("{NAME} {number}"));
        assert!(settings.anonymous_visitors);
    }
}

#[tokio::test]
async fn what_is_there_is_left_alone_and_only_the_missing_are_installed() {
    let test = TestDesk::demo().await;
    assert_eq!(copies(&test, 2).await.unwrap().installed, 1);
    let desk = &test.desk;
    let mut renamed = desk.tenant(copy_id(2)).await.unwrap().unwrap();
    renamed.settings.name = "renamed".to_owned();
    desk.set_tenant(renamed.clone()).await.unwrap();
    let again = copies(&test, 4).await.unwrap();
    assert_eq!((again.installed, again.already_there), (2, 2));
    assert_eq!(desk.tenant(copy_id(2)).await.unwrap(), Some(renamed));
    let third = copies(&test, 4).await.unwrap();
    assert_eq!((third.installed, third.already_there), (0, 4));
}

#[tokio::test]
async fn a_shop_of_somebodys_own_gets_no_copies_beside_it() {
    let test = TestDesk::demo().await;
    let taken = test.desk.delete_signing_key(copy_id(1), KEY_ID.to_owned());
    taken.await.unwrap();
    let refused = copies(&test, 3).await.unwrap_err();
    let SeedFailure::NotADemo(tenant) = &refused else {
        panic!("{refused}");
    };
    assert_eq!(*tenant, copy_id(1));
    let words = refused.to_string();
    assert!(
        words.contains("holds the tenant demo") && words.contains("--data"),
        "{words}"
    );
    assert_eq!(tenants(&test).await, ["demo"], "nothing was installed");
}

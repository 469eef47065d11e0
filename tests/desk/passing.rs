//! What every engine of the desk must do with what ends: sessions, answers given once; and with what
//! stays: the audit log, secrets.

use crest::desk::{
    AuditRecord, CannedReply, CannedScope, Claim, DeskRefusal, StaffMember, StaffSession, limits,
};
use crest_actors::ids::{AgentId, Millis, TenantId};
use serde_json::json;

use crate::harness::{Bench, Home, demo, refused, suite, version};

suite!(
    a_tenant_leaves_whole_and_arrives_whole,
    audit_lines_brought_in_twice_are_there_once,
    sessions_end_by_time_logout_password_and_deactivation,
    an_idempotency_key_is_claimed_once_and_answers_again,
    what_was_written_is_there_after_a_restart,
    the_audit_log_is_read_newest_first_by_pages,
);

async fn sessions_end_by_time_logout_password_and_deactivation(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn an_idempotency_key_is_claimed_once_and_answers_again(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn what_was_written_is_there_after_a_restart(home: &Home) {
    let test = Bench::demo(home).await;
    let first = test.desk.secret("k", [1; 32]).await.unwrap();
    let revision = test.desk.directory().await.unwrap().revision;
    let again = test.again();
    assert_eq!(again.secret("k", [2; 32]).await.unwrap(), first);
    assert_eq!(*again.changes().borrow(), revision);
    assert_eq!(again.staff(demo()).await.unwrap().len(), 8);
}

async fn the_audit_log_is_read_newest_first_by_pages(home: &Home) {
    let test = Bench::demo(home).await;
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

async fn a_tenant_leaves_whole_and_arrives_whole(home: &Home) {
    let test = Bench::demo(home).await;
    let desk = &test.desk;
    let gift = || "gift".to_owned();
    for (text, on) in [("one", None), ("two", Some(1)), ("three", Some(2))] {
        let body = json!({ "t": text });
        desk.save_article(demo(), gift(), version(body), on)
            .await
            .unwrap();
    }
    desk.publish_article(demo(), gift(), Some(2)).await.unwrap();
    desk.save_article(demo(), "draft".to_owned(), version(json!({})), None)
        .await
        .unwrap();
    let own = CannedReply {
        id: "own".to_owned(),
        scope: CannedScope::Personal("chen".to_owned()),
        shortcut: "o".to_owned(),
        title: "o".to_owned(),
        text: "o".to_owned(),
    };
    desk.create_canned_reply(demo(), own).await.unwrap();
    let staff = desk.staff(demo()).await.unwrap();
    let chen = staff.into_iter().find(|one| one.id == "chen").unwrap();
    let gone = StaffMember {
        active: false,
        ..chen
    };
    desk.set_staff(demo(), gone).await.unwrap();
    assert_eq!(desk.export(TenantId::new("none")).await.unwrap(), None);

    let mut whole = desk.export(demo()).await.unwrap().unwrap();
    assert_eq!(
        (whole.staff.len(), whole.canned.len(), whole.articles.len()),
        (8, 6, 3)
    );
    let moved = || TenantId::new("moved");
    whole.tenant.id = moved();
    let before = *desk.changes().borrow();
    desk.import(whole.clone()).await.unwrap();
    assert_eq!(*desk.changes().borrow(), before + 1);
    assert_eq!(desk.export(moved()).await.unwrap().as_ref(), Some(&whole));
    assert_eq!(
        desk.knowledge(moved(), None).await.unwrap(),
        desk.knowledge(demo(), None).await.unwrap()
    );
    assert_eq!(
        refused(desk.import(whole.clone()).await),
        DeskRefusal::Exists
    );
    // It goes on there as it would have here.
    let next = desk.save_article(moved(), gift(), version(json!({})), Some(3));
    assert_eq!(next.await.unwrap().latest, 4);
    let lin = AgentId::new("lin");
    assert!(desk.credentials(moved(), lin).await.unwrap().is_some());
}

async fn audit_lines_brought_in_twice_are_there_once(home: &Home) {
    let test = Bench::demo(home).await;
    let desk = &test.desk;
    let line = |number: u64| AuditRecord {
        at: Millis(number / 4), // several in one moment
        tenant: demo(),
        actor: "lin".to_owned(),
        role: "agent".to_owned(),
        operation: "read_transcript".to_owned(),
        subject: number.to_string(),
        address: "127.0.0.1".to_owned(),
    };
    let lines = |from: u64, to: u64| (from..to).map(line).collect::<Vec<_>>();
    for (from, to) in [(0, 6), (0, 6), (4, 10)] {
        desk.import_audit(demo(), lines(from, to), from)
            .await
            .unwrap();
    }
    let there = desk.audit_log(demo(), None, 100).await.unwrap();
    let subjects: Vec<_> = there
        .iter()
        .map(|line| line.record.subject.clone())
        .collect();
    let expected: Vec<_> = (0..10).rev().map(|number| number.to_string()).collect();
    assert_eq!(subjects, expected);
}

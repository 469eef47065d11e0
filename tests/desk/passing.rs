//! What every engine of the desk must do with what ends: sessions, answers given once; and with what
//! stays: the audit log, secrets.

use crest::desk::{AuditRecord, Claim, StaffMember, StaffSession, limits};
use crest_actors::ids::{AgentId, Millis, TenantId};

use crate::harness::{Bench, Home, demo, suite};

suite!(
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

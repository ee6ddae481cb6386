//! The audit trail on every engine: what is recorded, what a changed trail looks like, and what purging leaves.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::time::Duration;

use databases::Databases;
use doorward::{
    audit::{
        Event, EventFilter, EventKind,
        chain::{Head, Tampering},
    },
    caller::{Caller, Client, UserAgent},
    clock::Timestamp,
    store::{SealReach, Sql, Store},
    user::UserId,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const DAY: Duration = Duration::from_hours(24);

fn caller() -> Caller {
    Caller::user(
        UserId::new(7),
        Client {
            address: Some("2001:db8::1".parse().unwrap()),
            user_agent: UserAgent::new("curl/8 \u{1f600}"),
            request_id: Some("r-1".to_owned()),
        },
    )
}

async fn record(store: &Store, subject: i64, at: Timestamp) {
    let event = Event::success(EventKind::RoleChanged, &caller())
        .subject(UserId::new(subject))
        .detail("from", "user")
        .detail("to", "admin");
    store.record_alone(&event, at).await.expect("records");
}

/// Events about the users 1 to `count`, sealed.
async fn trail(store: &Store, count: i64) -> Head {
    for subject in 1..=count {
        record(store, subject, NOW).await;
    }
    store
        .seal_audit_events(SealReach::Newest)
        .await
        .expect("seals");
    store.audit_head().await.expect("reads")
}

async fn verify(store: &Store, expected: Option<Head>) -> Result<(Head, u64), Tampering> {
    store.verify_audit_chain(expected).await.expect("reads")
}

async fn run(store: &Store, sql: &'static str) {
    let outcome = store.database().execute(Sql::both(sql), &[]).await;
    assert!(outcome.expect("runs").rows_affected > 0, "{sql}");
}

#[tokio::test]
async fn an_event_is_read_back_as_it_was_recorded() {
    for store in Databases::fresh().await.stores() {
        record(&store, 3, NOW).await;
        let listed = store
            .list_audit_events(&EventFilter::default(), None, 10)
            .await;
        let [event] = listed.expect("reads").try_into().expect("is one");
        assert_eq!(
            (event.kind.as_str(), event.outcome.as_str()),
            ("role_changed", "success")
        );
        assert_eq!((event.actor.as_str(), event.actor_id), ("user", Some(7)));
        assert_eq!((event.at, event.subject_id), (NOW, Some(3)));
        assert_eq!(event.address.as_deref(), Some("2001:db8::1"));
        assert_eq!(event.request_id.as_deref(), Some("r-1"));
        assert_eq!(event.user_agent.as_deref(), Some("curl/8 \u{1f600}"));
        assert_eq!(event.detail_object()["to"], "admin");
        assert_eq!(event.node.map(|node| node.len()), Some(16));

        let bare = Event::failure(EventKind::LoginFailed, &Caller::system());
        store.record_alone(&bare, NOW).await.expect("records");
        let listed = store
            .list_audit_events(&EventFilter::default(), None, 1)
            .await;
        let [event] = listed.expect("reads").try_into().expect("is one");
        assert_eq!(
            (event.actor_id, event.subject_id, event.address),
            (None, None, None)
        );
        assert_eq!(
            (event.request_id, event.user_agent, event.detail),
            (None, None, None)
        );
    }
}

#[tokio::test]
async fn an_event_is_there_when_its_transaction_is_and_not_before() {
    for store in Databases::fresh().await.stores() {
        let event = Event::success(EventKind::UserDeleted, &caller());
        let mut tx = store.database().begin().await.expect("begins");
        store.record(&mut tx, &event, NOW).await.expect("records");
        drop(tx);
        let mut tx = store.database().begin().await.expect("begins");
        store.record(&mut tx, &event, NOW).await.expect("records");
        assert!(
            store.audit_tally().counts().is_empty(),
            "nothing is committed"
        );
        tx.commit().await.expect("commits");
        let listed = store
            .list_audit_events(&EventFilter::default(), None, 10)
            .await;
        assert_eq!(listed.expect("reads").len(), 1);
        let [(kind, _, count)] = store.audit_tally().counts().try_into().expect("is one");
        assert_eq!((kind, count), (EventKind::UserDeleted, 1));
    }
}

#[tokio::test]
async fn lists_are_filtered_and_paged_newest_first() {
    for store in Databases::fresh().await.stores() {
        for subject in 1..=5 {
            record(
                &store,
                subject,
                NOW.after(DAY * u32::try_from(subject).unwrap()),
            )
            .await;
        }
        let failed = Event::failure(
            EventKind::LoginFailed,
            &Caller::anonymous(Client::default()),
        );
        store.record_alone(&failed, NOW).await.expect("records");
        let subjects = async |filter: EventFilter, before, limit| {
            let listed = store.list_audit_events(&filter, before, limit).await;
            let subject = |event: doorward::audit::StoredEvent| event.subject_id.unwrap_or(0);
            listed
                .expect("reads")
                .into_iter()
                .map(subject)
                .collect::<Vec<_>>()
        };
        let any = EventFilter::default();
        assert_eq!(subjects(any.clone(), None, 3).await, [0, 5, 4]);
        assert_eq!(subjects(any.clone(), Some(4), 10).await, [3, 2, 1]);
        let text = |text: &str| Some(text.to_owned());
        for (filter, expected) in [
            (
                EventFilter {
                    kind: text("login_failed"),
                    ..any.clone()
                },
                vec![0],
            ),
            (
                EventFilter {
                    outcome: text("failure"),
                    ..any.clone()
                },
                vec![0],
            ),
            (
                EventFilter {
                    actor: text("anonymous"),
                    ..any.clone()
                },
                vec![0],
            ),
            (
                EventFilter {
                    actor_id: Some(7),
                    ..any.clone()
                },
                vec![5, 4, 3, 2, 1],
            ),
            (
                EventFilter {
                    subject_id: Some(2),
                    ..any.clone()
                },
                vec![2],
            ),
            (
                EventFilter {
                    address: text("2001:db8::1"),
                    subject_id: Some(1),
                    ..any.clone()
                },
                vec![1],
            ),
            (
                EventFilter {
                    address: text("2001:db8::2"),
                    ..any.clone()
                },
                vec![],
            ),
            (
                EventFilter {
                    since: Some(NOW.after(DAY * 2)),
                    until: Some(NOW.after(DAY * 4)),
                    ..any.clone()
                },
                vec![3, 2],
            ),
        ] {
            assert_eq!(
                subjects(filter.clone(), None, 10).await,
                expected,
                "{filter:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_trail_that_nobody_touched_is_verified() {
    for store in Databases::fresh().await.stores() {
        assert_eq!(verify(&store, None).await, Ok((Head::EMPTY, 0)));
        let early = trail(&store, 4).await;
        // More than one page of either.
        let head = trail(&store, 520).await;
        assert_eq!(verify(&store, None).await, Ok((head, 524)));
        assert_eq!(verify(&store, Some(early)).await, Ok((head, 524)));
        let text = head.to_string();
        assert_eq!(text.parse(), Ok(head));
        assert_eq!(verify(&store, Some(head)).await, Ok((head, 524)));
    }
}

#[tokio::test]
async fn a_changed_event_and_a_removed_one_are_found() {
    for (sql, tampering) in [
        (
            "UPDATE audit_events SET actor_id = 8 WHERE subject_id = 3",
            Tampering::EventChanged { seq: 3 },
        ),
        (
            "UPDATE audit_events SET address = NULL WHERE subject_id = 3",
            Tampering::EventChanged { seq: 3 },
        ),
        (
            "UPDATE audit_events SET at_ms = at_ms + 1 WHERE subject_id = 3",
            Tampering::EventChanged { seq: 3 },
        ),
        (
            "DELETE FROM audit_events WHERE subject_id = 3",
            Tampering::EventMissing { seq: 3 },
        ),
        (
            "DELETE FROM audit_events WHERE subject_id = 1",
            Tampering::EventMissing { seq: 1 },
        ),
        (
            "DELETE FROM audit_seals WHERE seq = 3",
            Tampering::SealMissing { seq: 3 },
        ),
    ] {
        for store in Databases::fresh().await.stores() {
            trail(&store, 5).await;
            run(&store, sql).await;
            assert_eq!(verify(&store, None).await, Err(tampering), "{sql}");
        }
    }
}

#[tokio::test]
async fn events_in_another_order_are_found() {
    for (sqls, tampering) in [
        // What happened to 2 is said to have happened to 4, and the other way round.
        (
            [
                "UPDATE audit_events SET subject_id = -4 WHERE subject_id = 2",
                "UPDATE audit_events SET subject_id = 2 WHERE subject_id = 4",
                "UPDATE audit_events SET subject_id = 4 WHERE subject_id = -4",
            ],
            Tampering::EventChanged { seq: 2 },
        ),
        // The seals of two events change places.
        (
            [
                "UPDATE audit_seals SET seq = -4 WHERE seq = 2",
                "UPDATE audit_seals SET seq = 2 WHERE seq = 4",
                "UPDATE audit_seals SET seq = 4 WHERE seq = -4",
            ],
            Tampering::EventChanged { seq: 2 },
        ),
        // Two seals exchange what they seal.
        (
            [
                "UPDATE audit_seals SET event_id = -event_id WHERE seq = 2",
                "UPDATE audit_seals SET event_id = (SELECT id FROM audit_events WHERE subject_id = 2) WHERE seq = 4",
                "UPDATE audit_seals SET event_id = (SELECT id FROM audit_events WHERE subject_id = 4) WHERE seq = 2",
            ],
            Tampering::EventChanged { seq: 2 },
        ),
    ] {
        for store in Databases::fresh().await.stores() {
            trail(&store, 5).await;
            for sql in sqls {
                run(&store, sql).await;
            }
            assert_eq!(verify(&store, None).await, Err(tampering), "{sqls:?}");
        }
    }
}

#[tokio::test]
async fn an_event_removed_with_its_seal_leaves_a_hole_and_the_end_needs_the_kept_head() {
    for store in Databases::fresh().await.stores() {
        let head = trail(&store, 5).await;
        run(&store, "DELETE FROM audit_events WHERE subject_id = 5").await;
        run(&store, "DELETE FROM audit_seals WHERE seq = 5").await;
        assert!(
            verify(&store, None).await.is_ok(),
            "the end alone cannot tell"
        );
        let cut = Tampering::EndMissing { head: 4, seq: 5 };
        assert_eq!(verify(&store, Some(head)).await, Err(cut));
        // Whoever lets the trail grow again is found as well.
        record(&store, 9, NOW).await;
        store
            .seal_audit_events(SealReach::Newest)
            .await
            .expect("seals");
        let anew = Tampering::OtherChain { seq: 5 };
        assert_eq!(verify(&store, Some(head)).await, Err(anew));

        run(&store, "DELETE FROM audit_events WHERE subject_id = 2").await;
        run(&store, "DELETE FROM audit_seals WHERE seq = 2").await;
        let hole = Tampering::SealMissing { seq: 2 };
        assert_eq!(verify(&store, None).await, Err(hole));
    }
}

#[tokio::test]
async fn two_nodes_that_seal_at_once_make_one_chain() {
    for store in Databases::fresh().await.stores() {
        let other = store.clone();
        let writing = async {
            for subject in 1..=60 {
                record(&store, subject, NOW).await;
            }
        };
        let sealing = async |store: &Store| {
            for _ in 0..30 {
                store
                    .seal_audit_events(SealReach::Newest)
                    .await
                    .expect("seals");
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(writing, sealing(&store), sealing(&other));
        let (first, second) = tokio::join!(
            store.seal_audit_events(SealReach::All),
            other.seal_audit_events(SealReach::All)
        );
        first.expect("seals");
        second.expect("seals");
        let (head, events) = verify(&store, None).await.expect("is whole");
        assert_eq!((head.seq, events), (60, 60));
    }
}

#[tokio::test]
async fn an_event_that_was_committed_late_is_sealed_late() {
    for store in Databases::fresh().await.stores() {
        trail(&store, 3).await;
        // As if its transaction had begun before the others and ended after.
        run(
            &store,
            "INSERT INTO audit_events (id, at_ms, kind, outcome, actor) VALUES (-5, 1, 'logout', 'success', 'system')",
        )
        .await;
        assert_eq!(
            store
                .seal_audit_events(SealReach::Newest)
                .await
                .expect("seals"),
            1
        );
        assert_eq!(verify(&store, None).await.map(|(head, _)| head.seq), Ok(4));
    }
}

#[tokio::test]
async fn purging_deletes_what_is_old_and_leaves_a_chain_that_can_be_verified() {
    for store in Databases::fresh().await.stores() {
        for (subject, days) in [(1, 0), (2, 1), (3, 2), (4, 9)] {
            record(&store, subject, NOW.after(DAY * days)).await;
        }
        store
            .seal_audit_events(SealReach::All)
            .await
            .expect("seals");
        let head = store.audit_head().await.expect("reads");
        let later = NOW.after(DAY * 10);
        let purge = async |now| {
            store
                .purge_audit_events(now, DAY * 7)
                .await
                .expect("purges")
        };
        assert_eq!(purge(later).await, 3);
        assert_eq!(purge(later).await, 0);
        // The purge is told of by an event like any other, but the chain is whole only with its seal.
        let early = verify(&store, None).await;
        assert_eq!(early, Err(Tampering::EventMissing { seq: 3 }));
        store
            .seal_audit_events(SealReach::Newest)
            .await
            .expect("seals");
        assert_eq!(
            verify(&store, Some(head))
                .await
                .map(|(head, events)| (head.seq, events)),
            Ok((5, 2))
        );

        assert_eq!(purge(NOW.after(DAY * 30)).await, 2);
        store
            .seal_audit_events(SealReach::Newest)
            .await
            .expect("seals");
        assert_eq!(
            verify(&store, None)
                .await
                .map(|(head, events)| (head.seq, events)),
            Ok((6, 1))
        );
        let old = Tampering::ExpectedPurged { seq: 4 };
        assert_eq!(verify(&store, Some(head)).await, Err(old));
    }
}

#[tokio::test]
async fn events_removed_from_the_beginning_without_a_purge_are_missed() {
    for store in Databases::fresh().await.stores() {
        trail(&store, 5).await;
        run(&store, "DELETE FROM audit_events WHERE subject_id <= 2").await;
        run(&store, "DELETE FROM audit_seals WHERE seq < 2").await;
        assert_eq!(
            verify(&store, None).await,
            Err(Tampering::EventMissing { seq: 2 })
        );
        run(&store, "DELETE FROM audit_seals WHERE seq = 2").await;
        assert_eq!(
            verify(&store, None).await,
            Err(Tampering::SealMissing { seq: 1 })
        );
    }
}

#[test]
fn no_statement_changes_an_event_and_only_the_purge_deletes_one() {
    let changing: Vec<_> = doorward::store::statements()
        .filter(|(_, sql)| {
            [sql.sqlite(), sql.mysql()].iter().any(|text| {
                let text = text.as_str();
                text.contains("audit_events")
                    && ["UPDATE ", "DELETE ", "REPLACE ", "TRUNCATE "]
                        .iter()
                        .any(|verb| text.starts_with(verb))
            })
        })
        .map(|(name, _)| name)
        .collect();
    assert_eq!(changing, ["audit_seals.PURGE_EVENTS"]);
}

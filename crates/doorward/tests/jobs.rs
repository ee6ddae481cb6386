//! Jobs over many users, step by step, on every engine.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::collections::BTreeSet;

use databases::Databases;
use doorward::{
    audit::{Event, EventKind},
    authority::Authority,
    caller::{Actor, Caller},
    clock::Timestamp,
    job::{Job, JobDeed, JobId, Selection},
    password::PasswordHash,
    role::Role,
    store::{Lease, Sql, Step, Store, UserChange, UserDeed},
    user::UserId,
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";
const LEASE: Lease = [7; 16];

fn event() -> Event {
    Event::success(EventKind::JobStarted, &Caller::system())
}

async fn add(store: &Store, name: &str, role: &Role) -> UserId {
    let name = Username::parse(name).unwrap();
    let hash = PasswordHash::parse(HASH).unwrap();
    store.add_user(&name, &hash, role, NOW).await.unwrap().id
}

/// Two administrators, of whom one can be deposed, and three users.
async fn people(store: &Store, round: usize) -> (UserId, [UserId; 3]) {
    add(store, &format!("root{round}"), &Role::admin()).await;
    let maker = add(store, &format!("maker{round}"), &Role::admin()).await;
    let mut users = [maker; 3];
    for (number, user) in users.iter_mut().enumerate() {
        *user = add(store, &format!("user{round}-{number}"), &Role::user()).await;
    }
    (maker, users)
}

async fn start(store: &Store, deed: &JobDeed, users: &[UserId], actor: Actor) -> JobId {
    let ids: BTreeSet<i64> = users.iter().map(|id| id.get()).collect();
    let (selection, event) = (Selection::Ids(ids), event());
    let adding = store.add_job(deed, &selection, actor, &event, NOW);
    adding.await.unwrap()
}

async fn claimed(store: &Store) -> Job {
    store.claim_job(&LEASE, NOW).await.unwrap().unwrap()
}

async fn disabled(store: &Store, id: UserId) -> bool {
    let user = store.find_user_by_id(id, NOW).await.unwrap().unwrap().user;
    user.disabled_at.is_some()
}

fn ways_to_depose() -> [UserDeed; 3] {
    [
        UserDeed::Change(UserChange {
            role: Some(Role::user()),
            ..UserChange::default()
        }),
        UserDeed::Change(UserChange {
            disabled: Some(true),
            ..UserChange::default()
        }),
        UserDeed::Delete,
    ]
}

async fn depose(store: &Store, maker: UserId, way: &UserDeed) {
    let operator = Authority::operator();
    let deposing = store.do_to_user(maker, None, way, &operator, NOW);
    deposing.await.unwrap();
}

#[tokio::test]
async fn a_job_does_nothing_to_the_next_user_once_its_maker_is_no_administrator() {
    for store in Databases::fresh().await.stores() {
        for (round, way) in ways_to_depose().iter().enumerate() {
            let (maker, users) = people(&store, round).await;
            let id = start(&store, &JobDeed::Disable, &users, Actor::User(maker)).await;
            let mut job = claimed(&store).await;
            let first = store.step_job(&mut job, &LEASE, users[0], NOW).await;
            assert_eq!(first.unwrap(), Step::Taken);
            depose(&store, maker, way).await;
            let second = store.step_job(&mut job, &LEASE, users[1], NOW).await;
            assert_eq!(second.unwrap(), Step::MakerDeposed, "{way:?}");
            assert!(disabled(&store, users[0]).await);
            assert!(!disabled(&store, users[1]).await, "{way:?}");
            let stored = store.find_job(id).await.unwrap().unwrap();
            assert_eq!((stored.done, stored.failed), (1, 0));
            assert!(store.cancel_job(id, &event(), NOW).await.unwrap());
        }
    }
}

#[tokio::test]
async fn somebody_deposed_is_not_made_an_administrator_by_a_job_of_their_own() {
    for store in Databases::fresh().await.stores() {
        let (maker, _) = people(&store, 0).await;
        let promotion = JobDeed::SetRole(Role::admin());
        start(&store, &promotion, &[maker], Actor::User(maker)).await;
        let mut job = claimed(&store).await;
        depose(&store, maker, &ways_to_depose()[0]).await;
        let step = store.step_job(&mut job, &LEASE, maker, NOW).await;
        assert_eq!(step.unwrap(), Step::MakerDeposed);
        let user = store.find_user_by_id(maker, NOW).await.unwrap().unwrap();
        assert!(!user.user.role.is_admin());
    }
}

#[tokio::test]
async fn a_job_of_the_command_line_needs_no_administrator() {
    for store in Databases::fresh().await.stores() {
        let user = add(&store, "una", &Role::user()).await;
        start(&store, &JobDeed::Disable, &[user], Actor::Operator).await;
        let mut job = claimed(&store).await;
        let step = store.step_job(&mut job, &LEASE, user, NOW).await;
        assert_eq!(step.unwrap(), Step::Taken);
        assert!(disabled(&store, user).await);
    }
}

#[tokio::test]
async fn nothing_is_done_after_the_maker_was_deposed_at_another_node() {
    for [one, other] in Databases::fresh().await.pairs().await {
        for round in 0..10 {
            let (maker, users) = people(&one, round).await;
            let id = start(&one, &JobDeed::Disable, &users, Actor::User(maker)).await;
            let mut job = claimed(&one).await;
            let work = async {
                for user in users {
                    let step = one.step_job(&mut job, &LEASE, user, NOW).await.unwrap();
                    if step != Step::Taken {
                        return;
                    }
                }
            };
            let way = &ways_to_depose()[round % 3];
            tokio::join!(work, depose(&other, maker, way));
            let deposed: (i64,) = one
                .database()
                .fetch_optional(
                    Sql::both("SELECT MAX(id) FROM audit_events WHERE subject_id = ?"),
                    &[maker.get().into()],
                )
                .await
                .unwrap()
                .unwrap();
            let later: Vec<(i64,)> = one
                .database()
                .fetch_all(
                    Sql::both("SELECT subject_id FROM audit_events WHERE actor_id = ? AND id > ?"),
                    &[maker.get().into(), deposed.0.into()],
                )
                .await
                .unwrap();
            assert_eq!(later, [], "round {round}");
            one.cancel_job(id, &event(), NOW).await.unwrap();
        }
    }
}

/// How many events of disabling each user has.
async fn times_disabled(store: &Store, users: &[UserId]) -> Vec<i64> {
    let sql = Sql::both(
        "SELECT COUNT(*) FROM audit_events WHERE kind = 'user_disabled' AND subject_id = ?",
    );
    let mut times = Vec::new();
    for user in users {
        let row: Option<(i64,)> = store
            .database()
            .fetch_optional(sql.clone(), &[user.get().into()])
            .await
            .unwrap();
        times.push(row.unwrap().0);
    }
    times
}

#[tokio::test]
async fn of_two_workers_at_once_each_user_is_dealt_with_by_one() {
    // The first has stood still for longer than its lease, and goes on at the same moment as the one who took over.
    let later = NOW.after(std::time::Duration::from_secs(31));
    let another: Lease = [8; 16];
    for [one, other] in Databases::fresh().await.pairs().await {
        for round in 0..20 {
            let (_, users) = people(&one, round).await;
            let id = start(&one, &JobDeed::Disable, &users, Actor::Operator).await;
            let mut late = claimed(&one).await;
            let first = one.step_job(&mut late, &LEASE, users[0], NOW).await;
            assert_eq!(first.unwrap(), Step::Taken);
            let mut successor = other.claim_job(&another, later).await.unwrap().unwrap();
            assert_eq!(successor.position, users[0].get());
            let (lost, taken) = tokio::join!(
                one.step_job(&mut late, &LEASE, users[1], later),
                other.step_job(&mut successor, &another, users[1], later),
            );
            assert_eq!(
                (lost.unwrap(), taken.unwrap()),
                (Step::Lost, Step::Taken),
                "round {round}"
            );
            let rest = other.step_job(&mut successor, &another, users[2], later);
            assert_eq!(rest.await.unwrap(), Step::Taken);
            assert_eq!(times_disabled(&one, &users).await, [1, 1, 1]);
            let stored = one.find_job(id).await.unwrap().unwrap();
            assert_eq!((stored.done, stored.failed), (3, 0));
            one.cancel_job(id, &event(), later).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_job_that_ended_is_forgotten_and_one_that_runs_is_not() {
    for store in Databases::fresh().await.stores() {
        let (_, users) = people(&store, 0).await;
        let ended = start(&store, &JobDeed::Disable, &users, Actor::Operator).await;
        assert!(store.cancel_job(ended, &event(), NOW).await.unwrap());
        let running = start(&store, &JobDeed::Disable, &users, Actor::Operator).await;
        assert_eq!(store.purge_jobs(NOW).await.unwrap(), 0);
        let later = Timestamp::from_seconds(NOW.as_seconds() + 1);
        assert_eq!(store.purge_jobs(later).await.unwrap(), 1);
        assert!(store.find_job(ended).await.unwrap().is_none());
        assert!(store.find_job(running).await.unwrap().is_some());
    }
}

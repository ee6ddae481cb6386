//! Logging in where an application keeps writing the users table, also in plain text.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

use doorward::{
    audit::EventFilter,
    authenticator::{Authenticator, LoginAttempt, LoginError},
    caller::Caller,
    job::{JobDeed, Selection},
    password::Password,
    secret::Secret,
    store::{Database, DatabaseUrl, Sql},
};
use tempfile::TempDir;

const ADOPTED: Sql = Sql::both(
    r#"INSERT INTO adoptions (id, mode, state, plan, source, started_at_ms, position, adopted, present, hashed, rejected, forms)
    VALUES (x'00', 'in-place', 'complete', '{"version": 1, "mode": "in-place", "users": {"table": "users", "id": "id",
    "username": "username", "password": "password", "role": {"column": "role"}}, "passwords": {"plaintext": "hash"}}',
    'here', 1, 0, 0, 0, 0, 0, '{}')"#,
);

/// The lecture's table, adopted in place, and what works on it.
struct Adopted {
    authenticator: Authenticator,
    _folder: TempDir,
}

impl Adopted {
    async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("theirs.db");
        let url = DatabaseUrl::Sqlite(path.clone());
        let database = Database::connect(&url, 1).await.unwrap();
        let table = "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, username VARCHAR(50) UNIQUE NOT NULL, \
            password VARCHAR(100) NOT NULL, role VARCHAR(20) NOT NULL)";
        database.execute(Sql::both(table), &[]).await.unwrap();
        database.migrate_beside().await.unwrap();
        database.execute(ADOPTED, &[]).await.unwrap();
        database.close().await;
        let secret = Secret::from_text("192b9bdd22ab9ed4d12e236c78afcb9a".to_owned());
        let url = format!("sqlite://{}", path.display());
        Self {
            authenticator: Authenticator::open(&url, &secret).await.unwrap(),
            _folder: folder,
        }
    }

    async fn execute(&self, sql: &'static str) {
        let database = self.authenticator.store().database();
        database.execute(Sql::both(sql), &[]).await.unwrap();
    }

    async fn stored(&self) -> String {
        let database = self.authenticator.store().database();
        let sql = Sql::both("SELECT password FROM users WHERE id = 1");
        let row: Option<(String,)> = database.fetch_optional(sql, &[]).await.unwrap();
        row.unwrap().0
    }

    async fn lets_in(&self, password: &str) -> bool {
        let attempt = LoginAttempt {
            username: "alice".to_owned(),
            password: Password::parse(password).unwrap(),
            client: doorward::caller::Client::at([192, 0, 2, 1].into()),
        };
        match self.authenticator.log_in(attempt).await {
            Ok(_) => true,
            Err(LoginError::InvalidCredentials) => false,
            Err(other) => panic!("{other}"),
        }
    }
}

#[tokio::test]
async fn a_password_in_plain_text_is_hashed_before_anything_is_compared_with_it() {
    let here = Adopted::new().await;
    here.execute(
        "INSERT INTO users (username, password, role) VALUES ('alice', 'alice123', 'admin')",
    )
    .await;
    // Also when the password is wrong.
    assert!(!here.lets_in("alice124").await);
    let stored = here.stored().await;
    assert!(stored.starts_with("scrypt:32768:8:1$"), "{stored}");
    assert!(here.lets_in("alice123").await);
    assert!(!here.lets_in(&stored).await, "what is stored opens nothing");
    let events = here
        .authenticator
        .store()
        .list_audit_events(&EventFilter::default(), None, 10)
        .await
        .unwrap();
    let hashed: Vec<_> = events
        .iter()
        .filter(|event| event.kind == "hash_upgraded")
        .collect();
    assert_eq!(hashed.len(), 1, "{events:?}");
    assert_eq!(
        (hashed[0].actor.as_str(), hashed[0].subject_id),
        ("system", Some(1))
    );
    assert_eq!(hashed[0].detail_object()["from"], "plain_text");
}

#[tokio::test]
async fn plain_text_that_the_application_writes_later_is_hashed_too() {
    let here = Adopted::new().await;
    here.execute("INSERT INTO users (username, password, role) VALUES ('alice', 'first', 'user')")
        .await;
    assert!(here.lets_in("first").await);
    here.execute("UPDATE users SET password = 'second' WHERE id = 1")
        .await;
    assert!(!here.lets_in("first").await);
    assert!(here.lets_in("second").await);
    assert!(here.stored().await.starts_with("scrypt:"));
}

#[tokio::test]
async fn what_looks_like_a_hash_is_never_taken_for_a_password() {
    let here = Adopted::new().await;
    let md5 = "5f4dcc3b5aa765d61d8327deb882cf99";
    here.execute("INSERT INTO users (username, password, role) VALUES ('alice', '5f4dcc3b5aa765d61d8327deb882cf99', 'user')")
        .await;
    assert!(!here.lets_in(md5).await);
    assert!(!here.lets_in("password").await);
    assert_eq!(here.stored().await, md5);
}

#[tokio::test]
async fn a_job_is_about_a_user_too_whom_the_application_has_just_added() {
    let here = Adopted::new().await;
    here.execute(
        "INSERT INTO users (username, password, role) VALUES ('alice', 'alice123', 'user')",
    )
    .await;
    let everybody = Selection::Filter {
        role: Some("user".to_owned()),
        search: None,
        disabled: None,
        created_since_ms: None,
    };
    let authenticator = &here.authenticator;
    let id = authenticator
        .start_job(&JobDeed::EndSessions, &everybody, &Caller::operator())
        .await
        .unwrap();
    assert!(authenticator.work_on_a_job(|_| {}).await.unwrap());
    let job = authenticator.store().find_job(id).await.unwrap().unwrap();
    assert_eq!((job.total, job.done, job.failed), (1, 1, 0));
}

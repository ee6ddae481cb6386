//! Looking at the users tables of other applications, as their libraries make them, on every engine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use std::{collections::BTreeMap, path::PathBuf};

use doorward::{
    adoption::{
        Fill, Generator, Identifier, Mode, PlaintextRule, Plan, RoleSource, WrittenForm,
        inspect::{
            InspectError, Inspection, Layout, Options, SourceFile, Weight, inspect_database,
            inspect_file,
        },
    },
    password::AcceptedForms,
    store::DatabaseUrl,
};
use sqlx::Connection as _;

/// A filled database of another application.
struct Foreign {
    url: String,
    _folder: tempfile::TempDir,
}

impl Foreign {
    /// On SQLite, and on the test server if there is one, without any table.
    async fn empty() -> Vec<Self> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("app.db");
        let url = format!("sqlite://{}", path.display());
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true);
        let connection = sqlx::SqliteConnection::connect_with(&options)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let mut all = vec![Self {
            url,
            _folder: folder,
        }];
        if let Some(url) = databases::fresh_mysql().await {
            let folder = tempfile::tempdir().unwrap();
            all.push(Self {
                url,
                _folder: folder,
            });
        }
        all
    }

    /// The same with the tables and rows of `tests/fixtures/adoption/NAME.*`.
    async fn made_by(name: &str) -> Vec<Self> {
        let all = Self::empty().await;
        for foreign in &all {
            for part in [foreign.engine(), "rows"] {
                foreign.run(&fixture(&format!("{name}.{part}.sql"))).await;
            }
        }
        all
    }

    fn engine(&self) -> &'static str {
        if self.url.starts_with("sqlite") {
            "sqlite"
        } else {
            "mysql"
        }
    }

    /// Runs a script, a statement to a line that ends with `;`.
    async fn run(&self, script: &str) {
        for statement in script.split(";\n").filter(|text| !text.trim().is_empty()) {
            let statement = sqlx::AssertSqlSafe(statement.to_owned());
            if let Some(path) = self.url.strip_prefix("sqlite://") {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut connection = sqlx::SqliteConnection::connect_with(&options)
                    .await
                    .unwrap();
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            } else {
                let mut connection = sqlx::MySqlConnection::connect(&self.url).await.unwrap();
                sqlx::query(statement)
                    .execute(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    async fn inspect(&self, options: &Options) -> Result<Inspection, InspectError> {
        let url = DatabaseUrl::parse(&self.url).unwrap();
        inspect_database(&url, options, &mut |_| {}).await
    }
}

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/adoption")
        .join(name);
    std::fs::read_to_string(path).unwrap()
}

fn here() -> Options {
    Options {
        table: None,
        accepted: AcceptedForms::default(),
        is_configured: true,
    }
}

fn elsewhere() -> Options {
    Options {
        is_configured: false,
        ..here()
    }
}

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

fn forms(inspection: &Inspection) -> BTreeMap<String, u64> {
    let forms = inspection.census.forms();
    forms
        .into_iter()
        .map(|(form, count)| (form.to_string(), count))
        .collect()
}

#[track_caller]
fn says(inspection: &Inspection, weight: Weight, part: &str) {
    let found = inspection.findings.iter().any(|finding| {
        finding.weight == weight && (finding.what.contains(part) || finding.advice.contains(part))
    });
    assert!(
        found,
        "no {weight:?} says {part:?}: {:#?}",
        inspection.findings
    );
}

#[tokio::test]
async fn the_lectures_table_stays_where_it_is_and_becomes_wide_enough() {
    for foreign in Foreign::made_by("lecture").await {
        let found = foreign.inspect(&here()).await.unwrap();
        assert_eq!(found.layout, Layout::Lecture);
        assert_eq!(found.plan.check(), Ok(()));
        assert_eq!(found.plan.mode, Mode::InPlace);
        let users = &found.plan.users;
        assert_eq!(users.table, Some(name("users")));
        assert_eq!(users.id, Some(name("id")));
        assert_eq!(
            (&users.username, &users.password),
            (&name("username"), &name("password"))
        );
        assert_eq!(users.fill, BTreeMap::new());
        let admin = vec!["admin".to_owned()];
        let column = name("role");
        assert_eq!(users.role, RoleSource::Column { column, admin });
        // Its hashes were written by a Werkzeug that may not know scrypt.
        assert_eq!(found.plan.passwords.write, WrittenForm::WerkzeugPbkdf2);
        assert_eq!(found.plan.passwords.plaintext, PlaintextRule::Hash);
        if foreign.engine() == "mysql" {
            assert_eq!(found.plan.passwords.widen_to, Some(255));
            says(&found, Weight::Warning, "takes 100 characters");
            says(
                &found,
                Weight::Problem,
                "1 row (id 5) with a hash that was cut off",
            );
        } else {
            assert_eq!(found.plan.passwords.widen_to, None);
            says(&found, Weight::Warning, "1 row with a damaged hash");
        }
    }
}

#[tokio::test]
async fn every_stored_password_is_counted_under_its_form() {
    for foreign in Foreign::made_by("lecture").await {
        let found = foreign.inspect(&here()).await.unwrap();
        let expected = [
            ("PBKDF2 with SHA-1", 1),
            ("a damaged hash", 1),
            ("md5-crypt", 1),
            ("no known format (plain text?)", 1),
            ("werkzeug-pbkdf2", 3),
        ];
        let expected: BTreeMap<String, u64> = expected
            .into_iter()
            .map(|(form, count)| (form.to_owned(), count))
            .collect();
        assert_eq!(forms(&found), expected);
        assert_eq!(found.census.rows, 7);
        assert_eq!(found.census.roles["user"], 5);
        says(
            &found,
            Weight::Problem,
            "1 row (id 1) with a password that a lecture prints",
        );
        says(&found, Weight::Problem, "the lecture's passwords: bob");
        says(
            &found,
            Weight::Warning,
            "1 row (id 6) with a name that doorward refuses",
        );
        says(
            &found,
            Weight::Warning,
            "1 row (id 7) with a role that can be none",
        );
        says(
            &found,
            Weight::Warning,
            "PBKDF2 with SHA-1, which is verified only with a setting",
        );
    }
}

#[tokio::test]
async fn flask_securitys_users_log_in_by_mail_and_have_their_roles_elsewhere() {
    for foreign in Foreign::made_by("flask_security").await {
        let found = foreign.inspect(&here()).await.unwrap();
        assert_eq!(found.layout, Layout::FlaskSecurity);
        let users = &found.plan.users;
        assert_eq!(users.table, Some(name("user")));
        assert_eq!(users.username, name("email"));
        assert_eq!(users.active, Some(name("active")));
        let hex = Fill::Generated {
            generate: Generator::Hex,
        };
        assert_eq!(users.fill, BTreeMap::from([(name("fs_uniquifier"), hex)]));
        let always = "user".to_owned();
        assert_eq!(users.role, RoleSource::Always { always });
        assert_eq!(found.plan.mode, Mode::InPlace);
        assert_eq!(found.census.inactive, 1);
        assert_eq!(forms(&found)["NULL"], 1);
        assert_eq!(forms(&found)["argon2id"], 2);
        says(
            &found,
            Weight::Warning,
            "roles_users and role (editor 2, admin 1)",
        );
        says(&found, Weight::Warning, "1 row without a password");
        // The advice is a script that works: afterwards the column is the role.
        let advice = found
            .findings
            .iter()
            .find(|finding| finding.advice.contains("ALTER TABLE"));
        let script = advice.unwrap().advice.split_once("again: ").unwrap().1;
        foreign
            .run(
                &script
                    .replace("; ", ";\n")
                    .replace("');", "')")
                    .replace("));", "))"),
            )
            .await;
        let again = foreign.inspect(&here()).await.unwrap();
        assert_eq!(again.census.roles["admin"], 1);
        assert_eq!(again.census.roles["user"], 3);
    }
}

#[tokio::test]
async fn flask_users_table_is_understood() {
    for foreign in Foreign::made_by("flask_user").await {
        let found = foreign.inspect(&elsewhere()).await.unwrap();
        assert_eq!(found.layout, Layout::FlaskUser);
        assert_eq!(found.plan.mode, Mode::Copy);
        let users = &found.plan.users;
        assert_eq!(users.table, Some(name("users")));
        assert_eq!(
            (&users.username, &users.password),
            (&name("email"), &name("password"))
        );
        assert_eq!(users.active, Some(name("active")));
        // A copy needs nothing in the application's other columns.
        assert_eq!(users.fill, BTreeMap::new());
        assert_eq!(forms(&found)["empty"], 1);
        assert_eq!(forms(&found)["bcrypt"], 2);
    }
}

#[tokio::test]
async fn djangos_users_are_found_and_an_unusable_password_is_none() {
    for foreign in Foreign::made_by("django").await {
        let found = foreign.inspect(&here()).await.unwrap();
        assert_eq!(found.layout, Layout::Django);
        let users = &found.plan.users;
        assert_eq!(users.table, Some(name("auth_user")));
        let flag = name("is_superuser");
        assert_eq!(users.role, RoleSource::Flag { flag });
        assert_eq!(users.active, Some(name("is_active")));
        assert_eq!(found.census.roles["admin"], 1);
        assert_eq!(found.census.inactive, 1);
        assert_eq!(forms(&found)["marked unusable (Django)"], 1);
        assert_eq!(users.fill[&name("is_staff")], Fill::Number(0));
        let now = Fill::Generated {
            generate: Generator::Datetime,
        };
        assert_eq!(users.fill[&name("date_joined")], now);
        says(&found, Weight::Warning, "Django reads none of the forms");
    }
}

#[tokio::test]
async fn names_that_differ_in_case_alone_are_one_and_are_told() {
    for foreign in Foreign::made_by("flask_sqlalchemy").await {
        let found = foreign.inspect(&here()).await.unwrap();
        assert_eq!(found.layout, Layout::Other);
        assert_eq!(found.plan.users.password, name("password_hash"));
        says(&found, Weight::Problem, "2 rows share a name");
        says(&found, Weight::Problem, "Bea (id 2), bea (id 3)");
        says(&found, Weight::Problem, "the lecture's passwords: admin");
        says(&found, Weight::Problem, "a hash that Python wrote as b'…'");
        says(
            &found,
            Weight::Warning,
            "(id 4) with a name that doorward refuses: longer than 50 characters",
        );
        assert_eq!(found.plan.passwords.write, WrittenForm::WerkzeugScrypt);
    }
}

#[tokio::test]
async fn inspecting_changes_nothing() {
    for foreign in Foreign::made_by("lecture").await {
        let Some(path) = foreign.url.strip_prefix("sqlite://") else {
            continue;
        };
        let folder = PathBuf::from(path).parent().unwrap().to_owned();
        let files = || std::fs::read_dir(&folder).unwrap().count();
        let before = (std::fs::read(path).unwrap(), files());
        foreign.inspect(&here()).await.unwrap();
        assert!(before == (std::fs::read(path).unwrap(), files()));
        // Reading in WAL mode makes files beside the database where somebody has to.
        foreign.run("PRAGMA journal_mode = WAL").await;
        let before = (std::fs::read(path).unwrap(), files());
        foreign.inspect(&here()).await.unwrap();
        assert!(before == (std::fs::read(path).unwrap(), files()));
    }
}

#[tokio::test]
async fn a_table_of_ours_in_the_way_means_a_copy() {
    for foreign in Foreign::made_by("lecture").await {
        foreign
            .run("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER)")
            .await;
        let found = foreign.inspect(&here()).await.unwrap();
        assert_eq!(found.plan.mode, Mode::Copy);
        says(&found, Weight::Warning, "accounts");
    }
}

#[tokio::test]
async fn a_database_of_ours_has_nothing_to_adopt() {
    for foreign in Foreign::empty().await {
        let url = DatabaseUrl::parse(&foreign.url).unwrap();
        let database = doorward::store::Database::connect(&url, 1).await.unwrap();
        database.migrate().await.unwrap();
        database.close().await;
        let refused = foreign.inspect(&here()).await.unwrap_err();
        assert!(matches!(refused, InspectError::Ours { .. }), "{refused}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named() {
    for foreign in Foreign::empty().await {
        let refused = foreign.inspect(&here()).await.unwrap_err();
        assert!(
            matches!(refused, InspectError::NoCandidate { .. }),
            "{refused}"
        );
        foreign
            .run("CREATE TABLE pages (id INTEGER PRIMARY KEY, title VARCHAR(50))")
            .await;
        let refused = foreign.inspect(&here()).await.unwrap_err().to_string();
        assert!(refused.contains("there are: pages"), "{refused}");
        foreign
            .run("CREATE TABLE users (id INTEGER PRIMARY KEY, username VARCHAR(50))")
            .await;
        let refused = foreign.inspect(&here()).await.unwrap_err().to_string();
        assert!(
            refused.contains("users has no column that looks like a password"),
            "{refused}"
        );
        foreign
            .run("CREATE TABLE people (name VARCHAR(50), pw_hash VARCHAR(255))")
            .await;
        let refused = foreign.inspect(&here()).await.unwrap_err().to_string();
        assert!(refused.contains("the table people is empty"), "{refused}");
        let table = Some(name("staff"));
        let refused = foreign
            .inspect(&Options { table, ..here() })
            .await
            .unwrap_err()
            .to_string();
        assert!(
            refused.contains("there is no table staff; there are: pages, people, users"),
            "{refused}"
        );
        foreign.run("INSERT INTO people VALUES ('ada', 'x')").await;
        let found = foreign.inspect(&here()).await.unwrap();
        // Without a key the rows cannot be worked on where they are.
        assert_eq!(found.plan.mode, Mode::Copy);
        assert_eq!(found.plan.passwords.plaintext, PlaintextRule::Hash);
        says(
            &found,
            Weight::Note,
            "no column holds a number for each user",
        );
    }
}

#[tokio::test]
async fn a_table_with_ids_that_we_cannot_have_says_which() {
    for foreign in Foreign::empty().await {
        foreign.run("CREATE TABLE users (id BIGINT PRIMARY KEY, username VARCHAR(50), password VARCHAR(255))").await;
        foreign.run("INSERT INTO users VALUES (0, 'a', 'x'), (2147483647, 'b', 'x'), (2147483648, NULL, 'x')").await;
        let found = foreign.inspect(&here()).await.unwrap();
        says(
            &found,
            Weight::Warning,
            "2 rows (id 0, id 2147483648) with an id outside",
        );
        says(
            &found,
            Weight::Warning,
            "1 row (id 2147483648) without a name",
        );
    }
}

#[tokio::test]
async fn an_account_that_may_only_read_can_inspect_and_is_told_so() {
    let Some(server) = databases::fresh_mysql().await else {
        return;
    };
    let foreign = Foreign {
        url: server.clone(),
        _folder: tempfile::tempdir().unwrap(),
    };
    foreign.run(&fixture("lecture.mysql.sql")).await;
    foreign.run(&fixture("lecture.rows.sql")).await;
    let (address, database) = server.rsplit_once('/').unwrap();
    let account = format!("reader_{}", std::process::id());
    foreign
        .run(&format!(
            "CREATE USER '{account}'@'%' IDENTIFIED BY 'reading'"
        ))
        .await;
    foreign
        .run(&format!(
            "GRANT SELECT ON `{database}`.* TO '{account}'@'%'"
        ))
        .await;
    let host = address.rsplit_once('@').unwrap().1;
    let reader = Foreign {
        url: format!("mysql://{account}:reading@{host}/{database}"),
        _folder: tempfile::tempdir().unwrap(),
    };
    let found = reader.inspect(&here()).await;
    foreign.run(&format!("DROP USER '{account}'@'%'")).await;
    let found = found.unwrap();
    assert_eq!(found.census.rows, 7);
    says(&found, Weight::Problem, "may not create tables");
    says(&found, Weight::Problem, "may only read");
}

#[tokio::test]
async fn files_are_read_like_tables() {
    let folder = tempfile::tempdir().unwrap();
    for (file, content) in [
        (
            "users.csv",
            "id,email,password_hash,is_admin\n7,ada@example.org,alice123,1\n8,bea@example.org,,0\n",
        ),
        (
            "users.jsonl",
            "{\"id\":7,\"email\":\"ada@example.org\",\"password_hash\":\"alice123\",\"is_admin\":true}\n\
             {\"id\":8,\"email\":\"bea@example.org\",\"password_hash\":\"\",\"is_admin\":false}\n",
        ),
    ] {
        let path = folder.path().join(file);
        std::fs::write(&path, content).unwrap();
        let source = SourceFile::new(&path).unwrap();
        let found = inspect_file(&source, &elsewhere(), &mut |_| {})
            .await
            .unwrap();
        let users = &found.plan.users;
        assert_eq!((found.plan.mode, &users.table), (Mode::Copy, &None));
        assert_eq!(users.id, Some(name("id")));
        assert_eq!(users.username, name("email"));
        assert_eq!(found.census.roles["admin"], 1, "{file}");
        assert_eq!(forms(&found)["empty"], 1, "{file}");
        says(
            &found,
            Weight::Problem,
            "(id 7) with a password that a lecture prints",
        );
        let text = serde_json::to_string(&found.plan).unwrap();
        assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), found.plan);
    }
}

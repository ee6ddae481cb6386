//! `doorward adopt inspect`.

use std::path::PathBuf;

use doorward::{
    adoption::{Mode, Plan},
    store::Sql,
};

use crate::installation::Installation;

/// The lecture's table with its rows, in the configured database.
fn lecture() -> Vec<Installation> {
    let all: Vec<Installation> = [Some(Installation::sqlite()), Installation::mysql()]
        .into_iter()
        .flatten()
        .collect();
    for here in &all {
        std::fs::create_dir_all(here.path("data")).unwrap();
        fill(here, "lecture");
    }
    all
}

fn fill(here: &Installation, name: &str) {
    let engine = if here.database().starts_with("mysql") {
        "mysql"
    } else {
        "sqlite"
    };
    for part in [engine, "rows"] {
        let folder =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../doorward/tests/fixtures/adoption");
        let script = std::fs::read_to_string(folder.join(format!("{name}.{part}.sql"))).unwrap();
        here.open(async |database| {
            for statement in script.split(";\n").filter(|text| !text.trim().is_empty()) {
                // A statement is a constant everywhere else.
                let sql = Sql::both(Box::leak(statement.to_owned().into_boxed_str()));
                database.execute(sql, &[]).await.unwrap();
            }
        });
    }
}

fn plan(here: &Installation) -> Plan {
    let text = std::fs::read_to_string(here.path("adopt.toml")).unwrap();
    let plan: Plan = toml::from_str(&text).unwrap();
    plan.check().unwrap();
    plan
}

/// Everything after the engine's version.
fn without_version(report: &str) -> String {
    let lines = report
        .lines()
        .map(|line| match line.split_once(", sqlite ") {
            Some((before, _)) => format!("{before}, sqlite VERSION"),
            None => line.to_owned(),
        });
    lines.map(|line| line + "\n").collect()
}

#[test]
fn the_report_reads_like_this() {
    let here = lecture().remove(0);
    let ran = here
        .run(&["adopt", "inspect"], "")
        .code(0)
        .never_says("alice123");
    let golden = include_str!("golden/adopt_inspect.txt");
    assert_eq!(without_version(&ran.stdout), golden, "{}", ran.stdout);
}

#[test]
fn the_plan_explains_itself_and_can_be_read_back() {
    for here in lecture() {
        here.run(&["adopt", "inspect"], "")
            .code(0)
            .never_says("doorward:doorward");
        let plan = plan(&here);
        assert_eq!(plan.mode, Mode::InPlace);
        let text = std::fs::read_to_string(here.path("adopt.toml")).unwrap();
        assert!(text.contains("# in-place: doorward works on"), "{text}");
        assert!(
            text.contains(&here.database()) && !text.contains("doorward:doorward"),
            "{text}"
        );
    }
}

#[test]
fn a_column_with_an_odd_name_is_in_the_plan_as_it_is() {
    let here = Installation::sqlite();
    std::fs::create_dir_all(here.path("data")).unwrap();
    here.execute(
        r#"CREATE TABLE users (id INTEGER PRIMARY KEY, username TEXT NOT NULL, password TEXT NOT NULL, "a ""b"" \ é" TEXT NOT NULL)"#,
    );
    here.execute("INSERT INTO users VALUES (1, 'ada', 'x', '')");
    here.run(&["adopt", "inspect"], "").code(0);
    let fill = plan(&here).users.fill;
    let names: Vec<&str> = fill
        .keys()
        .map(doorward::adoption::Identifier::as_str)
        .collect();
    assert_eq!(names, [r#"a "b" \ é"#]);
}

#[test]
fn a_plan_that_is_there_is_kept() {
    let here = lecture().remove(0);
    std::fs::write(here.path("adopt.toml"), "mine").unwrap();
    let ran = here.run(&["adopt", "inspect"], "").code(2);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(
        std::fs::read_to_string(here.path("adopt.toml")).unwrap(),
        "mine"
    );
    here.run(&["adopt", "inspect", "--force"], "").code(0);
    assert_eq!(plan(&here).mode, Mode::InPlace);
}

#[test]
fn the_variables_of_a_flask_deployment_are_enough() {
    let Some(here) = Installation::mysql() else {
        return;
    };
    fill(&here, "lecture");
    let url = here.database();
    let (address, name) = url
        .strip_prefix("mysql://doorward:***@")
        .unwrap()
        .rsplit_once('/')
        .unwrap();
    let (host, port) = address.split_once(':').unwrap();
    let mut command = here.command(&["adopt", "inspect"]);
    command.env_remove("DOORWARD_DB_URL");
    for (variable, value) in [
        ("MYSQL_HOST", host),
        ("MYSQL_PORT", port),
        ("MYSQL_USER", "doorward"),
        ("MYSQL_PASSWORD", "doorward"),
        ("MYSQL_DB", name),
        ("SECRET_KEY", "supersecretkey"),
    ] {
        command.env(variable, value);
    }
    let output = command.output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The secret would keep the server from starting; here it is the first thing to hear about.
    assert!(
        report.contains("problem  the secret `secret_key` is a well-known sample"),
        "{report}"
    );
    assert!(
        !report.contains("supersecretkey") && report.contains("Flask environment SECRET_KEY"),
        "{report}"
    );
    assert!(
        report.contains("in place: doorward puts its tables beside users"),
        "{report}"
    );
}

#[test]
fn another_source_is_copied_and_its_password_is_shown_to_nobody() {
    let Some(there) = Installation::mysql() else {
        return;
    };
    fill(&there, "flask_security");
    let address = there.database().replace(":***@", ":doorward@");
    let here = Installation::sqlite();
    let ran = here
        .run(&["adopt", "inspect", &address], "")
        .code(0)
        .never_says(":doorward@");
    assert!(ran.stderr.contains("DOORWARD_ADOPT_FROM"), "{}", ran.stderr);
    assert_eq!(plan(&here).mode, Mode::Copy);

    let here = Installation::sqlite().with("DOORWARD_ADOPT_FROM", &address);
    let ran = here
        .run(&["adopt", "inspect"], "")
        .code(0)
        .never_says(":doorward@");
    assert_eq!(ran.stderr, "");
    assert!(
        ran.stdout.contains("as Flask-Security makes it"),
        "{}",
        ran.stdout
    );
    let text = std::fs::read_to_string(here.path("adopt.toml")).unwrap();
    assert!(!text.contains(":doorward@"), "{text}");
}

#[test]
fn a_name_in_the_table_cannot_move_the_cursor() {
    let here = Installation::sqlite();
    let rows = "id,username,password\n1,Eve\u{202e},x\n2,\"a\u{1b}[2J\",y\n1,bob,z\n1,Bob,z\n";
    std::fs::write(here.path("u.csv"), rows).unwrap();
    let ran = here.run(&["adopt", "inspect", "u.csv"], "").code(0);
    assert!(
        ran.stdout.contains("bob (id 1), Bob (id 1)")
            || ran.stdout.contains("Bob (id 1), bob (id 1)"),
        "{}",
        ran.stdout
    );
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains('\u{202e}'));
    assert!(ran.stdout.contains("--from u.csv"), "{}", ran.stdout);
}

#[test]
fn what_cannot_be_inspected_says_why() {
    let here = Installation::sqlite();
    let ran = here.run(&["adopt", "inspect"], "").code(2);
    assert!(ran.stderr.contains("MYSQL_HOST"), "{}", ran.stderr);
    let ran = here.run(&["adopt", "inspect", "missing.csv"], "").code(2);
    assert!(ran.stderr.contains("no file missing.csv"), "{}", ran.stderr);
    let ran = here
        .run(&["adopt", "inspect", "postgres://u:hunter2@h/d"], "")
        .code(2)
        .never_says("hunter2");
    assert!(ran.stderr.contains("PATH.csv"), "{}", ran.stderr);
    std::fs::write(here.path("empty.csv"), "id,username,password\n").unwrap();
    let ran = here.run(&["adopt", "inspect", "empty.csv"], "").code(1);
    assert!(ran.stderr.contains("is empty"), "{}", ran.stderr);
    std::fs::write(here.path("pages.csv"), "id,title\n1,x\n").unwrap();
    let ran = here.run(&["adopt", "inspect", "pages.csv"], "").code(1);
    assert!(
        ran.stderr.contains("no column that looks like a password"),
        "{}",
        ran.stderr
    );
    std::fs::write(
        here.path("no.db"),
        "this is no database, it only has the length of a header of one",
    )
    .unwrap();
    let ran = here.run(&["adopt", "inspect", "sqlite:no.db"], "").code(1);
    assert!(
        ran.stderr.contains("must be a SQLite database"),
        "{}",
        ran.stderr
    );
    let ran = here
        .run(&["adopt", "inspect", "mysql://u:hunter2@127.0.0.1:1/d"], "")
        .code(1)
        .never_says("hunter2");
    assert!(
        ran.stderr.contains("check that the server runs"),
        "{}",
        ran.stderr
    );
    // Nothing was made.
    assert!(!here.path("adopt.toml").exists() && !here.path("data").exists());
}

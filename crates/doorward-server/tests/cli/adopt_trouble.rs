//! What goes wrong around an adoption: the message says what, nothing is half done, and the next run completes.

use std::{
    fmt::Write as _,
    process::{Child, Stdio},
};

use doorward::store::{Database, DatabaseUrl, Sql};

use crate::adopted::{COPY, IN_PLACE, LECTURE_TABLE, SCRYPT, journalled};
use crate::installation::Installation;

#[test]
fn a_table_without_the_named_column_or_that_is_not_there_is_told_with_what_is_there() {
    for here in [Some(Installation::sqlite()), Installation::mysql()]
        .into_iter()
        .flatten()
    {
        std::fs::create_dir_all(here.path("data")).unwrap();
        here.open(async |database| {
            database.execute(LECTURE_TABLE, &[]).await.unwrap();
        });
        let before = here.dump();
        for (plan, said) in [
            (
                IN_PLACE.replace("\"password\"", "\"pwd_hash\""),
                "has no column pwd_hash; it has: id, username, password, role",
            ),
            (
                IN_PLACE.replace("\"users\"", "\"members\""),
                "there is no table members",
            ),
            (
                IN_PLACE
                    .replace("id = \"id\"", "id = \"role\"")
                    .replace("{ column = \"role\" }", "{ always = \"user\" }"),
                "role is no whole-number key",
            ),
        ] {
            here.write("plan.toml", &plan);
            let ran = here.run(&["adopt", "run", "plan.toml"], "").code(2);
            assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
            assert_eq!(here.dump(), before);
        }
    }
}

#[test]
fn an_account_that_may_only_read_is_told_so_and_nothing_is_left() {
    let Some(here) = Installation::mysql() else {
        return;
    };
    here.write("plan.toml", IN_PLACE);
    let name = here.address().rsplit('/').next().unwrap().to_owned();
    let reader = format!("r{}", &name[name.len().saturating_sub(20)..]);
    here.open(async |database| {
        database.execute(LECTURE_TABLE, &[]).await.unwrap();
        database
            .execute(Sql::both("INSERT INTO users (username, password, role) VALUES ('alice', 'alice123', 'admin')"), &[])
            .await
            .unwrap();
        // The suite's account may not grant, but it may do what granting does.
        for statement in [
            format!("CREATE OR REPLACE USER '{reader}'@'%' IDENTIFIED BY 'reader'"),
            format!("REPLACE INTO mysql.db (Host, Db, User, Select_priv) VALUES ('%', '{name}', '{reader}', 'Y')"),
            "FLUSH PRIVILEGES".to_owned(),
        ] {
            execute(database, statement).await;
        }
    });
    let before = here.dump();
    let (_, place) = here
        .address()
        .rsplit_once('@')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let address = format!("mysql://{reader}:reader@{place}");
    let ran = here
        .run(&["--db-url", &address, "adopt", "run", "plan.toml"], "")
        .code(1)
        .never_says(":reader@");
    assert!(
        ran.stderr.contains("denied") && ran.stderr.contains("goes on from there"),
        "{ran:?}"
    );
    assert_eq!(here.dump(), before);
    here.run(&["adopt", "run", "plan.toml"], "").code(0);
    here.open(async |database| execute(database, format!("DROP USER '{reader}'@'%'")).await);
}

async fn execute(database: &Database, statement: String) {
    // A statement is a constant everywhere else.
    let sql = Sql::both(Box::leak(statement.into_boxed_str()));
    database.execute(sql, &[]).await.unwrap();
}

/// Cuts every connection to the database `name` but the one with the id `spared`.
async fn cut(watcher: &Database, name: &str, spared: i64) {
    let all: Vec<(i64,)> = watcher
        .fetch_all(
            Sql::both(
                "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = ? AND id <> ?",
            ),
            &[name.into(), spared.into()],
        )
        .await
        .unwrap();
    for (id,) in all {
        let kill = Sql::both(Box::leak(format!("KILL {id}").into_boxed_str()));
        // One that has ended meanwhile is no failure.
        let _ = watcher.execute(kill, &[]).await;
    }
}

/// Enough rows for several batches.
fn many() -> String {
    let mut csv = String::from("id,username,password,role\n");
    for id in 1..=60_000 {
        writeln!(csv, "{id},user{id},{SCRYPT},user").unwrap();
    }
    csv
}

fn start(here: &Installation) -> Child {
    here.command(&["adopt", "run", "plan.toml", "--from", "users.csv"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_connection_that_is_lost_half_way_costs_one_batch_and_the_next_run_completes() {
    let Some(here) = Installation::mysql() else {
        return;
    };
    here.run(&["db", "migrate"], "").code(0);
    here.write("plan.toml", COPY);
    here.write("users.csv", &many());
    let name = here.address().rsplit('/').next().unwrap().to_owned();
    let server = here.address().replace(&format!("/{name}"), "/mysql");
    let mut child = None;
    here.open(async |database| {
        // Somebody who has not decided yet holds the last row: the run cannot be through before its connection is cut.
        let mut undecided = database.begin().await.unwrap();
        let last = Sql::both(
            "INSERT INTO users (id, username, password, role) VALUES (60000, 'user60000', '', '')",
        );
        undecided.execute(last, &[]).await.unwrap();
        let id = Sql::both("SELECT CAST(CONNECTION_ID() AS SIGNED)");
        let (spared,): (i64,) = undecided.fetch_optional(id, &[]).await.unwrap().unwrap();
        let child = child.insert(start(&here));
        while journalled(database).await == 0 {}
        // Again and again: the run connects anew, and it may have been between two connections.
        let watcher = Database::connect(&DatabaseUrl::parse(&server).unwrap(), 1)
            .await
            .unwrap();
        while child.try_wait().unwrap().is_none() {
            cut(&watcher, &name, spared).await;
        }
        watcher.close().await;
        drop(undecided);
    });
    let ended = child.unwrap().wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("what was done is kept"), "{said}");
    here.open(async |database| {
        let counts = Sql::both("SELECT (SELECT COUNT(*) FROM users), (SELECT COUNT(*) FROM accounts), adopted FROM adoptions");
        let (users, accounts, adopted): (i64, i64, i64) = database.fetch_optional(counts, &[]).await.unwrap().unwrap();
        assert!(users == adopted && accounts == adopted && adopted < 60_000, "{users} {accounts} {adopted}");
    });
    let ran = here
        .run(&["adopt", "run", "plan.toml", "--from", "users.csv"], "")
        .code(0);
    assert!(
        ran.stdout.contains("an interrupted run was resumed")
            && ran.stdout.contains("in all 60000 adopted"),
        "{ran:?}"
    );
}

#[test]
fn two_runs_at_once_do_not_both_write() {
    for here in Installation::migrated() {
        here.write("plan.toml", COPY);
        here.write("users.csv", &many());
        let runs = [start(&here), start(&here)].map(|child| child.wait_with_output().unwrap());
        assert!(
            runs.iter()
                .all(|run| [Some(0), Some(1)].contains(&run.status.code())),
            "{runs:?}"
        );
        let ran = here
            .run(&["adopt", "run", "plan.toml", "--from", "users.csv"], "")
            .code(0);
        assert!(
            ran.stdout
                .contains("in all 60000 adopted, 0 there before, 0 passwords hashed, 0 rejected"),
            "{ran:?}"
        );
        here.open(async |database| {
            let count: Option<(i64,)> = database
                .fetch_optional(Sql::both("SELECT COUNT(*) FROM accounts"), &[])
                .await
                .unwrap();
            assert_eq!(count, Some((60_000,)));
        });
    }
}

#[test]
fn another_file_of_the_same_name_is_another_adoption_and_brings_what_is_new() {
    for here in Installation::migrated() {
        here.write("plan.toml", COPY);
        here.write(
            "users.csv",
            &format!("id,username,password,role\n1,alice,{SCRYPT},user\n"),
        );
        here.run(&["adopt", "run", "plan.toml", "--from", "users.csv"], "")
            .code(0);
        here.write(
            "users.csv",
            &format!("id,username,password,role\n1,alice,{SCRYPT},user\n2,bob,{SCRYPT},user\n"),
        );
        let ran = here
            .run(&["adopt", "run", "plan.toml", "--from", "users.csv"], "")
            .code(0);
        assert!(
            ran.stdout.contains("in all 1 adopted, 1 there before"),
            "{ran:?}"
        );
    }
}

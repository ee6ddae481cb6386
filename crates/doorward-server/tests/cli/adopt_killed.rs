//! `doorward adopt run` killed with SIGKILL, and resumed: the end is that of a run that nobody killed.

use std::{
    fmt::Write as _,
    hash::{BuildHasher as _, RandomState},
    process::Stdio,
};

use doorward::{
    password::{KdfMemory, Password, PasswordHash},
    store::{Database, Sql},
};

use crate::adopted::{COPY, IN_PLACE, LECTURE_TABLE, PBKDF2, SCRYPT, journalled};
use crate::installation::Installation;

const ROWS: usize = 200_000;
const KILLS: u64 = 20;

/// Ready hashes, with a rejected row here and there.
fn users() -> String {
    let mut csv = String::from("id,username,password,role\n");
    for id in 1..=ROWS {
        let hash = if id % 2 == 0 { SCRYPT } else { PBKDF2 };
        // The names do not come in order, as names do not.
        let name = format!("{:05x}user{id}", id * 7919 % 0xf_ffff);
        match id % 20_000 {
            // Taken by an earlier row, in another spelling.
            7 if id > 20_000 => {
                let earlier = id - 20_000 + 1;
                let taken = format!("{:05x}USER{earlier}", earlier * 7919 % 0xf_ffff);
                writeln!(csv, "{id},{taken},{hash},user").unwrap();
            }
            11 => writeln!(csv, "{id},{name},nohash,user").unwrap(),
            13 => writeln!(csv, "{id},{name}").unwrap(),
            _ => writeln!(csv, "{id},{name},{hash},user").unwrap(),
        }
    }
    csv
}

/// Runs the command until the journal has moved by `rows` and `looks` more looks at it are taken, then kills it. Returns
/// whether it was killed before its end.
async fn killed(
    here: &Installation,
    arguments: &[&str],
    database: &Database,
    rows: i64,
    looks: u64,
) -> bool {
    let mut child = here
        .command(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let before = journalled(database).await;
    while journalled(database).await < before + rows {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
    }
    for _ in 0..looks {
        journalled(database).await;
    }
    let ended = child.try_wait().unwrap().is_some();
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();
    !ended
}

fn resumed_after_kills(here: &Installation) {
    here.write("plan.toml", COPY);
    let arguments = ["adopt", "run", "plan.toml", "--from", "users.csv"];
    let seed = RandomState::new();
    let mut kills = 0;
    here.open(async |database| {
        for kill in 0..KILLS {
            // Some way into the next transaction, now and then behind it, and never near the end.
            let random = seed.hash_one(kill);
            let may_move = journalled(database).await < i64::try_from(ROWS / 2).unwrap();
            let rows = i64::from(may_move && random.is_multiple_of(4));
            kills += u64::from(killed(here, &arguments, database, rows, random / 4 % 60).await);
        }
        let done = journalled(database).await;
        assert!(
            done < i64::try_from(ROWS).unwrap(),
            "the last kill came too late"
        );
    });
    assert_eq!(kills, KILLS, "every run was killed before its end");
    let ran = here.run(&arguments, "").code(3);
    assert!(ran.stdout.contains("rejected"), "{ran:?}");
}

fn kill_and_compare(killed: &Installation, quiet: &Installation) {
    let csv = users();
    for here in [killed, quiet] {
        here.write("users.csv", &csv);
        here.run(&["db", "migrate"], "").code(0);
    }
    resumed_after_kills(killed);
    quiet.write("plan.toml", COPY);
    quiet
        .run(&["adopt", "run", "plan.toml", "--from", "users.csv"], "")
        .code(3);
    let (killed_dump, quiet_dump) = (killed.dump(), quiet.dump());
    assert!(killed_dump == quiet_dump, "the dumps differ");
    assert_eq!(
        quiet_dump
            .lines()
            .filter(|line| line.starts_with("copy complete"))
            .count(),
        1
    );
    let rejects = killed.rejects("plan.rejects.jsonl");
    assert_eq!(rejects, quiet.rejects("plan.rejects.jsonl"));
    assert_eq!(rejects.len(), 10 + 10 + 9);
    let again = killed
        .run(&["adopt", "run", "plan.toml", "--from", "users.csv"], "")
        .code(3);
    assert!(again.stdout.contains("nothing to do"), "{again:?}");
    assert!(killed.dump() == quiet_dump, "a third run changed something");
}

#[test]
fn twenty_kills_on_sqlite_leave_what_no_kill_leaves() {
    kill_and_compare(&Installation::sqlite(), &Installation::sqlite());
}

#[test]
fn twenty_kills_on_mariadb_leave_what_no_kill_leaves() {
    if let (Some(killed), Some(quiet)) = (Installation::mysql(), Installation::mysql()) {
        kill_and_compare(&killed, &quiet);
    }
}

#[test]
fn kills_while_passwords_are_hashed_in_place_cost_no_password() {
    const PEOPLE: i64 = 150;
    for here in [Some(Installation::sqlite()), Installation::mysql()]
        .into_iter()
        .flatten()
    {
        here.write(
            "plan.toml",
            &IN_PLACE.replace("[passwords]", "[passwords]\nwrite = \"argon2id\""),
        );
        std::fs::create_dir_all(here.path("data")).unwrap();
        here.open(async |database| {
            database.execute(LECTURE_TABLE, &[]).await.unwrap();
            for person in 1..=PEOPLE {
                let insert =
                    Sql::both("INSERT INTO users (username, password, role) VALUES (?, ?, 'user')");
                let (name, password) = (format!("user{person}"), format!("password {person}"));
                let args = [name.as_str().into(), password.as_str().into()];
                database.execute(insert, &args).await.unwrap();
            }
            for kill in 0..3 {
                let was_killed = killed(
                    &here,
                    &["adopt", "run", "plan.toml"],
                    database,
                    kill % 2,
                    10,
                )
                .await;
                assert!(was_killed, "kill {kill} came too late");
            }
        });
        let ran = here.run(&["adopt", "run", "plan.toml"], "").code(0);
        assert!(
            ran.stdout
                .contains("in all 150 adopted, 0 there before, 150 passwords hashed, 0 rejected"),
            "{ran:?}"
        );
        here.open(async |database| {
            let rows: Vec<(i64, String)> = database
                .fetch_all(Sql::both("SELECT id, password FROM users ORDER BY id"), &[])
                .await
                .unwrap();
            let mut memory = KdfMemory::new(0);
            for (id, stored) in rows {
                let hash = PasswordHash::parse(&stored).unwrap();
                let password = Password::parse(format!("password {id}")).unwrap();
                assert!(hash.verify(&password, &mut memory).unwrap(), "user {id}");
            }
        });
    }
}

//! The database: there, whole, up to date, and keeping what it acknowledges.

use std::collections::BTreeMap;

use doorward::{
    clock::{Clock as _, SystemClock},
    store::{Database, Store, StoreError},
};

use super::report::Report;
use crate::{
    application,
    commands::{
        operated,
        timestamp::{rfc3339, rough},
    },
    config::Config,
};

const DATABASE: &str = "database";

pub(super) async fn check(config: &Config, report: &mut Report) {
    if let Some(path) = operated::missing_file(config) {
        report.warning(
            DATABASE,
            format!("there is no {} yet", path.display()),
            "`doorward serve` or `doorward admin create` makes it; if it should be there, check --data-dir and --db-url",
        );
        return;
    }
    let database = match application::open_database(config).await {
        Ok(database) => database,
        Err(failure) => {
            let text = failure.to_string();
            let (what, rest) = text.split_once('\n').unwrap_or((&text, ""));
            let rest: Vec<&str> = rest.lines().map(str::trim).collect();
            report.problem(DATABASE, what, rest.join("\n"));
            return;
        }
    };
    server(&database, config, report).await;
    whole(&database, report).await;
    if current(&database, report).await {
        match Store::open(database.clone()).await {
            Ok(store) => {
                administrator(&store, report).await;
                clock(&store, report).await;
            }
            Err(error) => unanswered(DATABASE, &error, report),
        }
    }
    database.close().await;
}

async fn server(database: &Database, config: &Config, report: &mut Report) {
    let settings = match database.server_settings().await {
        Ok(settings) => settings,
        Err(error) => return unanswered(DATABASE, &error, report),
    };
    let version = settings.get("version").map_or("", String::as_str);
    let engine = database.engine();
    report.ok(
        DATABASE,
        format!("{} answers ({engine} {version})", config.db.url),
    );
    if engine == "mysql" {
        durability(&settings, report);
    }
}

/// Warns in the log about a MySQL server that may lose acknowledged writes.
pub(in crate::commands) async fn log_durability(database: &Database) {
    if database.engine() != "mysql" {
        return;
    }
    if let Ok(settings) = database.server_settings().await {
        let mut report = Report::default();
        durability(&settings, &mut report);
        report.log();
    }
}

/// DB-05: with laxer settings a crash loses writes that were acknowledged, a revocation among them.
fn durability(settings: &BTreeMap<String, String>, report: &mut Report) {
    const SUBJECT: &str = "durability";
    let value = |name: &str| settings.get(name).map(String::as_str);
    let mut fine = true;
    let mut demand = |name: &'static str, wanted: &str| {
        if let Some(found) = value(name).filter(|found| *found != wanted) {
            fine = false;
            report.problem(
                SUBJECT,
                format!("{name} is {found}: a crash of the database loses acknowledged writes"),
                format!("SET GLOBAL {name} = {wanted}, and the same under [mysqld] in the server's configuration"),
            );
        }
    };
    demand("innodb_flush_log_at_trx_commit", "1");
    if value("log_bin").is_some_and(|on| ["ON", "1"].contains(&on)) {
        demand("sync_binlog", "1");
    }
    if fine {
        report.ok(SUBJECT, "an acknowledged write is on the database's disk");
    }
    let modes = value("sql_mode").unwrap_or_default();
    if !modes.contains("STRICT_TRANS_TABLES") && !modes.contains("STRICT_ALL_TABLES") {
        report.warning(
            "sql_mode",
            "is not strict: other programs that write to this database may have values cut (doorward's own sessions are strict)",
            "add STRICT_TRANS_TABLES to sql_mode under [mysqld] in the server's configuration",
        );
    }
    match value("collation of users") {
        Some(collation) if !collation.starts_with("utf8mb4") => report.problem(
            "character set",
            format!("the table users is {collation}: names outside it cannot be stored"),
            "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        ),
        Some(collation) => report.ok("character set", format!("users is {collation}")),
        None => {}
    }
}

async fn whole(database: &Database, report: &mut Report) {
    const SUBJECT: &str = "integrity";
    match database.quick_check().await {
        Ok(findings) if findings.is_empty() => {
            if database.engine() == "sqlite" {
                report.ok(SUBJECT, "PRAGMA quick_check finds nothing");
            }
        }
        Ok(findings) => report.problem(
            SUBJECT,
            format!("the file is damaged: {}", findings.join("; ")),
            "stop the server, keep a copy of the file, and restore the last good backup",
        ),
        Err(error) => unanswered(SUBJECT, &error, report),
    }
}

async fn current(database: &Database, report: &mut Report) -> bool {
    const SUBJECT: &str = "schema";
    match database.schema_status().await {
        Ok(status) if status.is_current() => {
            report.ok(
                SUBJECT,
                format!("current, {} migrations", status.applied.len()),
            );
            true
        }
        Ok(status) => {
            report.problem(
                SUBJECT,
                format!("{} migrations are pending", status.pending.len()),
                "doorward db migrate",
            );
            false
        }
        Err(error) => {
            unanswered(SUBJECT, &error, report);
            false
        }
    }
}

async fn administrator(store: &Store, report: &mut Report) {
    const SUBJECT: &str = "administrator";
    match store.count_active_admins().await {
        Ok(0) => report.warning(
            SUBJECT,
            "nobody who can log in is an administrator",
            "doorward admin create, or `doorward admin reset-password NAME` for one who is disabled",
        ),
        Ok(1) => report.ok(SUBJECT, "there is one"),
        Ok(count) => report.ok(SUBJECT, format!("there are {count}")),
        Err(error) => unanswered(SUBJECT, &error, report),
    }
}

/// A clock that was set back lets expired tokens live again.
async fn clock(store: &Store, report: &mut Report) {
    const SUBJECT: &str = "clock";
    let now = SystemClock.now();
    match store.newest_password_change().await {
        Ok(Some(newest)) if newest > now => report.problem(
            SUBJECT,
            format!(
                "this machine's clock says {}, and the database has a password set {} later",
                rfc3339(now),
                rough(newest.since(now))
            ),
            "set the clock, by NTP for instance: a clock that is behind lets expired tokens live again",
        ),
        Ok(_) => report.ok(SUBJECT, rfc3339(now)),
        Err(error) => unanswered(SUBJECT, &error, report),
    }
}

fn unanswered(subject: &'static str, error: &StoreError, report: &mut Report) {
    report.problem(
        subject,
        error.to_string(),
        "`doorward config show --origin` says which database is meant, and why",
    );
}

//! `doorward db …`: the schema, and everything that is in it.

mod backup;

use std::{fmt::Write as _, process::ExitCode};

use doorward::store::{Database, MigrationName, SchemaStatus};

use super::{operated, print, terminal};
use crate::{
    application,
    cli::DbCommand,
    config::{Config, DatabaseUrl},
    failure::Failure,
};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &DbCommand, config: &Config) -> Result<ExitCode, Failure> {
    match command {
        DbCommand::Status => status(config).await,
        DbCommand::Migrate { dry_run: true } => dry_run(config).await,
        DbCommand::Migrate { dry_run: false } => migrate(config).await,
        DbCommand::Backup(arguments) => backup::back_up(arguments, config).await,
        DbCommand::Restore(arguments) => backup::restore(arguments, config).await,
        DbCommand::Copy(arguments) => backup::copy(arguments, config).await,
    }
}

/// Exit code 0 when the schema is current, 1 when migrations are pending.
async fn status(config: &Config) -> Result<ExitCode, Failure> {
    let database = operated::open_existing(config).await?;
    let result = described(&database, config).await;
    database.close().await;
    let (text, current) = result?;
    print(&text)?;
    Ok(if current {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(Failure::FAILED)
    })
}

async fn described(database: &Database, config: &Config) -> Result<(String, bool), Failure> {
    let unusable = operated::unusable(config);
    let status = database.schema_status().await.map_err(&unusable)?;
    let settings = database.server_settings().await.map_err(&unusable)?;
    let version = settings.get("version").map_or("", String::as_str);
    let mut rows = vec![
        row("database", config.db.url.to_string()),
        row(
            "engine",
            format!("{} {}", database.engine(), terminal::visible(version)),
        ),
        row("schema", summary(&status)),
    ];
    rows.extend(status.applied.iter().map(|name| row("applied", text(name))));
    rows.extend(status.pending.iter().map(|name| row("pending", text(name))));
    if status.is_current() {
        let counts = operated::store(database, config).await?.row_counts().await;
        for (table, count) in counts.map_err(&unusable)? {
            rows.push(row("rows", format!("{table} {count}")));
        }
    }
    Ok((terminal::columns(&rows), status.is_current()))
}

fn row(title: &str, value: String) -> Vec<String> {
    vec![title.to_owned(), value]
}

fn summary(status: &SchemaStatus) -> String {
    if status.is_current() {
        "current".to_owned()
    } else {
        format!(
            "{} pending: run `doorward db migrate`",
            status.pending.len()
        )
    }
}

fn text(name: &MigrationName) -> String {
    format!("{:04} {}", name.version, name.description)
}

async fn migrate(config: &Config) -> Result<ExitCode, Failure> {
    let database = application::open_database(config).await?;
    let result = database.migrate().await;
    database.close().await;
    let migrated = result.map_err(operated::unusable(config))?;
    let mut report = String::new();
    for name in &migrated.applied {
        // Writing to a String cannot fail.
        let _ = writeln!(report, "applied {}", text(name));
    }
    if let Some(copy) = &migrated.copy {
        let _ = writeln!(report, "the database as it was is in {copy}");
    }
    let _ = if migrated.applied.is_empty() {
        writeln!(report, "{} is current, nothing to do", config.db.url)
    } else {
        let took = migrated.took.as_millis();
        writeln!(report, "{} is current now, {took} ms", config.db.url)
    };
    print(&report)
}

/// Prints what [`migrate`] would run. A SQLite file that is not there is not made.
async fn dry_run(config: &Config) -> Result<ExitCode, Failure> {
    let pending = if operated::missing_file(config).is_some() {
        None
    } else {
        let database = operated::open_existing(config).await?;
        let status = database.schema_status().await;
        database.close().await;
        Some(status.map_err(operated::unusable(config))?.pending)
    };
    let mut script = String::new();
    for migration in application::database_url(&config.db.url)?.migrations() {
        if pending
            .as_ref()
            .is_none_or(|pending| pending.contains(&migration.name))
        {
            // Writing to a String cannot fail.
            let _ = writeln!(
                script,
                "-- {}\n{}",
                text(&migration.name),
                migration.sql.trim_end()
            );
        }
    }
    let verdict = if script.is_empty() {
        "is current, nothing would be done"
    } else {
        "was not changed"
    };
    let _ = writeln!(script, "-- {} {verdict}", config.db.url);
    if matches!(config.db.url, DatabaseUrl::MySql { .. }) && verdict == "was not changed" {
        script.push_str("-- MySQL commits each statement by itself: have a backup\n");
    }
    print(&script)
}

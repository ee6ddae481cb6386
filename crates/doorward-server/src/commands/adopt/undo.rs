//! `doorward adopt undo`.

use std::process::ExitCode;

use doorward::{
    adoption::{UndoCheck, undo_check},
    store::{AdoptionState, Database},
};

use super::super::{operated, print};
use super::{confirm, in_place, stopped};
use crate::{config::Config, failure::Failure, hashing};

/// Takes our tables out of the application's database.
pub(super) async fn run(config: &Config, yes: bool) -> Result<ExitCode, Failure> {
    let database = operated::open_existing(config).await?;
    let result = undo(&database, config, yes).await;
    database.close().await;
    print(&result?)
}

async fn undo(database: &Database, config: &Config, yes: bool) -> Result<String, Failure> {
    let record = in_place(database, config).await?;
    if record.state == AdoptionState::Finished {
        return Err(Failure::new("the adoption cannot be undone").because_text(
            "it is finished: doorward has written hashes that the application cannot read",
        ));
    }
    let accepted = hashing::accepted_forms(config);
    let UndoCheck { unreadable, tables } = undo_check(database, &record, &accepted)
        .await
        .map_err(stopped(config))?;
    if !unreadable.is_empty() {
        let forms: Vec<String> = unreadable
            .iter()
            .map(|(form, count)| format!("{count} {form}"))
            .collect();
        return Err(Failure::new("the adoption cannot be undone")
            .because_text(format!(
                "the application cannot read these stored passwords: {}",
                forms.join(", ")
            ))
            .fix("give these users new passwords in the application's form first"));
    }
    let theirs = record
        .plan
        .in_place()
        .map_err(Failure::because("the adoption cannot be undone"))?
        .table;
    confirm(
        &format!(
            "Drop {} from {}? The table {theirs} stays as it is.",
            tables.join(", "),
            config.db.url
        ),
        yes,
        "nothing was dropped",
    )?;
    database
        .drop_tables_beside(&tables)
        .await
        .map_err(operated::unusable(config))?;
    Ok(format!(
        "undone: {} holds the application's tables alone; {theirs} was not changed by this\n",
        config.db.url
    ))
}

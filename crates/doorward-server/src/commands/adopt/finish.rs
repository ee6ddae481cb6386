//! `doorward adopt finish`.

use std::process::ExitCode;

use doorward::{
    adoption::{FinishCheck, finish_check},
    clock::{Clock as _, SystemClock},
    store::{AdoptionRecord, AdoptionState, Database},
};

use super::super::{operated, print};
use super::{confirm, in_place, stopped};
use crate::{config::Config, failure::Failure, hashing};

/// Ends coexistence, if nothing is lost by it.
pub(super) async fn run(
    config: &Config,
    accept_rejects: bool,
    yes: bool,
) -> Result<ExitCode, Failure> {
    let database = operated::open_current(config).await?;
    let result = finish(&database, config, accept_rejects, yes).await;
    database.close().await;
    print(&result?)
}

async fn finish(
    database: &Database,
    config: &Config,
    accept_rejects: bool,
    yes: bool,
) -> Result<String, Failure> {
    let record = in_place(database, config).await?;
    if record.state == AdoptionState::Finished {
        return Ok(format!(
            "{} is finished already, nothing to do\n",
            config.db.url
        ));
    }
    safe(database, &record, config, accept_rejects).await?;
    confirm(
        &format!(
            "Does the application not write the table any more, and may doorward write Argon2id hashes into {}?",
            config.db.url
        ),
        yes,
        "the adoption was not finished",
    )?;
    // The application may have written while the question was open.
    safe(database, &record, config, accept_rejects).await?;
    let finished = database
        .finish_adoption(record.id, SystemClock.now())
        .await
        .map_err(operated::unusable(config))?;
    if !finished {
        return Err(Failure::new("the adoption was not finished")
            .because_text("another command changed it meanwhile"));
    }
    Ok(format!(
        "finished: {} is doorward's alone, and new hashes are Argon2id\n\
         restart `doorward serve` on every node: a running one goes on as before\n",
        config.db.url
    ))
}

async fn safe(
    database: &Database,
    record: &AdoptionRecord,
    config: &Config,
    accept_rejects: bool,
) -> Result<(), Failure> {
    let accepted = hashing::accepted_forms(config);
    let FinishCheck {
        obstacles, rejects, ..
    } = finish_check(database, record, &accepted)
        .await
        .map_err(stopped(config))?;
    if !obstacles.is_empty() {
        return Err(Failure::new("the adoption cannot be finished yet")
            .because_text(obstacles.join("\n  ")));
    }
    if rejects > 0 && !accept_rejects {
        return Err(Failure::new("the adoption cannot be finished yet")
            .because_text(format!("{rejects} rows were rejected and have no account"))
            .fix("mend them and run `doorward adopt run` once more, or add --accept-rejects to leave them without"));
    }
    Ok(())
}

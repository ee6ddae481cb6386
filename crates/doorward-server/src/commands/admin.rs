//! `doorward admin …`: administrators, and the way back in when nobody can log in.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use doorward::{authenticator::AdministrationError, role::Role};

use super::{accounts, operated, print, terminal};
use crate::{cli::AdminCommand, config::Config, failure::Failure, prompt::PasswordSource};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &AdminCommand, config: &Config) -> Result<ExitCode, Failure> {
    match command {
        AdminCommand::Create {
            username,
            password_stdin,
        } => {
            let name = accounts::given_or_asked(username.as_deref())?;
            let source = PasswordSource::from_flag(*password_stdin);
            print(&accounts::create(config, &name, Role::admin(), Some(source)).await?)
        }
        AdminCommand::ResetPassword {
            username,
            password_stdin,
        } => reset_password(config, username, PasswordSource::from_flag(*password_stdin)).await,
        AdminCommand::List => list(config).await,
    }
}

/// For an operator who has the machine, so for every user, not only administrators; what is said names the role.
async fn reset_password(
    config: &Config,
    name: &str,
    source: PasswordSource,
) -> Result<ExitCode, Failure> {
    let username = accounts::username(name)?;
    let database = operated::open_current(config).await?;
    let before = accounts::find(
        &operated::store(&database, config).await?,
        &username,
        config,
    )
    .await?;
    let password = accounts::new_password(source)?;
    let authenticator = accounts::authenticator(config, &database).await?;
    let result = authenticator.reset_password(&username, password).await;
    database.close().await;
    let reset = result.map_err(|error| match error {
        AdministrationError::Password(violation) => {
            Failure::new("this password may not be set").why(violation)
        }
        other => Failure::new(format!("the password was not set in {}", config.db.url)).why(other),
    })?;
    let described = accounts::described(&reset.user);
    if !reset.verified {
        return Err(Failure::new(format!(
            "the password of {described} was written to {}, but what is stored now does not verify",
            config.db.url
        ))
        .fix("another change came in between, or the database alters what it stores: run the command again, then `doorward doctor`"));
    }
    print(&format!(
        "set the password of {described} in {}\nverified: the stored hash matches the new password\n",
        config.db.url
    ))?;
    if before.user.disabled_at.is_some() {
        print("the account was disabled; it can log in again\n")?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(config: &Config) -> Result<ExitCode, Failure> {
    let database = operated::open_current(config).await?;
    let result = operated::store(&database, config)
        .await?
        .list_admins()
        .await;
    database.close().await;
    let admins = result.map_err(operated::unusable(config))?;
    if admins.is_empty() {
        writeln!(
            io::stderr(),
            "there is no administrator in {}; make one with `doorward admin create`",
            config.db.url
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&terminal::columns(&accounts::rows(&admins)))
}

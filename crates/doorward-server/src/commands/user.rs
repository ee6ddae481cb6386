//! `doorward user …`: everybody's accounts.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use doorward::{
    clock::{Clock as _, SystemClock},
    password::{AcceptedForms, FormGroups, PasswordHash},
    role::Role,
    store::{RemoveUserError, Store},
    user::{StoredUser, User},
};
use serde_json::json;

use super::{accounts, operated, print, terminal, timestamp::rfc3339};
use crate::{cli::UserCommand, config::Config, failure::Failure, hashing, prompt::PasswordSource};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &UserCommand, config: &Config) -> Result<ExitCode, Failure> {
    if let UserCommand::Create {
        username,
        role,
        password_stdin,
    } = command
    {
        let role = Role::parse_assignable(role.as_str())
            .map_err(Failure::because("there is no such role"))?;
        let source = PasswordSource::from_flag(*password_stdin);
        return print(&accounts::create(config, username, role, source).await?);
    }
    let database = operated::open_current(config).await?;
    let store = operated::store(&database, config).await?;
    let result = on_existing(command, &store, config).await;
    database.close().await;
    result
}

async fn on_existing(
    command: &UserCommand,
    store: &Store,
    config: &Config,
) -> Result<ExitCode, Failure> {
    match command {
        UserCommand::List { json, limit } => list(store, config, *json, *limit).await,
        UserCommand::Show { username } => {
            let stored = find(store, username, config).await?;
            print(&shown(&stored, config))
        }
        UserCommand::Disable { username } => disable(store, username, config).await,
        UserCommand::Enable { username } => enable(store, username, config).await,
        UserCommand::Delete { username, yes } => delete(store, username, *yes, config).await,
        // Makes its own database, so it has been done before.
        UserCommand::Create { .. } => Ok(ExitCode::SUCCESS),
    }
}

async fn find(store: &Store, name: &str, config: &Config) -> Result<StoredUser, Failure> {
    accounts::find(store, &accounts::username(name)?, config).await
}

async fn list(
    store: &Store,
    config: &Config,
    as_json: bool,
    limit: u32,
) -> Result<ExitCode, Failure> {
    let unusable = operated::unusable(config);
    let users = store.list_users(None, limit).await.map_err(&unusable)?;
    let total = store.count_users().await.map_err(&unusable)?;
    if as_json {
        print(&users.iter().map(json_line).collect::<String>())?;
    } else if !users.is_empty() {
        print(&terminal::columns(&accounts::rows(&users)))?;
    }
    let shown = users.len();
    if u64::try_from(shown).unwrap_or(u64::MAX) < total {
        writeln!(
            io::stderr(),
            "{shown} of {total} users in {}; --limit {total} shows all",
            config.db.url
        )?;
    } else if users.is_empty() {
        writeln!(io::stderr(), "there are no users in {}", config.db.url)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn json_line(user: &User) -> String {
    let object = json!({
        "id": user.id.get(),
        "username": user.username,
        "role": user.role.as_str(),
        "created_at": rfc3339(user.created_at),
        "disabled_at": user.disabled_at.map(rfc3339),
    });
    format!("{object}\n")
}

/// Everything but the hash, of which only the kind is told.
fn shown(stored: &StoredUser, config: &Config) -> String {
    let user = &stored.user;
    // Every weak form is named here; whether it may log in is the server's setting.
    let every = AcceptedForms {
        groups: FormGroups::EVERY,
        ..hashing::accepted_forms(config)
    };
    let hash = match PasswordHash::parse_with(&stored.password, &every) {
        Ok(hash) => {
            match PasswordHash::parse_with(&stored.password, &hashing::accepted_forms(config)) {
                Ok(_) => hash.scheme().to_string(),
                Err(error) => format!("{}: {error}", hash.scheme()),
            }
        }
        Err(error) => format!(
            "none that can be verified ({}): nobody can log in with a password",
            error.label()
        ),
    };
    let rows = [
        ("id", user.id.to_string()),
        ("name", terminal::visible(&user.username)),
        ("role", terminal::visible(user.role.as_str())),
        ("created", rfc3339(user.created_at)),
        (
            "disabled",
            user.disabled_at
                .map_or_else(|| "no".to_owned(), |at| format!("since {}", rfc3339(at))),
        ),
        ("hash", hash),
        ("database", config.db.url.to_string()),
    ];
    terminal::columns(&rows.map(|(title, value)| vec![title.to_owned(), value]))
}

async fn disable(store: &Store, name: &str, config: &Config) -> Result<ExitCode, Failure> {
    let user = find(store, name, config).await?.user;
    if user.disabled_at.is_none() {
        match store.disable_user(user.id, SystemClock.now()).await {
            // Somebody else has just done it.
            Ok(()) | Err(RemoveUserError::NotFound) => {}
            Err(error) => return Err(kept("disabled", &user, error, config)),
        }
        return done("disabled", &user, config);
    }
    done("nothing to do: already disabled:", &user, config)
}

async fn enable(store: &Store, name: &str, config: &Config) -> Result<ExitCode, Failure> {
    let user = find(store, name, config).await?.user;
    let changed = store
        .enable_user(user.id)
        .await
        .map_err(operated::unusable(config))?;
    if changed {
        done("enabled", &user, config)
    } else {
        done("nothing to do: not disabled:", &user, config)
    }
}

async fn delete(
    store: &Store,
    name: &str,
    yes: bool,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let user = find(store, name, config).await?.user;
    if !yes {
        let described = accounts::described(&user);
        let question = format!("Delete {described} from {}? [y/N] ", config.db.url);
        let answer = accounts::asked(&question)?.ok_or_else(|| {
            Failure::new(format!(
                "{described} was not deleted: there is no terminal to ask on"
            ))
            .fix("add --yes to delete without a question")
            .usage()
        })?;
        if !["y", "yes"].contains(&answer.to_lowercase().as_str()) {
            return Err(Failure::new("nothing was deleted"));
        }
    }
    store
        .delete_user(user.id)
        .await
        .map_err(|error| kept("deleted", &user, error, config))?;
    done("deleted", &user, config)
}

fn done(what: &str, user: &User, config: &Config) -> Result<ExitCode, Failure> {
    let described = accounts::described(user);
    print(&format!("{what} {described} in {}\n", config.db.url))
}

fn kept(what: &str, user: &User, error: RemoveUserError, config: &Config) -> Failure {
    let described = accounts::described(user);
    Failure::new(format!("{described} was not {what} in {}", config.db.url)).why(error)
}

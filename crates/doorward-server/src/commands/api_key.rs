//! `doorward api-key …`: keys for programs that act for a user.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use doorward::{
    api_key::{ApiKeyId, ApiKeyRecord},
    authenticator::{Authenticator, KeyMaker, NewApiKey},
    authority::Authority,
    caller::Caller,
    permission::Permission,
};
use serde_json::json;

use super::{accounts, operated, print, role, terminal, timestamp::rfc3339};
use crate::{
    cli::{ApiKeyArgs, ApiKeyCommand},
    config::Config,
    failure::Failure,
};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &ApiKeyCommand, config: &Config) -> Result<ExitCode, Failure> {
    let database = operated::open_current(config).await?;
    let authenticator = accounts::authenticator(config, &database).await?;
    let result = match command {
        ApiKeyCommand::Create(arguments) => create(&authenticator, arguments, config).await,
        ApiKeyCommand::List { username, json } => {
            list(&authenticator, username, *json, config).await
        }
        ApiKeyCommand::Revoke { username, id } => {
            revoke(&authenticator, username, id, config).await
        }
    };
    database.close().await;
    result
}

/// The key alone on standard output, everything about it on standard error.
async fn create(
    authenticator: &Authenticator,
    arguments: &ApiKeyArgs,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let name = accounts::username(&arguments.username)?;
    let user = accounts::find(authenticator.store(), &name, config)
        .await?
        .user;
    let described = accounts::described(&user);
    let days = |days: u32| Duration::from_secs(u64::from(days) * 86_400);
    let new = NewApiKey {
        name: arguments.label.clone(),
        scope: role::permissions(&arguments.permissions)?,
        lifetime: arguments.days.map(days),
    };
    let maker = KeyMaker {
        authority: &Authority::operator(),
        ends: None,
    };
    let made = authenticator
        .create_api_key(user.id, new, &maker)
        .await
        .map_err(|error| {
            Failure::new(format!(
                "no key was made for {described} in {}",
                config.db.url
            ))
            .why(error)
        })?;
    writeln!(
        io::stderr(),
        "key {} for {described} in {}; good until {}; it is not shown again",
        made.record.id,
        config.db.url,
        rfc3339(made.record.expires_at)
    )?;
    print(&format!("{}\n", made.key.expose()))
}

async fn list(
    authenticator: &Authenticator,
    name: &str,
    as_json: bool,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let store = authenticator.store();
    let user = accounts::find(store, &accounts::username(name)?, config)
        .await?
        .user;
    let keys = store.list_api_keys(user.id).await;
    let keys = keys.map_err(operated::unusable(config))?;
    if as_json {
        return print(&keys.iter().map(json_line).collect::<String>());
    }
    if keys.is_empty() {
        let described = accounts::described(&user);
        writeln!(
            io::stderr(),
            "{described} has no API keys in {}",
            config.db.url
        )?;
        return Ok(ExitCode::SUCCESS);
    }
    let titles = [
        "ID",
        "LABEL",
        "PERMISSIONS",
        "CREATED",
        "EXPIRES",
        "LAST USED",
    ];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(keys.iter().map(|key| {
        let scope = key.scope.scope();
        vec![
            key.id.to_string(),
            terminal::visible(&key.name),
            if scope.is_empty() {
                "-".to_owned()
            } else {
                scope
            },
            rfc3339(key.created_at),
            rfc3339(key.expires_at),
            key.last_used_at.map_or_else(|| "-".to_owned(), rfc3339),
        ]
    }));
    print(&terminal::columns(&rows))
}

fn json_line(key: &ApiKeyRecord) -> String {
    let permissions: Vec<&str> = key.scope.iter().map(Permission::as_str).collect();
    let object = json!({
        "id": key.id.to_string(),
        "label": key.name,
        "permissions": permissions,
        "created_at": rfc3339(key.created_at),
        "expires_at": rfc3339(key.expires_at),
        "last_used_at": key.last_used_at.map(rfc3339),
    });
    format!("{object}\n")
}

async fn revoke(
    authenticator: &Authenticator,
    name: &str,
    id: &str,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let user = accounts::find(authenticator.store(), &accounts::username(name)?, config)
        .await?
        .user;
    let described = accounts::described(&user);
    let parsed = ApiKeyId::parse(id).ok_or_else(|| {
        Failure::new(format!("{:?} is no id of a key", terminal::visible(id)))
            .fix("`doorward api-key list` shows them")
            .usage()
    })?;
    let revoked = authenticator
        .revoke_api_key(user.id, parsed, &Caller::operator())
        .await
        .map_err(operated::unusable(config))?;
    if revoked {
        print(&format!(
            "revoked key {id} of {described} in {}\n",
            config.db.url
        ))
    } else {
        Err(Failure::new(format!(
            "{described} has no key {id} in {}",
            config.db.url
        )))
    }
}

//! `doorward key …`: the keys that sign tokens.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
};

use doorward::{
    audit::EventKind,
    authenticator::{Authenticator, KeyRingError},
    caller::Caller,
    clock::{Clock as _, SystemClock, Timestamp},
    key_ring::{KeyPlan, KeyState, StoredKey},
    store::Database,
    token::{KeyId, KeyPair, PublicJwk},
};
use serde_json::json;
use zeroize::Zeroizing;

use super::{accounts, operated, print, terminal, timestamp::rfc3339};
use crate::{
    application::Application,
    cli::{ExportKeysArgs, KeyCommand, KeyFormat},
    config::Config,
    failure::Failure,
    secret_file,
};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &KeyCommand, config: &Config) -> Result<ExitCode, Failure> {
    let database = operated::open_current(config).await?;
    let result = over(&database, command, config).await;
    database.close().await;
    result
}

async fn over(
    database: &Database,
    command: &KeyCommand,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let store = operated::store(database, config).await?;
    let keys = store
        .list_signing_keys()
        .await
        .map_err(operated::unusable(config))?;
    let now = SystemClock.now();
    match command {
        KeyCommand::List { json } => list(&keys, *json, now, config),
        KeyCommand::Export(arguments) => export(&keys, arguments, now),
        KeyCommand::Rotate(arguments) => {
            let authenticator = server_of(database, &keys, config).await?;
            let algorithm = arguments.algorithm.map(Into::into);
            let plan = authenticator.plan_rotation(algorithm).await;
            let plan = plan.map_err(|error| unchanged(error, config))?;
            carry_out(
                &authenticator,
                &plan,
                EventKind::KeyAdded,
                arguments.dry_run,
                config,
            )
            .await
        }
        KeyCommand::Import { file, dry_run } => {
            let authenticator = server_of(database, &keys, config).await?;
            let plan = authenticator.plan_import(&pair(file)?).await;
            let plan = plan.map_err(|error| unchanged(error, config))?;
            carry_out(&authenticator, &plan, EventKind::KeyAdded, *dry_run, config).await
        }
        KeyCommand::Retire { id, yes, dry_run } => {
            let authenticator = server_of(database, &keys, config).await?;
            let id = key_id(id)?;
            let plan = authenticator.plan_retirement(&id).await;
            let plan = plan.map_err(|error| unchanged(error, config))?;
            let holders = authenticator.count_token_holders().await;
            let holders = holders.map_err(operated::unusable(config))?;
            writeln!(
                io::stderr(),
                "{holders} sessions have an access token that has not expired; those that {id} signed are refused from now on, and their clients have to refresh"
            )?;
            if !dry_run && !yes {
                confirm(&id, config)?;
            }
            carry_out(
                &authenticator,
                &plan,
                EventKind::KeyRetired,
                *dry_run,
                config,
            )
            .await
        }
    }
}

/// The use cases with the server's own secret, which private keys are encrypted under. Only a server makes its first key.
async fn server_of(
    database: &Database,
    keys: &[StoredKey],
    config: &Config,
) -> Result<Arc<Authenticator>, Failure> {
    if keys.is_empty() {
        return Err(Failure::new(format!("{} has no keys yet", config.db.url))
            .fix("start the server once: `doorward serve` makes the first"));
    }
    let path = config.data_dir.join("secret.key");
    if config.secret_key.is_none() && !path.exists() {
        return Err(Failure::new(format!(
            "there is no secret to encrypt private keys with: none is configured and there is no {}",
            path.display()
        ))
        .fix("give the server's own settings: --data-dir, or DOORWARD_SECRET_KEY_FILE"));
    }
    let secret = secret_file::load_or_create(config)?.secret;
    let store = operated::store(database, config).await?;
    Ok(Application::new(config, store, &secret)?.authenticator)
}

fn list(
    keys: &[StoredKey],
    as_json: bool,
    now: Timestamp,
    config: &Config,
) -> Result<ExitCode, Failure> {
    if as_json {
        return print(
            &keys
                .iter()
                .map(|key| json_line(key, now))
                .collect::<String>(),
        );
    }
    if keys.is_empty() {
        writeln!(io::stderr(), "there are no keys in {} yet", config.db.url)?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&timetable(keys, now))
}

fn timetable(keys: &[StoredKey], now: Timestamp) -> String {
    let titles = [
        "KID",
        "ALGORITHM",
        "STATE",
        "PUBLISHED",
        "SIGNS",
        "SIGNED UNTIL",
        "RETIRED",
    ];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    let moment = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), rfc3339);
    rows.extend(keys.iter().map(|key| {
        vec![
            key.id.to_string(),
            key.algorithm.to_string(),
            key.times.state(now).to_string(),
            rfc3339(key.times.published),
            rfc3339(key.times.active),
            moment(key.times.retiring),
            moment(key.times.retired),
        ]
    }));
    terminal::columns(&rows)
}

fn json_line(key: &StoredKey, now: Timestamp) -> String {
    let line = json!({
        "kid": key.id.as_str(),
        "algorithm": key.algorithm.to_string(),
        "state": key.times.state(now).as_str(),
        "published_at": rfc3339(key.times.published),
        "active_at": rfc3339(key.times.active),
        "retiring_at": key.times.retiring.map(rfc3339),
        "retired_at": key.times.retired.map(rfc3339),
        "follows": key.follows.as_ref().map(KeyId::as_str),
    });
    format!("{line}\n")
}

fn export(
    keys: &[StoredKey],
    arguments: &ExportKeysArgs,
    now: Timestamp,
) -> Result<ExitCode, Failure> {
    let wanted = arguments.id.as_deref().map(key_id).transpose()?;
    let counting: Vec<&PublicJwk> = keys
        .iter()
        .filter(|key| wanted.as_ref().is_none_or(|id| key.id == *id))
        .filter(|key| key.times.state(now) != KeyState::Retired)
        .filter_map(|key| key.public.as_ref())
        .collect();
    if counting.is_empty() && wanted.is_some() {
        return Err(
            Failure::new("there is no such key with a public half that counts")
                .fix("`doorward key list` lists them; a secret key (HS256) has no public half"),
        );
    }
    match arguments.format {
        KeyFormat::Jwks => print(&format!("{:#}\n", json!({ "keys": counting }))),
        KeyFormat::Pem => {
            let blocks: Result<String, _> = counting.iter().map(|key| key.to_pem()).collect();
            print(&blocks.map_err(Failure::because("a key cannot be written"))?)
        }
    }
}

/// Shows the timetable, and makes it true unless it is only asked for.
async fn carry_out(
    authenticator: &Authenticator,
    plan: &KeyPlan,
    kind: EventKind,
    dry_run: bool,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let now = authenticator.now();
    let rows: Vec<StoredKey> = plan.added.iter().chain(&plan.changed).cloned().collect();
    if dry_run {
        let mut rows = rows;
        if let Some(made) = rows.first_mut().filter(|_| plan.added.is_some()) {
            made.id = key_id("-the-new-one-")?;
        }
        print(&timetable(&rows, now))?;
        writeln!(io::stderr(), "nothing was changed in {}", config.db.url)?;
        return Ok(ExitCode::SUCCESS);
    }
    authenticator
        .change_keys(plan, kind, &Caller::operator())
        .await
        .map_err(|error| unchanged(error, config))?;
    print(&timetable(&rows, now))
}

fn unchanged(error: KeyRingError, config: &Config) -> Failure {
    Failure::new(format!("the keys in {} stay as they are", config.db.url)).why(error)
}

fn confirm(id: &KeyId, config: &Config) -> Result<(), Failure> {
    let question = format!("Retire {id} in {}? [y/N] ", config.db.url);
    let answer = accounts::asked(&question)?.ok_or_else(|| {
        Failure::new(format!(
            "{id} was not retired: there is no terminal to ask on"
        ))
        .fix("add --yes to retire it without a question")
        .usage()
    })?;
    if ["y", "yes"].contains(&answer.to_lowercase().as_str()) {
        Ok(())
    } else {
        Err(Failure::new("nothing was changed"))
    }
}

fn key_id(text: &str) -> Result<KeyId, Failure> {
    KeyId::parse(text).map_err(|error| {
        Failure::new(format!("{:?} is no key id", terminal::visible(text)))
            .why(error)
            .usage()
    })
}

/// The private key in a file. Errors quote nothing of it.
fn pair(file: &Path) -> Result<KeyPair, Failure> {
    let unusable = || Failure::new(format!("the key in {} cannot be used", file.display()));
    let text = fs::read_to_string(file).map_err(|error| unusable().why(error))?;
    KeyPair::from_pem(&Zeroizing::new(text))
        .map_err(|error| unusable().because_text(format!("it {error}")))
}

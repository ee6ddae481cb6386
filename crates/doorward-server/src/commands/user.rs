//! `doorward user …`: everybody's accounts.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use doorward::{
    authenticator::{AdministrationError, Authenticator, MakeLinkError},
    authority::Authority,
    password::{AcceptedForms, FormGroups, PasswordHash},
    role::Role,
    store::{Store, UserChange, UserFilter, UserState},
    user::{StoredUser, User},
    username::UsernameKey,
};
use serde_json::json;

use super::{accounts, operated, print, role, terminal, timestamp::rfc3339, user_sessions};
use crate::{
    cli::{RoleArg, StateArg, UserCommand, UserFilterArgs},
    config::Config,
    failure::Failure,
    hashing,
    prompt::PasswordSource,
};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &UserCommand, config: &Config) -> Result<ExitCode, Failure> {
    if let UserCommand::Create {
        username,
        role,
        password_stdin,
        no_password,
    } = command
    {
        let role = Role::parse_assignable(role.as_str())
            .map_err(Failure::because("there is no such role"))?;
        let source = (!no_password).then(|| PasswordSource::from_flag(*password_stdin));
        return print(&accounts::create(config, username, role, source).await?);
    }
    let database = operated::open_current(config).await?;
    let authenticator = accounts::authenticator(config, &database).await?;
    let result = on_existing(command, &authenticator, config).await;
    database.close().await;
    result
}

async fn on_existing(
    command: &UserCommand,
    authenticator: &Authenticator,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let store = authenticator.store();
    match command {
        UserCommand::List {
            json,
            limit,
            filter,
        } => list(store, config, &parsed(filter)?, *json, *limit).await,
        UserCommand::Show { username } => {
            let stored = find(store, username, config).await?;
            print(&shown(&stored, config))
        }
        UserCommand::Disable { username } => {
            set_disabled(authenticator, username, true, config).await
        }
        UserCommand::Enable { username } => {
            set_disabled(authenticator, username, false, config).await
        }
        UserCommand::SetRole { username, role } => {
            set_role(authenticator, username, *role, config).await
        }
        UserCommand::Roles { username, set } => {
            let user = find(store, username, config).await?.user;
            role::of_user(authenticator, &user, set.as_deref(), config).await
        }
        UserCommand::SetPassword {
            username,
            password_stdin,
        } => {
            let source = PasswordSource::from_flag(*password_stdin);
            set_password(authenticator, username, source, config).await
        }
        UserCommand::ResetLink { username } => reset_link(authenticator, username, config).await,
        UserCommand::Sessions { username } => {
            let user = find(store, username, config).await?.user;
            user_sessions::list(authenticator, &user, config).await
        }
        UserCommand::EndSessions { username } => {
            let user = find(store, username, config).await?.user;
            user_sessions::end_all(authenticator, &user, config).await
        }
        UserCommand::EndSession { username, id } => {
            let user = find(store, username, config).await?.user;
            user_sessions::end_one(authenticator, &user, id, config).await
        }
        UserCommand::Delete { username, yes } => {
            delete(authenticator, username, *yes, config).await
        }
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
    filter: &UserFilter,
    as_json: bool,
    limit: u32,
) -> Result<ExitCode, Failure> {
    let unusable = operated::unusable(config);
    let users = store
        .list_users_where(filter, None, limit)
        .await
        .map_err(&unusable)?;
    let total = store.count_users_where(filter).await.map_err(&unusable)?;
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

fn parsed(filter: &UserFilterArgs) -> Result<UserFilter, Failure> {
    let role = filter.role.as_deref().map(Role::parse).transpose();
    let prefix = filter.search.as_deref().map(|text| {
        UsernameKey::prefix(text).ok_or_else(|| {
            Failure::new(format!("no name begins with {:?}", terminal::visible(text))).usage()
        })
    });
    Ok(UserFilter {
        role: role.map_err(|_| Failure::new("--role takes the name of a role").usage())?,
        state: filter.state.map(|state| match state {
            StateArg::Active => UserState::Active,
            StateArg::Disabled => UserState::Disabled,
        }),
        prefix: prefix.transpose()?,
        created_since: filter.created_since,
    })
}

async fn set_disabled(
    authenticator: &Authenticator,
    name: &str,
    disabled: bool,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let user = find(authenticator.store(), name, config).await?.user;
    let what = if disabled { "disabled" } else { "enabled" };
    if user.disabled_at.is_some() == disabled {
        let already = if disabled { "already" } else { "not" };
        return done(
            &format!("nothing to do: {already} disabled:"),
            &user,
            config,
        );
    }
    let change = UserChange {
        disabled: Some(disabled),
        ..UserChange::default()
    };
    changed(authenticator, &user, change, what, config).await
}

async fn set_role(
    authenticator: &Authenticator,
    name: &str,
    role: RoleArg,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let user = find(authenticator.store(), name, config).await?.user;
    if user.role.as_str() == role.as_str() {
        return done("nothing to do: has this role already:", &user, config);
    }
    let change = UserChange {
        role: Some(
            Role::parse_assignable(role.as_str())
                .map_err(Failure::because("there is no such role"))?,
        ),
        ..UserChange::default()
    };
    let what = format!("given the role {role}");
    changed(authenticator, &user, change, &what, config).await
}

/// Makes a change of a user who was read before, and says so.
async fn changed(
    authenticator: &Authenticator,
    user: &User,
    change: UserChange,
    what: &str,
    config: &Config,
) -> Result<ExitCode, Failure> {
    authenticator
        .change_user(user.id, None, change, &Authority::operator())
        .await
        .map_err(|error| kept(what, user, error, config))?;
    done(what, user, config)
}

async fn set_password(
    authenticator: &Authenticator,
    name: &str,
    source: PasswordSource,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let user = find(authenticator.store(), name, config).await?.user;
    let password = accounts::new_password(source)?;
    authenticator
        .set_password_of(user.id, password, &Authority::operator())
        .await
        .map_err(|error| match error {
            AdministrationError::Password(violation) => {
                Failure::new("this password may not be set").why(violation)
            }
            other => {
                Failure::new(format!("the password was not set in {}", config.db.url)).why(other)
            }
        })?;
    done("set the password of", &user, config)
}

/// The link alone on standard output, everything about it on standard error.
async fn reset_link(
    authenticator: &Authenticator,
    name: &str,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let user = find(authenticator.store(), name, config).await?.user;
    let described = accounts::described(&user);
    let made = authenticator
        .make_reset_link(&user, &Authority::operator())
        .await;
    let link = made.map_err(|error| {
        let fix = match &error {
            MakeLinkError::NoPublicUrl => {
                "for example: export DOORWARD_PUBLIC_URL='https://auth.example.org'"
            }
            MakeLinkError::Disabled => "`doorward user enable` lets the user log in again",
            MakeLinkError::NoUser | MakeLinkError::Overreach(_) => {
                "`doorward user list` lists all users"
            }
            MakeLinkError::Random(_) | MakeLinkError::Store(_) => "try again",
        };
        Failure::new(format!(
            "no link was made for {described} in {}",
            config.db.url
        ))
        .why(error)
        .fix(fix)
    })?;
    let until = rfc3339(link.expires_at);
    writeln!(
        io::stderr(),
        "for {described} in {}; works once, until {until}; an older link is void",
        config.db.url
    )?;
    print(&format!("{}\n", link.expose()))
}

async fn delete(
    authenticator: &Authenticator,
    name: &str,
    yes: bool,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let user = find(authenticator.store(), name, config).await?.user;
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
    authenticator
        .delete_user(user.id, &Authority::operator())
        .await
        .map_err(|error| kept("deleted", &user, error, config))?;
    done("deleted", &user, config)
}

fn done(what: &str, user: &User, config: &Config) -> Result<ExitCode, Failure> {
    let described = accounts::described(user);
    print(&format!("{what} {described} in {}\n", config.db.url))
}

fn kept(
    what: &str,
    user: &User,
    error: impl std::error::Error + Send + Sync + 'static,
    config: &Config,
) -> Failure {
    let described = accounts::described(user);
    Failure::new(format!("{described} was not {what} in {}", config.db.url)).why(error)
}

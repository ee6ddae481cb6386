//! What the commands about administrators and users share.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use doorward::{
    authenticator::{AddedUser, Authenticator, RegistrationError},
    authority::Authority,
    clock::{Clock as _, SystemClock},
    password::{Password, PolicyContext},
    random::{self, OsRandom},
    role::Role,
    secret::Secret,
    store::{Database, Store},
    user::{StoredUser, User},
    username::Username,
};

use super::{operated, terminal::visible, timestamp::rfc3339};
use crate::{
    application::{self, Application},
    config::Config,
    failure::Failure,
    hashing,
    prompt::{PasswordSource, PromptError},
};

/// Makes an account and says in which database. Everything is asked and checked before the database is opened, so that
/// giving up at the prompt leaves nothing behind. Without a source nobody can log in until a password is set.
///
/// # Errors
/// [`Failure`] says why there is no new account.
pub async fn create(
    config: &Config,
    name: &str,
    role: Role,
    source: Option<PasswordSource>,
) -> Result<String, Failure> {
    let username = username(name)?;
    let password = source.map(new_password).transpose()?;
    if let Some(password) = &password {
        let form = hashing::new_hash_form(config, None)?;
        application::password_policy(config, &form)?
            .check(password, &PolicyContext::for_username(username.as_str()))
            .map_err(Failure::because("this password may not be set"))?;
    }
    let database = operated::open_or_make(config).await?;
    let added = AddedUser {
        username: username.clone(),
        password,
        role,
    };
    let result = authenticator(config, &database)
        .await?
        .add_user(added, &Authority::operator())
        .await;
    database.close().await;
    let user = result.map_err(|error| not_created(error, &username, config))?;
    let described = described(&user);
    Ok(format!("created {described} in {}\n", config.db.url))
}

fn not_created(error: RegistrationError, username: &Username, config: &Config) -> Failure {
    match error {
        RegistrationError::UsernameTaken => Failure::new(format!(
            "the name {} is taken in {}",
            visible(username.as_str()),
            config.db.url
        ))
        .fix("choose another, or set that account's password with `doorward admin reset-password`"),
        RegistrationError::Password(violation) => {
            Failure::new("this password may not be set").why(violation)
        }
        other => Failure::new(format!("no account was created in {}", config.db.url)).why(other),
    }
}

/// The use cases over an open database. Nothing is signed from the command line, so the key is one that ends with the
/// process: a command run by another user or without the server's environment leaves no secret file that is not the
/// server's.
///
/// # Errors
/// [`Failure`] when a setting does not fit.
pub async fn authenticator(
    config: &Config,
    database: &Database,
) -> Result<std::sync::Arc<Authenticator>, Failure> {
    let key = random::bytes::<32>(&OsRandom).map_err(Failure::because("no key could be made"))?;
    let application = Application::new(
        config,
        operated::store(database, config).await?,
        &Secret::new(key.to_vec()),
    )?;
    Ok(application.authenticator)
}

/// The user of this name.
///
/// # Errors
/// [`Failure`] when there is none; it tells nothing of others.
pub async fn find(store: &Store, name: &Username, config: &Config) -> Result<StoredUser, Failure> {
    let found = store
        .find_user(name, SystemClock.now())
        .await
        .map_err(operated::unusable(config))?;
    found.ok_or_else(|| {
        Failure::new(format!(
            "there is no user named {} in {}",
            visible(name.as_str()),
            config.db.url
        ))
        .fix("`doorward admin list` lists the administrators, `doorward user list` all users")
    })
}

/// A well-formed name.
///
/// # Errors
/// [`Failure`] with the rule that it breaks.
pub fn username(text: &str) -> Result<Username, Failure> {
    Username::parse(text).map_err(|error| {
        Failure::new(format!("{:?} cannot be a user name", visible(text)))
            .why(error)
            .usage()
    })
}

/// The name that was given, or what is typed on the terminal.
///
/// # Errors
/// [`Failure`] when there is nobody to ask.
pub fn given_or_asked(name: Option<&str>) -> Result<String, Failure> {
    if let Some(name) = name {
        return Ok(name.to_owned());
    }
    let answer = asked("User name: ")?.ok_or_else(|| {
        Failure::new("no user name is given, and there is no terminal to ask on")
            .fix("add --username NAME")
            .usage()
    })?;
    Ok(answer)
}

/// What is typed on the terminal as the answer to a question; `None` when there is no terminal.
///
/// # Errors
/// [`Failure`] when the terminal fails.
pub fn asked(question: &str) -> Result<Option<String>, Failure> {
    if !io::stdin().is_terminal() {
        return Ok(None);
    }
    let mut screen = io::stderr().lock();
    write!(screen, "{question}")?;
    screen.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(Some(answer.trim().to_owned()))
}

/// A password that is to be set.
///
/// # Errors
/// [`Failure`] says what to do.
pub fn new_password(source: PasswordSource) -> Result<Password, Failure> {
    let text = source.read_new().map_err(|error| {
        let nobody = matches!(error, PromptError::NoTerminal);
        // Its text is two lines: what, and what to do.
        let message = error.to_string();
        let (what, fix) = message.split_once('\n').unwrap_or((&message, ""));
        let failure = Failure::new(what).fix(fix);
        if nobody { failure.usage() } else { failure }
    })?;
    Password::parse(text.as_str()).map_err(Failure::because("this cannot be a password"))
}

/// `administrator alice (id 1)`, `user bob (id 2)`.
#[must_use]
pub fn described(user: &User) -> String {
    let name = visible(&user.username);
    match user.role.as_str() {
        Role::ADMIN => format!("administrator {name} (id {})", user.id),
        Role::USER => format!("user {name} (id {})", user.id),
        other => format!("user {name} (id {}, role {})", user.id, visible(other)),
    }
}

/// One row for each user, below a row of titles.
#[must_use]
pub fn rows(users: &[User]) -> Vec<Vec<String>> {
    let titles = ["ID", "NAME", "ROLE", "CREATED", "DISABLED"];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(users.iter().map(|user| {
        vec![
            user.id.to_string(),
            visible(&user.username),
            visible(user.role.as_str()),
            rfc3339(user.created_at),
            user.disabled_at.map_or_else(|| "-".to_owned(), rfc3339),
        ]
    }));
    rows
}

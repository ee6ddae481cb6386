//! `doorward role …` and `doorward user roles`: what users may do.

use std::process::ExitCode;

use doorward::{
    authenticator::{Authenticator, RoleError},
    authority::Authority,
    permission::{Permission, PermissionSet},
    role::Role,
    store::DefinedRole,
    user::User,
};
use serde_json::json;

use super::{accounts, operated, print, terminal};
use crate::{cli::RoleCommand, config::Config, failure::Failure};

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &RoleCommand, config: &Config) -> Result<ExitCode, Failure> {
    let database = operated::open_current(config).await?;
    let authenticator = accounts::authenticator(config, &database).await?;
    let result = match command {
        RoleCommand::List { json } => list(&authenticator, *json, config).await,
        RoleCommand::Set {
            role,
            permissions,
            description,
        } => set(&authenticator, role, permissions, description, config).await,
        RoleCommand::Delete { role } => delete(&authenticator, role, config).await,
    };
    database.close().await;
    result
}

/// The permissions that were given as arguments.
///
/// # Errors
/// [`Failure`] with the form that one breaks.
pub fn permissions(names: &[String]) -> Result<PermissionSet, Failure> {
    let given = names.iter().filter(|name| !name.is_empty());
    let parsed = given.map(|name| {
        Permission::parse(name).map_err(|error| {
            Failure::new(format!("{:?} is no permission", terminal::visible(name)))
                .why(error)
                .usage()
        })
    });
    parsed.collect()
}

fn parsed(name: &str) -> Result<Role, Failure> {
    Role::parse(name).map_err(|_| {
        Failure::new(format!(
            "{:?} is no name of a role",
            terminal::visible(name)
        ))
        .usage()
    })
}

async fn list(
    authenticator: &Authenticator,
    as_json: bool,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let roles = authenticator.store().list_roles().await;
    let roles = roles.map_err(operated::unusable(config))?;
    if as_json {
        let lines = roles.iter().map(|defined| {
            let permissions: Vec<&str> =
                defined.permissions.iter().map(Permission::as_str).collect();
            let object = json!({
                "name": defined.role.as_str(),
                "description": defined.description,
                "permissions": permissions,
            });
            format!("{object}\n")
        });
        return print(&lines.collect::<String>());
    }
    let row = |cells: [&str; 3]| cells.map(terminal::visible).to_vec();
    let mut rows = vec![
        row(["ROLE", "PERMISSIONS", "DESCRIPTION"]),
        row([Role::ADMIN, "*", "May do everything"]),
        row([Role::USER, "-", "May use their own account"]),
    ];
    rows.extend(roles.iter().map(|defined| {
        let scope = defined.permissions.scope();
        let scope = if scope.is_empty() { "-" } else { &scope };
        row([defined.role.as_str(), scope, &defined.description])
    }));
    print(&terminal::columns(&rows))
}

async fn set(
    authenticator: &Authenticator,
    name: &str,
    names: &[String],
    description: &str,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let defined = DefinedRole {
        role: parsed(name)?,
        description: description.to_owned(),
        permissions: permissions(names)?,
    };
    let is_new = authenticator
        .define_role(&defined, &Authority::operator())
        .await
        .map_err(|error| kept("the role was not defined", error, config))?;
    let what = if is_new { "defined" } else { "replaced" };
    print(&format!("{what} role {name} in {}\n", config.db.url))
}

async fn delete(
    authenticator: &Authenticator,
    name: &str,
    config: &Config,
) -> Result<ExitCode, Failure> {
    authenticator
        .delete_role(&parsed(name)?, &Authority::operator())
        .await
        .map_err(|error| kept("the role was not deleted", error, config))?;
    print(&format!("deleted role {name} in {}\n", config.db.url))
}

/// `doorward user roles`: shows a user's roles, or gives the user these beside `admin` or `user`.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn of_user(
    authenticator: &Authenticator,
    user: &User,
    wanted: Option<&[String]>,
    config: &Config,
) -> Result<ExitCode, Failure> {
    if let Some(names) = wanted {
        let names = names.iter().filter(|name| !name.is_empty());
        let roles: Vec<Role> = names.map(|name| parsed(name)).collect::<Result<_, _>>()?;
        authenticator
            .assign_roles(user.id, &roles, None, &Authority::operator())
            .await
            .map_err(|error| kept("the roles were not given", error, config))?;
    }
    let rights = authenticator.store().rights_of(user).await;
    let rights = rights.map_err(operated::unusable(config))?;
    let mut names = rights.roles_beside(&user.role).map(Role::as_str);
    let permissions = if rights.permissions.is_everything() {
        "*".to_owned()
    } else {
        rights.permissions.scope()
    };
    let rows = [
        ("roles", names.by_ref().collect::<Vec<_>>().join(" ")),
        ("permissions", permissions),
    ];
    let rows = rows.map(|(title, value)| vec![title.to_owned(), terminal::visible(&value)]);
    print(&terminal::columns(&rows))
}

fn kept(what: &str, error: RoleError, config: &Config) -> Failure {
    Failure::new(format!("{what} in {}", config.db.url)).why(error)
}

//! Which table holds the users, and which of its columns means what: a guess from names and types.

use crate::{
    adoption::{Identifier, RoleSource},
    role::Role,
};

use super::schema::{Column, Table};

/// Names of a column with the stored password, the best first.
const PASSWORD: &[&str] = &[
    "password",
    "password_hash",
    "_password",
    "_password_hash",
    "pw_hash",
    "passwd",
    "hashed_password",
    "passwd_hash",
    "pwd_hash",
    "passhash",
    "encrypted_password",
    "user_password",
    "pwd",
    "pass",
];
/// Names of a column with what people log in with, the best first.
const USERNAME: &[&str] = &[
    "username",
    "user_name",
    "login",
    "login_name",
    "email",
    "email_address",
    "user_email",
    "mail",
    "name",
    "nickname",
];
const ROLE: &[&str] = &["role", "user_role", "role_name", "userrole"];
const ADMIN_FLAG: &[&str] = &[
    "is_admin",
    "is_superuser",
    "admin",
    "superuser",
    "is_administrator",
];
const ACTIVE: &[&str] = &["active", "is_active", "enabled", "is_enabled"];
const ID: &[&str] = &["id", "user_id", "userid", "uid"];

/// Tables that are likely to hold users, with how likely.
const TABLES: &[(&str, u32)] = &[
    ("users", 50),
    ("user", 48),
    ("auth_user", 46),
    ("accounts", 40),
    ("account", 40),
    ("app_users", 38),
    ("app_user", 38),
    ("members", 30),
    ("member", 30),
];

/// Whose layout a users table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// The lecture's four columns (program 8).
    Lecture,
    /// Flask-Security and Flask-Security-Too.
    FlaskSecurity,
    /// Flask-User.
    FlaskUser,
    /// Django's `auth_user`, or a model made from its classes.
    Django,
    /// Another.
    Other,
}

impl Layout {
    /// The layout's name for a person.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lecture => "the lecture's columns",
            Self::FlaskSecurity => "as Flask-Security makes it",
            Self::FlaskUser => "as Flask-User makes it",
            Self::Django => "as Django makes it",
            Self::Other => "no layout that is known by name",
        }
    }

    fn of(table: &Table) -> Self {
        if table.columns.len() == 4 && table.has(&["id", "username", "password", "role"]) {
            Self::Lecture
        } else if table.has(&["fs_uniquifier"]) {
            Self::FlaskSecurity
        } else if table.has(&["is_superuser", "last_login"]) {
            Self::Django
        } else if table.has(&["email_confirmed_at"]) || table.has(&["is_enabled"]) {
            Self::FlaskUser
        } else {
            Self::Other
        }
    }
}

/// The columns that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Guess {
    pub(crate) layout: Layout,
    pub(crate) id: Option<Identifier>,
    pub(crate) username: Identifier,
    pub(crate) password: Identifier,
    pub(crate) active: Option<Identifier>,
    pub(crate) role: RoleSource,
}

/// What a table lacks to hold users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lacking {
    Password,
    Username,
}

/// Guesses the columns of one table.
///
/// # Errors
/// [`Lacking`] when there is no column for the password or for the name.
pub(crate) fn guess(table: &Table) -> Result<Guess, Lacking> {
    let password = first(table, PASSWORD, |column| column.kind.may_hold_text())
        .ok_or(Lacking::Password)?
        .name
        .clone();
    let username = username(table).ok_or(Lacking::Username)?.name.clone();
    let truth = |names| first(table, names, |column| column.kind.may_hold_truth());
    let role = if let Some(column) = first(table, ROLE, |column| column.kind.may_hold_text()) {
        RoleSource::Column {
            column: column.name.clone(),
            admin: vec![Role::ADMIN.to_owned()],
        }
    } else if let Some(flag) = truth(ADMIN_FLAG) {
        RoleSource::Flag {
            flag: flag.name.clone(),
        }
    } else {
        RoleSource::Always {
            always: Role::USER.to_owned(),
        }
    };
    let id = table
        .number()
        .or_else(|| first(table, ID, |column| !column.is_nullable || table.is_view));
    Ok(Guess {
        layout: Layout::of(table),
        id: id.map(|column| column.name.clone()),
        username,
        password,
        active: truth(ACTIVE).map(|column| column.name.clone()),
        role,
    })
}

fn first<'t>(
    table: &'t Table,
    names: &[&str],
    fits: impl Fn(&Column) -> bool,
) -> Option<&'t Column> {
    let columns = names.iter().filter_map(|name| table.column(name));
    columns.into_iter().find(|column| fits(column))
}

/// Flask-Security logs in with the e-mail address where the name may be NULL, so a column that always holds something
/// comes first.
fn username(table: &Table) -> Option<&Column> {
    let text = |column: &Column| column.kind.may_hold_text();
    first(table, USERNAME, |column| {
        text(column) && !column.is_nullable
    })
    .or_else(|| first(table, USERNAME, text))
}

/// How likely the table holds the users: more is likelier, none is not at all.
pub(crate) fn likelihood(table: &Table) -> Option<u32> {
    let guess = guess(table).ok()?;
    let name = table.name.as_str().to_ascii_lowercase();
    let by_name = TABLES.iter().find(|(known, _)| *known == name);
    let mut points = match by_name {
        Some((_, points)) => *points,
        None if name.contains("user") => 30,
        None if [
            "member", "customer", "login", "account", "admin", "person", "people",
        ]
        .iter()
        .any(|part| name.contains(part)) =>
        {
            20
        }
        None => 5,
    };
    if table.number().is_some() {
        points += 5;
    }
    if table
        .column(guess.username.as_str())
        .is_some_and(|column| column.is_unique)
    {
        points += 5;
    }
    if table.is_view {
        points /= 2;
    }
    Some(points)
}

/// Flask-Security keeps roles in tables of their own: the table of memberships, its columns for user and role, the
/// table of roles and its column for the name.
pub(crate) struct Memberships<'t> {
    pub(crate) members: &'t Identifier,
    pub(crate) user: &'t Identifier,
    pub(crate) role: &'t Identifier,
    pub(crate) roles: &'t Identifier,
    pub(crate) name: &'t Identifier,
}

/// The roles beside a users table that has none, if they are where Flask-Security and Flask-User put them.
pub(crate) fn memberships(tables: &[Table]) -> Option<Memberships<'_>> {
    let find = |names: &[&str]| {
        names.iter().find_map(|wanted| {
            tables
                .iter()
                .find(|table| table.name.as_str().eq_ignore_ascii_case(wanted))
        })
    };
    let members = find(&["roles_users", "user_roles", "users_roles", "user_role"])?;
    let roles = find(&["role", "roles"])?;
    roles.column("id")?;
    Some(Memberships {
        members: &members.name,
        user: &first(members, &["user_id", "users_id"], |_| true)?.name,
        role: &first(members, &["role_id", "roles_id"], |_| true)?.name,
        roles: &roles.name,
        name: &roles.column("name")?.name,
    })
}

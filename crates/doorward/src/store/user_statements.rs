//! The statements over the users table: doorward's own, or one that an application had before (a plan in place).

use std::{fmt::Write as _, sync::Arc};

use super::Sql;
use crate::{
    adoption::{Identifier, RoleSource, UsersTable},
    role::Role,
};

/// Declares a statement per line. In its text `{users}` is the table, `{id}`, `{username}`, `{password}` are columns,
/// `{user}` is what [`super::users`] reads of a user, `{admin}` is true for administrators, `{disabled}` the time since
/// when a user may not log in.
macro_rules! statements {
    ($($name:ident: $text:expr;)*) => {
        /// The statements, with the names of one table in them.
        #[derive(Debug)]
        pub(super) struct UserStatements {
            $(pub(super) $name: Sql,)*
            /// Adds a row: the name, the password, then what [`super::users`] adds for the table's other columns.
            pub(super) add_user: Sql,
            /// Only a table with a column for it says who is active.
            pub(super) set_active: Option<Sql>,
            /// Sets the role, in the table or beside it: the value, then the user's number.
            pub(super) set_role: Sql,
        }

        impl UserStatements {
            fn render(names: &Names<'_>) -> Self {
                Self {
                    $($name: names.render($text),)*
                    add_user: names.add_user(),
                    set_active: names.set_active(),
                    set_role: names.set_role(),
                }
            }

            /// Every statement with its name, for the test that prepares each.
            pub(super) fn named(&self) -> Vec<(&'static str, Sql)> {
                let optional = self.set_active.iter().map(|sql| ("users.set_active", sql.clone()));
                [$((concat!("users.", stringify!($name)), self.$name.clone()),)* ("users.add_user", self.add_user.clone()), ("users.set_role", self.set_role.clone())]
                    .into_iter()
                    .chain(optional)
                    .collect()
            }
        }
    };
}

statements! {
    find_by_key: "SELECT {user} FROM accounts a JOIN {users} u ON u.{id} = a.user_id WHERE a.username_key = ?";
    find_by_id: "SELECT {user} FROM accounts a JOIN {users} u ON u.{id} = a.user_id WHERE a.user_id = ?";
    list: "SELECT {user} FROM {users} u JOIN accounts a ON a.user_id = u.{id} WHERE u.{id} > ? ORDER BY u.{id} LIMIT ?";
    list_admins: "SELECT {user} FROM {users} u JOIN accounts a ON a.user_id = u.{id} WHERE {admin} ORDER BY u.{id}";
    list_filtered: "SELECT {user} FROM {users} u JOIN accounts a ON a.user_id = u.{id} WHERE {filter} AND u.{id} > ? ORDER BY u.{id} LIMIT ?";
    list_prefixed: "SELECT {user} FROM {users} u JOIN accounts a ON a.user_id = u.{id} \
        WHERE {filter} AND a.username_key >= ? AND a.username_key < ? AND u.{id} > ? ORDER BY u.{id} LIMIT ?";
    count_filtered: "SELECT COUNT(*) FROM {users} u JOIN accounts a ON a.user_id = u.{id} WHERE {filter}";
    count_prefixed: "SELECT COUNT(*) FROM {users} u JOIN accounts a ON a.user_id = u.{id} \
        WHERE {filter} AND a.username_key >= ? AND a.username_key < ?";
    count: "SELECT COUNT(*) FROM accounts";
    count_active_admins: "SELECT COUNT(*) FROM {users} u JOIN accounts a ON a.user_id = u.{id} WHERE {admin} AND {disabled} IS NULL";
    row_counts: "SELECT 'users', COUNT(*) FROM {users} UNION ALL SELECT 'accounts', COUNT(*) FROM accounts \
        UNION ALL SELECT 'login_failures', COUNT(*) FROM login_failures UNION ALL SELECT 'setup_link', COUNT(*) FROM setup_link";
    add_account: "INSERT INTO accounts (user_id, username_key, created_at_ms, password_changed_at_ms, role) VALUES (?, ?, ?, ?, NULLIF(?, ''))";
    replace_hash: "UPDATE {users} SET {password} = ? WHERE {id} = ? AND {password_is}";
    set_password: "UPDATE {users} SET {password} = ? WHERE {id} = ?";
    touch_password: "UPDATE accounts SET password_changed_at_ms = ?, version = version + 1 WHERE user_id = ?";
    disable: "UPDATE accounts SET disabled_at_ms = ?, version = version + 1 WHERE user_id = ? AND disabled_at_ms IS NULL";
    enable: "UPDATE accounts SET disabled_at_ms = NULL, version = version + 1 WHERE user_id = ? AND disabled_at_ms IS NOT NULL";
    find_version: "SELECT version FROM accounts WHERE user_id = ?";
    raise_version: "UPDATE accounts SET version = version + 1 WHERE user_id = ? AND version = ?";
    delete_user: "DELETE FROM {users} WHERE {id} = ?";
    delete_account: "DELETE FROM accounts WHERE user_id = ?";
    // Touching every administrator makes two removals at once collide, on every engine and on Galera, instead of both
    // passing the count.
    touch_admins: "UPDATE accounts SET password_changed_at_ms = password_changed_at_ms WHERE {account_of_admin}";
    find_api_key: "SELECT {user}, k.id AS key_id, k.scope, k.expires_at_ms, k.last_used_at_ms FROM api_keys k \
        JOIN accounts a ON a.user_id = k.user_id JOIN {users} u ON u.{id} = a.user_id WHERE k.key_sha256 = ? AND k.revoked_at_ms IS NULL";
    find_primary_holder: "SELECT a.user_id FROM {users} u JOIN accounts a ON a.user_id = u.{id} WHERE {role_is} ORDER BY a.user_id LIMIT 1";
    // DISTINCT keeps MySQL from reading the table that it updates while it does.
    raise_primary_holders: "UPDATE accounts SET epoch = epoch + 1, version = version + 1 WHERE user_id IN (SELECT h.user_id FROM \
        (SELECT DISTINCT a.user_id FROM {users} u JOIN accounts a ON a.user_id = u.{id} WHERE {role_is}) AS h)";
    revoke_primary_holders: "INSERT INTO revocations (user_id, epoch, expires_at_ms) \
        SELECT a.user_id, a.epoch, ? FROM {users} u JOIN accounts a ON a.user_id = u.{id} WHERE {role_is}";
    // The rest serves a table that an application writes beside us.
    highest_account: "SELECT COALESCE(MAX(user_id), 0) FROM accounts";
    newcomers: "SELECT {row_id} AS id, {row_name} AS username, a.username_key FROM {users} u \
        LEFT JOIN accounts a ON a.user_id = u.{id} WHERE a.user_id IS NULL AND u.{id} > ? ORDER BY u.{id} LIMIT 500";
    find_by_name: "SELECT {row_id} AS id, {row_name} AS username, a.username_key FROM {users} u \
        LEFT JOIN accounts a ON a.user_id = u.{id} WHERE u.{username} = ? ORDER BY u.{id} LIMIT 16";
    find_row: "SELECT {row_id} AS id, {row_name} AS username, a.username_key FROM {users} u \
        LEFT JOIN accounts a ON a.user_id = u.{id} WHERE u.{id} = ?";
    holder_of_key: "SELECT a.user_id AS id, COALESCE({row_name}, '') AS username, a.username_key FROM accounts a \
        LEFT JOIN {users} u ON u.{id} = a.user_id WHERE a.username_key = ?";
    rename: "UPDATE accounts SET username_key = ? WHERE user_id = ? AND username_key = ?";
}

impl UserStatements {
    /// Over doorward's own table.
    pub(super) fn own() -> Arc<Self> {
        static OWN: std::sync::LazyLock<Arc<UserStatements>> =
            std::sync::LazyLock::new(|| Arc::new(UserStatements::render(&Names::Own)));
        Arc::clone(&OWN)
    }

    /// Over a table that was there before.
    pub(super) fn of(table: &UsersTable) -> Arc<Self> {
        Arc::new(Self::render(&Names::Adopted(table)))
    }
}

enum Names<'a> {
    Own,
    Adopted(&'a UsersTable),
}

#[derive(Clone, Copy)]
enum Engine {
    Sqlite,
    MySql,
}

impl Names<'_> {
    fn render(&self, template: &str) -> Sql {
        Sql::rendered(
            self.fill(template, Engine::Sqlite),
            self.fill(template, Engine::MySql),
        )
    }

    fn fill(&self, template: &str, engine: Engine) -> String {
        let values = match self {
            Self::Own => own(),
            Self::Adopted(table) => adopted(table, engine),
        };
        // Parts may hold names of other parts, so the bigger ones come first.
        values
            .into_iter()
            .fold(template.to_owned(), |text, (name, value)| {
                text.replace(name, &value)
            })
    }

    fn add_user(&self) -> Sql {
        let columns = match self {
            Self::Own => vec![
                "username".to_owned(),
                "password".to_owned(),
                "role".to_owned(),
            ],
            Self::Adopted(table) => columns_of_a_new_row(table)
                .map(Identifier::quoted)
                .collect(),
        };
        let mut marks = String::from("?");
        for _ in columns.iter().skip(1) {
            // Writing to a String cannot fail.
            let _ = write!(marks, ", ?");
        }
        self.render(&format!(
            "INSERT INTO {{users}} ({}) VALUES ({marks})",
            columns.join(", ")
        ))
    }

    fn set_active(&self) -> Option<Sql> {
        let Self::Adopted(UsersTable {
            active: Some(active),
            ..
        }) = self
        else {
            return None;
        };
        let text = format!(
            "UPDATE {{users}} SET {} = ? WHERE {{id}} = ?",
            active.quoted()
        );
        Some(self.render(&text))
    }

    fn set_role(&self) -> Sql {
        let column = match self {
            Self::Own => "role".to_owned(),
            Self::Adopted(table) => match &table.role {
                RoleSource::Column { column, .. } | RoleSource::Flag { flag: column } => {
                    column.quoted()
                }
                RoleSource::Always { .. } => {
                    return self.render("UPDATE accounts SET role = ? WHERE user_id = ?");
                }
            },
        };
        self.render(&format!(
            "UPDATE {{users}} SET {column} = ? WHERE {{id}} = ?"
        ))
    }
}

/// Which users a list has, after the others' conditions: since when they are there, a mask of 1 for active and 2 for
/// disabled, and twice the role, which is empty for any.
const FILTER: &str = "a.created_at_ms >= ? AND (CASE WHEN {disabled} IS NULL THEN 1 ELSE 2 END) & ? > 0 AND (? = '' OR {role_is})";

/// The columns that doorward writes when it adds a user, in the order of their values.
pub(super) fn columns_of_a_new_row(table: &UsersTable) -> impl Iterator<Item = &Identifier> {
    let role = match &table.role {
        RoleSource::Column { column, .. } | RoleSource::Flag { flag: column } => Some(column),
        RoleSource::Always { .. } => None,
    };
    [&table.username, &table.password]
        .into_iter()
        .chain(role)
        .chain(&table.active)
        .chain(table.fill.keys())
}

type Parts = Vec<(&'static str, String)>;

fn own() -> Parts {
    [
        ("{filter}", FILTER),
        (
            "{user}",
            "u.id, u.username, u.password, u.role, a.created_at_ms, a.disabled_at_ms, a.epoch, a.session_epoch",
        ),
        (
            "{account_of_admin}",
            "user_id IN (SELECT id FROM users WHERE role = 'admin')",
        ),
        ("{admin}", "u.role = 'admin'"),
        ("{role_is}", "u.role = ?"),
        ("{disabled}", "a.disabled_at_ms"),
        ("{password_is}", "password = ?"),
        ("{row_id}", "u.id"),
        ("{row_name}", "u.username"),
        ("{users}", "users"),
        ("{id}", "id"),
        ("{username}", "username"),
        ("{password}", "password"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

/// Their columns may have other types than ours (unsigned, binary, nullable), so what is read is cast.
fn adopted(table: &UsersTable, engine: Engine) -> Parts {
    let (integer, text, bytes) = match engine {
        Engine::Sqlite => ("INTEGER", "TEXT", "BLOB"),
        Engine::MySql => ("SIGNED", "CHAR", "BINARY"),
    };
    let as_text =
        |column: &Identifier| format!("COALESCE(CAST(u.{} AS {text}), '')", column.quoted());
    let (role, admin) = match &table.role {
        RoleSource::Column { column, admin } => {
            // Their collation might find 'Admin' equal to 'admin', and bytes are never equal unless they are.
            let values: Vec<String> = admin.iter().map(|value| hexadecimal(value)).collect();
            let value = format!("CAST(u.{} AS {bytes})", column.quoted());
            let is_admin = format!("{value} IN ({})", values.join(", "));
            // Who is called admin there is one here only when the plan says so.
            let role = format!(
                "CASE WHEN {is_admin} THEN 'admin' WHEN {value} = {} THEN 'user' ELSE {} END",
                hexadecimal(Role::ADMIN),
                as_text(column)
            );
            (role, is_admin)
        }
        RoleSource::Flag { flag } => {
            let is_admin = format!("COALESCE(u.{}, 0) <> 0", flag.quoted());
            (
                format!("CASE WHEN {is_admin} THEN 'admin' ELSE 'user' END"),
                is_admin,
            )
        }
        RoleSource::Always { always } => {
            let always = format!("CAST({} AS {text})", hexadecimal(always));
            (
                format!("COALESCE(a.role, {always})"),
                "a.role = 'admin'".to_owned(),
            )
        }
    };
    let account_of_admin = match table.role {
        RoleSource::Always { .. } => "role = 'admin'".to_owned(),
        _ => format!("user_id IN (SELECT u.{{id}} FROM {{users}} u WHERE {admin})"),
    };
    let disabled = table.active.as_ref().map_or_else(
        || "a.disabled_at_ms".to_owned(),
        |active| {
            format!(
                "CASE WHEN COALESCE(u.{}, 0) <> 0 THEN a.disabled_at_ms ELSE COALESCE(a.disabled_at_ms, a.created_at_ms) END",
                active.quoted()
            )
        },
    );
    // Byte for byte, whatever their collation and character set: a password that differs in case alone is another.
    let password_is = format!(
        "CAST(CAST({} AS {text}) AS {bytes}) = CAST(? AS {bytes})",
        table.password.quoted()
    );
    let user = format!(
        "{{row_id}} AS id, {{row_name}} AS username, {} AS password, {role} AS role, a.created_at_ms, {{disabled}} AS disabled_at_ms, a.epoch, a.session_epoch",
        as_text(&table.password)
    );
    let role_is = format!("CAST({role} AS {bytes}) = CAST(? AS {bytes})");
    vec![
        ("{filter}", FILTER.to_owned()),
        ("{user}", user),
        ("{role_is}", role_is),
        ("{account_of_admin}", account_of_admin),
        ("{admin}", admin),
        ("{disabled}", disabled),
        ("{password_is}", password_is),
        (
            "{row_id}",
            format!("CAST(u.{} AS {integer})", table.id.quoted()),
        ),
        ("{row_name}", as_text(&table.username)),
        ("{users}", table.table.quoted()),
        ("{id}", table.id.quoted()),
        ("{username}", table.username.quoted()),
        ("{password}", table.password.quoted()),
    ]
}

/// A text as a literal of bytes, which needs no escaping.
fn hexadecimal(text: &str) -> String {
    text.bytes().fold("x'".to_owned(), |literal, byte| {
        literal + &format!("{byte:02x}")
    }) + "'"
}

//! The plan as a file that explains itself. Written by hand for its comments; the command parses it before it is kept.

use std::fmt::Write as _;

use doorward::adoption::{
    Columns, Fill, Generator, Identifier, Mode, PlaintextRule, RoleSource, UnknownHashRule,
    WrittenForm, inspect::Inspection,
};

use crate::commands::terminal::visible;

/// The plan in TOML.
pub(super) fn plan_text(inspection: &Inspection, origin: &str) -> String {
    let plan = &inspection.plan;
    let rows = inspection.census.rows;
    let mode = match plan.mode {
        Mode::InPlace => "in-place",
        Mode::Copy => "copy",
    };
    let mut text = format!(
        "# How doorward takes over the users of {}.\n\
         # Written by `doorward adopt inspect`, which found {rows} row{}. Read it, correct it, then: doorward adopt run\n\
         version = {}\n\n\
         # in-place: doorward works on the application's own table and puts its tables beside it; both can run.\n\
         # copy: the users are copied into doorward's own database.\n\
         mode = \"{mode}\"\n",
        visible(origin),
        if rows == 1 { "" } else { "s" },
        plan.version,
    );
    users(&mut text, &plan.users);
    fill(&mut text, &plan.users);
    let rules = &plan.passwords;
    let plaintext = match rules.plaintext {
        PlaintextRule::Refuse => "refuse",
        PlaintextRule::Hash => "hash",
    };
    let unknown = match rules.unknown {
        UnknownHashRule::Reject => "reject",
        UnknownHashRule::Keep => "keep",
    };
    let write = match rules.write {
        WrittenForm::WerkzeugScrypt => "werkzeug-scrypt",
        WrittenForm::WerkzeugPbkdf2 => "werkzeug-pbkdf2",
        WrittenForm::Bcrypt => "bcrypt",
        WrittenForm::Argon2id => "argon2id",
    };
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "\n[passwords]\n\
         # A stored text in no known format: \"refuse\" it as a hash that cannot be verified, or \"hash\" it as the\n\
         # password itself.\n\
         plaintext = \"{plaintext}\"\n\
         # A row whose hash cannot be verified: \"reject\" leaves it out and reports it, \"keep\" adopts it; the user needs a\n\
         # new password.\n\
         unknown = \"{unknown}\"\n\
         # In place, what doorward stores where the application reads it too: werkzeug-scrypt (Werkzeug 2.3 or later),\n\
         # werkzeug-pbkdf2 (every Werkzeug), bcrypt (Flask-Bcrypt), argon2id (doorward alone).\n\
         write = \"{write}\"\n\
         # In place, make the password column this many characters wide.\n",
    );
    let _ = match rules.widen_to {
        Some(width) => writeln!(text, "widen_to = {width}"),
        None => writeln!(text, "# widen_to = 255"),
    };
    text
}

fn users(text: &mut String, users: &Columns) {
    text.push_str("\n[users]\n");
    if let Some(table) = &users.table {
        line(text, "table", table);
    }
    match &users.id {
        Some(id) => line(text, "id", id),
        None => text.push_str("# id = \"…\"    without it the users get new numbers\n"),
    }
    text.push_str("# What people log in with.\n");
    line(text, "username", &users.username);
    line(text, "password", &users.password);
    match &users.active {
        Some(active) => {
            text.push_str("# False (0) for users who must not log in.\n");
            line(text, "active", active);
        }
        None => text.push_str(
            "# active = \"…\"    a column that is false (0) for users who must not log in\n",
        ),
    }
    text.push_str(
        "# { column = \"…\", admin = [\"…\"] }: the role's name, and the words for administrator;\n\
         # { flag = \"…\" }: true (not 0) for administrators; { always = \"user\" }: one role for all.\n",
    );
    let role = match &users.role {
        RoleSource::Column { column, admin } => {
            let words: Vec<String> = admin.iter().map(|word| quoted(word)).collect();
            format!(
                "{{ column = {}, admin = [{}] }}",
                quoted(column.as_str()),
                words.join(", ")
            )
        }
        RoleSource::Flag { flag } => format!("{{ flag = {} }}", quoted(flag.as_str())),
        RoleSource::Always { always } => format!("{{ always = {} }}", quoted(always)),
    };
    let _ = writeln!(text, "role = {role}");
}

fn fill(text: &mut String, users: &Columns) {
    if users.fill.is_empty() {
        return;
    }
    text.push_str(
        "\n# What a user whom doorward adds gets in the application's other columns: a number, a text, or\n\
         # { generate = \"hex\" | \"username\" | \"datetime\" | \"unix-seconds\" }.\n[users.fill]\n",
    );
    for (column, fill) in &users.fill {
        let value = match fill {
            Fill::Number(number) => number.to_string(),
            Fill::Text(words) => quoted(words),
            Fill::Generated { generate } => {
                let generator = match generate {
                    Generator::Hex => "hex",
                    Generator::Username => "username",
                    Generator::Datetime => "datetime",
                    Generator::UnixSeconds => "unix-seconds",
                };
                format!("{{ generate = \"{generator}\" }}")
            }
        };
        let _ = writeln!(text, "{} = {value}", key(column.as_str()));
    }
}

fn line(text: &mut String, name: &str, value: &Identifier) {
    let _ = writeln!(text, "{name} = {}", quoted(value.as_str()));
}

/// A bare key where TOML allows one.
fn key(name: &str) -> String {
    let is_bare = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_bare {
        name.to_owned()
    } else {
        quoted(name)
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

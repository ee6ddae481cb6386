//! Pages made from the table of settings: reference, template, effective values.

use std::fmt::Write as _;

use super::Loaded;
use super::foreign;
use super::kind::{Kind, quote};
use super::setting::{DefaultValue, Setting};
use super::table::SETTINGS;

const PREFACE: &str = "\
# Configuration

Each setting has one name in three spellings: `db.url` in the file, `DOORWARD_DB_URL` in
the environment, `--db-url` as a flag (where it has one). The strongest layer wins:

1. flags
2. `DOORWARD_…` environment variables
3. `DOORWARD_…_FILE`: the file with this path holds the value; one line end at its end is
   dropped
4. the configuration file: `--config FILE`, else `DOORWARD_CONFIG`, else `doorward.toml` in
   the working directory when it exists
5. a Flask deployment's own variables: `SECRET_KEY`, and `MYSQL_HOST`, `MYSQL_PORT`,
   `MYSQL_USER`, `MYSQL_PASSWORD`, `MYSQL_DB`, which together make `db.url`
6. defaults

Only the tables for other applications, `[[foreign_tokens]]` and `[[flask_sessions]]`, stand in the
file alone.

A list is separated by commas in the environment, one item per line in a file, and an array
in TOML. A duration is a number with a unit: `250ms`, `10s`, `15m`, `1h`, `31d`, or several:
`1h30m`. A secret is given once: in two places it is refused. Unknown names are refused.
`doorward config show --origin` prints what holds and why; `doorward config check` checks
without starting; `doorward config template` prints a file to start from.
";

/// The reference page of all settings in Markdown, as in `docs/configuration.md`.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(PREFACE);
    let everyday = |wanted: bool| SETTINGS.iter().filter(move |s| s.everyday == wanted);
    page.push_str("\n## Everyday settings\n");
    for setting in everyday(true) {
        describe(&mut page, setting);
    }
    page.push_str("\n## All other settings\n");
    for setting in everyday(false) {
        describe(&mut page, setting);
    }
    foreign::reference(&mut page);
    page
}

fn describe(page: &mut String, setting: &Setting) {
    let Setting { key, doc, .. } = setting;
    let default = match setting.default {
        DefaultValue::Is("") => "empty".to_owned(),
        DefaultValue::Is(text) => format!("`{text}`"),
        DefaultValue::Demo { normally, demo } => format!("`{normally}`; `{demo}` under `--demo`"),
        DefaultValue::Unset(text) => text.to_owned(),
    };
    let example = setting.example;
    let variable = setting.variable();
    let exampled = if setting.secret {
        setting.file_variable()
    } else {
        setting.variable()
    };
    let mut names = format!("`{variable}`, `{}`", setting.file_variable());
    if let Some(flag) = setting.flag {
        names = match setting.kind {
            Kind::Boolean => format!("`--{flag}`, {names}"),
            _ => format!("`--{flag} VALUE`, {names}"),
        };
    }
    let kind = setting.kind.describe();
    // Writing to a String cannot fail.
    let _ = write!(
        page,
        "\n### `{key}`\n\n{doc}.\n\n- Names: {names}\n- Value: {kind}\n- Default: {default}\n- Example: `{exampled}={example}`\n"
    );
}

/// A `doorward.toml` with every setting commented out at its default.
#[must_use]
pub fn template() -> String {
    let mut page = String::from(
        "# Configuration of doorward. Every line shows the default, or an example where there is\n# none; remove the `#` to change it.\n",
    );
    let mut current = "";
    for setting in SETTINGS.iter().filter(|s| s.table_and_name().0.is_empty()) {
        template_entry(&mut page, setting);
    }
    for setting in SETTINGS {
        let (table, _) = setting.table_and_name();
        if table.is_empty() {
            continue;
        }
        if table != current {
            current = table;
            let _ = write!(page, "\n[{table}]\n");
        }
        template_entry(&mut page, setting);
    }
    foreign::template(&mut page);
    page
}

fn template_entry(page: &mut String, setting: &Setting) {
    let (_, name) = setting.table_and_name();
    let (value, note) = match setting.default {
        DefaultValue::Is(text) | DefaultValue::Demo { normally: text, .. } => (text, None),
        DefaultValue::Unset(text) => (setting.example, Some(text)),
    };
    let _ = writeln!(page, "\n# {}.", setting.doc);
    if let Some(note) = note {
        let _ = writeln!(page, "# When left out: {note}.");
    }
    if setting.secret {
        let _ = writeln!(page, "# Better given by {}.", setting.file_variable());
    }
    let value = match setting.kind {
        Kind::SecretList => "[]".to_owned(),
        kind => kind.toml_example(value),
    };
    let _ = writeln!(page, "#{name} = {value}");
}

impl Loaded {
    /// Every setting with the value that holds, as TOML keys; secrets as `***`.
    /// With `origins`, each line ends with where the value comes from and what
    /// it overrides.
    #[must_use]
    pub fn show(&self, origins: bool) -> String {
        let mut page = String::new();
        for effective in &self.settings {
            let key = effective.setting.key;
            let line = match (&effective.value, effective.setting.default) {
                (Some(value), _) => format!("{key} = {value}"),
                (None, _) if key == "db.url" => {
                    format!("{key} = {}", quote(&self.config.db.url.to_string()))
                }
                (None, DefaultValue::Unset(text)) => format!("# {key}: {text}"),
                (None, _) => format!("# {key}"),
            };
            page.push_str(&line);
            if origins {
                let _ = write!(page, "  # {}", effective.origin);
                for (index, beaten) in effective.overridden.iter().enumerate() {
                    let word = if index == 0 { ", overrides" } else { "," };
                    let _ = write!(page, "{word} {beaten}");
                }
            }
            page.push('\n');
        }
        page.push_str(&self.config.foreign.show(origins));
        page
    }
}

#[cfg(test)]
mod tests;

//! The foreign sources in `doorward config show`, on the reference page and in the template.

use std::fmt::Write as _;

use super::columns::{ARRAY_TABLES, Absence, ColumnKind};
use super::{FlaskSessionConfig, ForeignConfig, ForeignTokenConfig, KeyPlace, SourceKey};
use crate::commands::timestamp::rfc3339;
use crate::config::duration::format_duration;
use crate::config::kind::quote;
use crate::config::secret::REDACTED;
use doorward::foreign::{SubjectKind, SubjectRule};

impl ForeignConfig {
    /// Every table as it holds, keys as `***`. With `origins`, each says where it stands.
    #[must_use]
    pub fn show(&self, origins: bool) -> String {
        let mut page = String::new();
        let mut head = |name: &str, place: &str, lines: Vec<String>| {
            let origin = if origins {
                format!("  # {place}")
            } else {
                String::new()
            };
            // Writing to a String cannot fail.
            let _ = write!(page, "\n[[{name}]]{origin}\n{}\n", lines.join("\n"));
        };
        for source in &self.tokens {
            head("foreign_tokens", &source.place, token_lines(source));
        }
        for source in &self.sessions {
            head("flask_sessions", &source.place, session_lines(source));
        }
        page
    }
}

fn token_lines(source: &ForeignTokenConfig) -> Vec<String> {
    let algorithms: Vec<String> = source
        .algorithms
        .iter()
        .map(|algorithm| quote(algorithm.as_str()))
        .collect();
    let mut lines = vec![
        format!("name = {}", quote(source.name.as_str())),
        key_line(&source.key),
        format!("algorithms = [{}]", algorithms.join(", ")),
    ];
    lines.extend(subject_lines(&source.subject));
    lines.push(format!("until = {}", quote(&rfc3339(source.until))));
    let optional = [
        ("issuer", source.issuer.as_deref()),
        ("audience", source.audience.as_deref()),
        (
            "kid",
            source.kid.as_ref().map(doorward::token::KeyId::as_str),
        ),
    ];
    for (name, value) in optional {
        lines.extend(value.map(|value| format!("{name} = {}", quote(value))));
    }
    lines.push(format!(
        "leeway = {}",
        quote(&format_duration(source.leeway))
    ));
    lines.push(format!("require_expiry = {}", source.require_expiry));
    lines.push(format!("allow_weak_key = {}", source.allow_weak_key));
    lines
}

fn session_lines(source: &FlaskSessionConfig) -> Vec<String> {
    let fallbacks = vec![quote(REDACTED); source.fallbacks.len()];
    let mut lines = vec![
        format!("name = {}", quote(source.name.as_str())),
        key_line(&source.key),
        format!("fallbacks = [{}]", fallbacks.join(", ")),
    ];
    lines.extend(subject_lines(&source.subject));
    lines.push(format!("until = {}", quote(&rfc3339(source.until))));
    let max_age = source.max_age.map(format_duration);
    lines.extend(max_age.map(|age| format!("max_age = {}", quote(&age))));
    lines.push(format!("salt = {}", quote(&source.salt)));
    lines.push(format!("cookie = {}", quote(&source.cookie)));
    lines.push(format!("allow_weak_key = {}", source.allow_weak_key));
    lines
}

fn key_line(key: &SourceKey) -> String {
    match &key.place {
        KeyPlace::Inline => format!("key = {}", quote(REDACTED)),
        KeyPlace::File(path) => format!("key_file = {}", quote(&path.to_string_lossy())),
        KeyPlace::Variable(name) => format!("key_env = {}", quote(name)),
    }
}

fn subject_lines(subject: &SubjectRule) -> [String; 2] {
    let kind = match subject.kind {
        SubjectKind::Id => "id",
        SubjectKind::Username => "username",
    };
    [
        format!("subject_claim = {}", quote(&subject.claim)),
        format!("subject_is = {}", quote(kind)),
    ]
}

/// The part of the reference page about the tables that stand once for each source.
pub(crate) fn reference(page: &mut String) {
    page.push_str(
        "\n## Tables for other applications\n\nThey stand in the configuration file, once for each source, and have no flags and no variables. Keys can come from files\nand from variables. `doorward config check` says what is wrong with one, and where.\n",
    );
    for table in ARRAY_TABLES {
        let _ = write!(page, "\n### `[[{}]]`\n\n{}.\n", table.name, table.doc);
        page.push_str("\n| key | value | without it | what it does |\n| --- | --- | --- | --- |\n");
        for column in table.columns {
            let absence = match column.absence {
                Absence::Required => "refused".to_owned(),
                Absence::Default(value) => format!("`{value}`"),
                Absence::Means(text) => text.to_owned(),
            };
            let kind = describe(column.kind);
            let (name, doc) = (column.name, column.doc);
            let _ = writeln!(page, "| `{name}` | {kind} | {absence} | {doc} |");
        }
        page.push_str("\n```toml\n");
        let lines = table
            .columns
            .iter()
            .filter(|column| column.absence == Absence::Required || column.name == "key_file");
        let _ = writeln!(page, "[[{}]]", table.name);
        for column in lines {
            let _ = writeln!(page, "{} = {}", column.name, column.example);
        }
        page.push_str("```\n");
    }
}

fn describe(kind: ColumnKind) -> String {
    match kind {
        ColumnKind::Text => "text".to_owned(),
        ColumnKind::TextList => "list of texts".to_owned(),
        ColumnKind::Boolean => "`true` or `false`".to_owned(),
        ColumnKind::Duration { min, max } => {
            let shown = |seconds| format_duration(std::time::Duration::from_secs(seconds));
            format!("duration, {} to {}", shown(min), shown(max))
        }
        ColumnKind::EndDate => "date, or date and time with zone (RFC 3339)".to_owned(),
    }
}

/// Both tables, commented out.
pub(crate) fn template(page: &mut String) {
    for table in ARRAY_TABLES {
        let _ = write!(page, "\n# {}.\n", table.doc);
        let _ = writeln!(page, "#[[{}]]", table.name);
        for column in table.columns {
            let (name, example, doc) = (column.name, column.example, column.doc);
            let _ = writeln!(page, "\n# {doc}.");
            // One key is enough, and better not in this file.
            if name == "key" || name == "key_env" {
                let _ = writeln!(page, "# Instead of key_file: {name} = {example}");
            } else {
                let _ = writeln!(page, "#{name} = {example}");
            }
        }
    }
}

//! The documents keep to the program: links lead somewhere, what they name exists, and defaults are the program's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at once"
)]

mod evidence;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use doorward_server::config::{
    SETTINGS,
    kind::Kind,
    setting::{DefaultValue, Setting},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn files_under(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_under(&path, extension, found);
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
}

/// Every document that a reader is led to: its path and its text.
fn documents() -> Vec<(PathBuf, String)> {
    let root = root();
    let mut paths: Vec<PathBuf> = [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
    ]
    .iter()
    .map(|name| root.join(name))
    .collect();
    files_under(&root.join("docs"), "md", &mut paths);
    for entry in fs::read_dir(root.join("crates")).unwrap() {
        let readme = entry.unwrap().path().join("README.md");
        if readme.exists() {
            paths.push(readme);
        }
    }
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path, text)
        })
        .collect()
}

fn document(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap()
}

/// The text without its code blocks.
fn prose(text: &str) -> String {
    let mut inside = false;
    let lines = text.lines().filter(|line| {
        let is_fence = line.trim_start().starts_with("```");
        inside ^= is_fence;
        !inside && !is_fence
    });
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// The targets of `[…](target)` in the prose.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1).filter_map(|rest| {
        let (target, _) = rest.split_once(')')?;
        Some(target.to_owned())
    });
    targets.collect()
}

/// The anchor that a heading gets where Markdown is shown.
fn anchor(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .to_lowercase()
        .chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

fn has_anchor(text: &str, wanted: &str) -> bool {
    let prose = prose(text);
    let mut headings = prose.lines().filter(|line| line.starts_with('#'));
    headings.any(|line| anchor(line) == wanted)
}

/// The cells of each row of the tables in a text, headings and rules included.
fn rows(text: &str) -> Vec<Vec<String>> {
    prose(text)
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'))
        .map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// What stands between backticks in a cell.
fn code(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_relative_link_leads_to_a_file_and_to_a_heading_in_it() {
    let mut broken = Vec::new();
    let mut checked = 0;
    for (path, text) in documents() {
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            checked += 1;
            let (file, heading) = match link.split_once('#') {
                Some((file, heading)) => (file, Some(heading)),
                None => (link.as_str(), None),
            };
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            let leads = target.exists()
                && heading.is_none_or(|heading| {
                    fs::read_to_string(&target).is_ok_and(|text| has_anchor(&text, heading))
                });
            if !leads {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(checked > 50, "only {checked} links were found");
}

fn is_limit(setting: &Setting) -> bool {
    matches!(setting.kind, Kind::Integer { .. } | Kind::Duration { .. })
}

fn default(setting: &Setting) -> &'static str {
    match setting.default {
        DefaultValue::Is(text)
        | DefaultValue::Demo { normally: text, .. }
        | DefaultValue::Unset(text) => text,
    }
}

#[test]
fn the_table_of_limits_has_every_limit_of_the_program_with_its_default() {
    let text = document("docs/operating.md");
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with("Limits\n"))
        .unwrap();
    let documented: BTreeMap<String, String> = rows(section)
        .iter()
        .filter_map(|row| {
            let key = code(&row[0]).first().map(|key| (*key).to_owned())?;
            Some((key, code(&row[1]).join(" ")))
        })
        .collect();
    let known: BTreeMap<String, String> = SETTINGS
        .iter()
        .filter(|setting| is_limit(setting))
        .map(|setting| (setting.key.to_owned(), default(setting).to_owned()))
        .collect();
    assert_eq!(documented, known);
}

#[test]
fn every_variable_in_the_documents_is_a_setting() {
    let mut known: BTreeSet<String> = SETTINGS
        .iter()
        .flat_map(|setting| [setting.variable(), setting.file_variable()])
        .collect();
    // Of a command, of the tests and the scripts, and the file of settings itself.
    for name in [
        "DOORWARD_ADOPT_FROM",
        "DOORWARD_CONFIG",
        "DOORWARD_COPY_TO",
        "DOORWARD_NODE_MODULES",
        "DOORWARD_PYTHON",
        "DOORWARD_REQUIRE_ALL",
        "DOORWARD_TEST_MYSQL_URL",
        "DOORWARD_CONTRACT_DIR",
    ] {
        known.insert(name.to_owned());
    }
    for (path, text) in documents() {
        for (start, _) in text.match_indices("DOORWARD_") {
            let name: String = text[start..]
                .chars()
                .take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_')
                .collect();
            // `DOORWARD_…` and `DOORWARD_…_FILE` stand for all of them.
            assert!(
                name == "DOORWARD_" || known.contains(&name),
                "{}: {name}",
                path.display()
            );
        }
    }
}

#[test]
fn no_document_names_a_path_of_somebodys_machine() {
    let foreign = ["home", "Users", "root", "tmp", "work"].map(|folder| format!("/{folder}/"));
    for (path, text) in documents() {
        for (number, line) in text.lines().enumerate() {
            for name in &foreign {
                assert!(
                    !line.contains(name.as_str()),
                    "{}:{}: {name}",
                    path.display(),
                    number + 1
                );
            }
        }
    }
}

#[test]
fn every_kind_of_event_is_in_the_operators_table() {
    let text = document("docs/operating.md");
    let section = text
        .split("\n## ")
        .find(|section| section.starts_with("Audit trail\n"))
        .unwrap();
    let documented: Vec<String> = rows(section)
        .iter()
        .filter_map(|row| code(&row[0]).first().map(|kind| (*kind).to_owned()))
        .collect();
    let known: Vec<_> = doorward::audit::EventKind::ALL
        .iter()
        .map(|kind| kind.as_str().to_owned())
        .collect();
    assert_eq!(documented, known);
}

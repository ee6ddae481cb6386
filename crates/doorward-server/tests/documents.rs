//! The documents keep to the program: links lead somewhere, named files and tests exist, and defaults are the program's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at once"
)]

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

/// The names of the free functions of all crates, tests among them.
fn functions() -> BTreeSet<String> {
    let mut sources = Vec::new();
    files_under(&root().join("crates"), "rs", &mut sources);
    sources
        .iter()
        .flat_map(|path| {
            let text = fs::read_to_string(path).unwrap();
            let names = text.lines().filter_map(|line| {
                let (before, rest) = line.split_once("fn ")?;
                let (name, _) = rest.split_once('(')?;
                matches!(before.trim(), "" | "async").then(|| name.to_owned())
            });
            names.collect::<Vec<_>>()
        })
        .collect()
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

#[test]
fn every_file_and_test_in_the_table_of_threats_exists() {
    let (root, functions) = (root(), functions());
    let mut attacks = 0;
    let text = document("docs/threats.md");
    let sections = text
        .split("\n## ")
        .filter(|section| !section.starts_with(OTHERS));
    for row in sections.flat_map(rows) {
        let [attack, _, files, tests] = row.as_slice() else {
            panic!("a row of four cells was expected: {row:?}");
        };
        if attack == "attack" || attack.starts_with("---") {
            continue;
        }
        attacks += 1;
        let (files, tests) = (code(files), code(tests));
        assert!(!files.is_empty(), "{attack}: no file");
        assert!(!tests.is_empty(), "{attack}: no test");
        for file in files {
            assert!(root.join(file).is_file(), "{attack}: no file {file}");
        }
        for test in tests {
            assert!(functions.contains(test), "{attack}: no test {test}");
        }
    }
    assert!(attacks > 20, "only {attacks} attacks were found");
}

/// The families of the checklist with their sizes; numbers start at 1.
const FAMILIES: [(&str, usize); 11] = [
    ("PW", 21),
    ("AU", 17),
    ("RC", 8),
    ("SE", 16),
    ("TK", 30),
    ("BA", 6),
    ("AZ", 10),
    ("HT", 16),
    ("DB", 14),
    ("CF", 8),
    ("LG", 5),
];

#[test]
fn every_item_of_the_checklist_is_shown_by_what_exists_or_has_a_remark() {
    let (root, functions) = (root(), functions());
    let text = document("docs/checklist.md");
    let (items, abuses) = text.split_once("\n## Abuses").unwrap();
    let mut seen = Vec::new();
    for row in rows(items) {
        let [item, _, evidence, remark] = row.as_slice() else {
            panic!("a row of four cells was expected: {row:?}");
        };
        if item == "item" || item.starts_with("---") {
            continue;
        }
        seen.push(item.split_once(' ').unwrap().0.to_owned());
        let shown = code(evidence);
        assert!(
            !shown.is_empty() || evidence.contains("](") || !remark.is_empty(),
            "{item}: neither shown nor explained"
        );
        for name in shown {
            assert!(
                functions.contains(name) || root.join(name).is_file(),
                "{item}: no test or script {name}"
            );
        }
    }
    let mut wanted: Vec<String> = FAMILIES
        .iter()
        .flat_map(|(family, size)| (1..=*size).map(move |n| format!("{family}-{n:02}")))
        .chain(["OI-12".to_owned()])
        .collect();
    wanted.sort();
    seen.sort();
    assert_eq!(seen, wanted);
    let mut count = 0;
    for row in rows(abuses) {
        let [abuse, _, items] = row.as_slice() else {
            panic!("a row of three cells was expected: {row:?}");
        };
        if abuse == "abuse" || abuse.starts_with("---") {
            continue;
        }
        count += 1;
        for item in items.split(", ") {
            assert!(wanted.iter().any(|one| one == item), "{abuse}: no {item}");
        }
    }
    assert_eq!(count, 23);
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

/// The section of docs/threats.md about the advisories below.
const OTHERS: &str = "How others failed\n";

/// What is known of other servers and libraries, each to be answered by a test or said not to be about us.
const ADVISORIES: &[&str] = &[
    "CVE-2026-18963",
    "CVE-2023-49097",
    "GHSA-93m4-mfpg-c3xf",
    "CVE-2025-64101",
    "GHSA-pfrf-9r5f-73f5",
    "CVE-2023-26481",
    "CVE-2026-110862",
    "CVE-2024-38351",
    "CVE-2026-44166",
    "CVE-2026-41574",
    "GHSA-9wqv-qhrh-87f4",
    "GHSA-7rqj-j65f-68wh",
    "CVE-2026-7507",
    "CVE-2025-12390",
    "GHSA-c9h6-v78w-52wj",
    "CVE-2019-3868",
    "CVE-2025-64102",
    "GHSA-2vg6-77g8-24mp",
    "CVE-2024-22513",
    "CVE-2023-30861",
    "kanidm-1.10",
    "GHSA-qcxq-75wr-5cm8",
    "CVE-2025-24806",
    "CVE-2025-6004",
    "CVE-2019-5421",
    "CVE-2025-71399",
    "CVE-2021-29621",
    "CVE-2022-21659",
    "better-auth-default",
    "keycloak#30939",
    "GHSA-7w99-5wm4-3g79",
    "GHSA-392p-2q2v-4372",
    "GHSA-pw9m-5jxm-xr6h",
    "CVE-2026-9802",
    "CVE-2026-107623",
    "CVE-2026-25748",
    "GHSA-8fpg-xm3f-6cx3",
    "GHSA-xmf8-cvqr-rfgj",
    "CVE-2025-61928",
    "CVE-2025-4210",
    "CVE-2025-61524",
    "GHSA-hgx2-28f8-6g2r",
    "GHSA-r9w3-57w2-gch2",
    "GHSA-c38g-mx2c-9wf2",
    "CVE-2023-27524",
    "CVE-2017-11424",
    "CVE-2022-29217",
    "CVE-2024-33663",
    "CVE-2026-85394",
    "CVE-2024-37568",
    "CVE-2023-48223",
    "CVE-2022-39227",
    "CVE-2024-33664",
    "CVE-2025-30204",
    "CVE-2026-25537",
    "GHSA-752w-5fwx-jx9f",
    "GHSA-75c5-xw7c-p5pm",
    "PYSEC-2017-28",
    "CVE-2023-51774",
    "CVE-2022-21449",
    "CVE-2020-10594",
    "CVE-2026-114137",
    "RUSTSEC-2026-0199",
    "RUSTSEC-2023-0071",
    "RUSTSEC-2024-0363",
    "CVE-2025-22228",
    "GHSA-wx54-3278-m5g4",
    "CVE-2019-11272",
    "CVE-2022-31177",
    "CVE-2023-34110",
    "CVE-2021-21241",
    "CVE-2021-32618",
    "CVE-2023-49438",
    "CVE-2021-32677",
    "CVE-2026-9091",
    "GHSA-wc43-73w7-x2f5",
    "CVE-2021-43177",
    "CVE-2026-107276",
    "GHSA-f66q-9rf6-8795",
    "CVE-2026-43914",
    "RUSTSEC-2022-0018",
    "CVE-2025-64717",
    "CVE-2025-14546",
    "GHSA-fmh4-wcc4-5jm3",
    "CVE-2020-15234",
    "CVE-2020-15233",
    "GHSA-29rf-f4vv-pvq6",
    "GHSA-h29v-hj44-q8cv",
    "CVE-2026-5467",
    "GHSA-2wvm-8mvp-22qv",
    "CVE-2022-39222",
    "CVE-2023-48228",
    "CVE-2026-45337",
    "GHSA-3p3g-vpw6-4w66",
    "CVE-2026-25227",
    "CVE-2026-9090",
    "CVE-2026-102273",
    "CVE-2026-102274",
    "CVE-2026-102275",
];

/// The cells of the tables of advisories that have this many.
fn advisories(cells: usize) -> Vec<Vec<String>> {
    let text = document("docs/threats.md");
    let section = text.split("\n## ").find(|it| it.starts_with(OTHERS));
    rows(section.unwrap())
        .into_iter()
        .filter(|row| row.len() == cells && !code(&row[0]).is_empty())
        .collect()
}

/// The name of a test and the comments and attributes above it; nothing when the file has no such test.
fn test_with_comment(text: &str, name: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let start = format!("fn {name}(");
    let at = lines.iter().position(|line| {
        let line = line.trim_start();
        line.strip_prefix("async ")
            .unwrap_or(line)
            .starts_with(&start)
    })?;
    let above = lines[..at].iter().rev().take_while(|line| {
        let line = line.trim_start();
        line.starts_with("//") || line.starts_with("#[")
    });
    let above: Vec<&str> = above.copied().collect();
    let is_test = above.iter().any(|line| line.contains("test"));
    is_test.then(|| format!("{name}\n{}", above.join("\n")))
}

#[test]
fn every_advisory_is_answered_by_a_test_that_names_it_or_is_not_ours() {
    let root = root();
    let mut found = Vec::new();
    for row in advisories(4) {
        let ids = code(&row[0]);
        let tests: Vec<String> = code(&row[3])
            .iter()
            .map(|test| {
                let (file, name) = test.split_once("::").expect("a file and a test");
                let text = fs::read_to_string(root.join(file))
                    .unwrap_or_else(|why| panic!("{}: {file}: {why}", row[0]));
                test_with_comment(&text, name)
                    .unwrap_or_else(|| panic!("{}: no test {name} in {file}", row[0]))
            })
            .collect();
        for id in ids {
            let in_a_name = id.to_lowercase().replace(['-', '#', '.'], "_");
            let named = |test: &String| test.contains(id) || test.contains(&in_a_name);
            assert!(tests.iter().any(named), "no test of its row names {id}");
            found.push(id.to_owned());
        }
        assert!(!row[1].is_empty() && !row[2].is_empty(), "{row:?}");
    }
    for row in advisories(3) {
        assert!(!row[2].is_empty(), "{row:?}: why not?");
        found.extend(code(&row[0]).into_iter().map(str::to_owned));
    }
    found.sort_unstable();
    let mut expected: Vec<_> = ADVISORIES.iter().map(|id| (*id).to_owned()).collect();
    expected.sort_unstable();
    assert_eq!(found, expected, "each once");
}

#[test]
fn no_crate_of_an_advisory_is_in_the_tree_rustsec_2023_0071_rustsec_2024_0363() {
    let lock = document("Cargo.lock");
    let packages: Vec<(&str, &str)> = lock
        .split("[[package]]")
        .filter_map(|package| {
            let value = |key: &str| {
                let (_, rest) = package.split_once(&format!("\n{key} = \""))?;
                Some(rest.split_once('"')?.0)
            };
            Some((value("name")?, value("version")?))
        })
        .collect();
    assert!(packages.len() > 100, "{packages:?}");
    assert!(packages.iter().all(|(name, _)| *name != "rsa"));
    let version = |text: &str| -> Vec<u32> {
        let numbers = text.split(['.', '-']).map_while(|part| part.parse().ok());
        numbers.collect()
    };
    let mut seen = 0;
    for (name, found) in packages.iter().filter(|(name, _)| name.starts_with("sqlx")) {
        seen += 1;
        assert!(version(found) >= vec![0, 8, 1], "{name} {found}");
    }
    assert!(seen > 0);
}

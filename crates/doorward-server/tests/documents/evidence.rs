//! What the documents claim is shown: the tests and scripts that they name exist, and nothing is left out.

use std::{collections::BTreeSet, fs};

use crate::{code, document, files_under, root, rows};

/// The names of all tests of all crates.
fn all_tests() -> BTreeSet<String> {
    let mut sources = Vec::new();
    files_under(&root().join("crates"), "rs", &mut sources);
    let mut names = BTreeSet::new();
    for path in sources {
        let text = fs::read_to_string(path).unwrap();
        let mut is_test = false;
        for line in text.lines().map(str::trim_start) {
            let function = line.strip_prefix("async ").unwrap_or(line);
            if let Some(rest) = function.strip_prefix("fn ") {
                if let Some((name, _)) = rest.split_once('(').filter(|_| is_test) {
                    names.insert(name.to_owned());
                }
                is_test = false;
            } else if line == "#[test]" || line.starts_with("#[tokio::test") {
                is_test = true;
            }
        }
    }
    names
}

#[test]
fn every_file_and_test_in_the_table_of_threats_exists() {
    let (root, known) = (root(), all_tests());
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
            assert!(known.contains(test), "{attack}: no test {test}");
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
    let (root, known) = (root(), all_tests());
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
            !shown.is_empty() || !remark.is_empty(),
            "{item}: neither shown nor explained"
        );
        for name in shown {
            assert!(
                known.contains(name) || root.join(name).is_file(),
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

//! Runs every page of `docs/lecture` against its program.
//!
//! A page holds fenced `http` blocks: a request, then the answer to it. Each
//! test starts `doorward lecture N` with a fresh data directory and plays the
//! page from top to bottom. `docs/lecture/README.md` explains the notation.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first surprise"
)]

#[path = "lecture_pages/expectation.rs"]
mod expectation;
#[path = "lecture_pages/http.rs"]
mod http;
#[path = "lecture_pages/json.rs"]
mod json;
#[path = "lecture_pages/page.rs"]
mod page;
#[path = "lecture_pages/pattern.rs"]
mod pattern;
#[path = "lecture_pages/program.rs"]
mod program;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use page::Page;
use program::Program;

const PROGRAMS: std::ops::RangeInclusive<u8> = 1..=11;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages_directory() -> PathBuf {
    repository().join("docs/lecture")
}

/// The names of the pages, without the index.
fn page_names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(pages_directory())
        .expect("docs/lecture can be listed")
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| has_extension(name, "md") && name != "README.md")
        .collect();
    names.sort();
    names
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|e| e == extension)
}

fn page_name(number: u8) -> String {
    let prefix = format!("{number:02}-");
    let mut found = page_names();
    found.retain(|name| name.starts_with(&prefix));
    assert_eq!(found.len(), 1, "pages for program {number}: {found:?}");
    found.remove(0)
}

fn read_page(name: &str) -> String {
    fs::read_to_string(pages_directory().join(name)).expect("the page can be read")
}

/// Starts program `number` and plays its page.
fn play(number: u8) {
    let name = page_name(number);
    let page = Page::parse(&read_page(&name)).unwrap_or_else(|why| panic!("{name}:{why}"));
    assert!(!page.exchanges.is_empty(), "{name} has no http blocks");

    let program = Program::start(number);
    let mut captured = BTreeMap::new();
    for exchange in &page.exchanges {
        let line = exchange.line;
        let request = pattern::substitute(&exchange.request, &captured)
            .unwrap_or_else(|why| panic!("{name}:{line}: {why}"));
        let answer = http::exchange(program.address(), &request)
            .unwrap_or_else(|why| panic!("{name}:{line}: {why}\n\nrequest\n{request}"));
        if let Err(why) = exchange.expected.check(&answer, &mut captured) {
            panic!("{name}:{line}: {why}\n\nrequest\n{request}\n\nanswer\n{answer}");
        }
    }
}

macro_rules! a_page_holds {
    ($($test:ident => $number:literal,)*) => {
        $(#[test]
        fn $test() {
            play($number);
        })*

        #[test]
        fn every_program_is_played() {
            assert_eq!(vec![$($number),*], PROGRAMS.collect::<Vec<u8>>());
        }
    };
}

a_page_holds! {
    program_01_answers_as_its_page_says => 1,
    program_02_answers_as_its_page_says => 2,
    program_03_answers_as_its_page_says => 3,
    program_04_answers_as_its_page_says => 4,
    program_05_answers_as_its_page_says => 5,
    program_06_answers_as_its_page_says => 6,
    program_07_answers_as_its_page_says => 7,
    program_08_answers_as_its_page_says => 8,
    program_09_answers_as_its_page_says => 9,
    program_10_answers_as_its_page_says => 10,
    program_11_answers_as_its_page_says => 11,
}

#[test]
fn every_program_has_one_page_and_every_page_a_program() {
    let expected: Vec<String> = PROGRAMS.map(page_name).collect();
    assert_eq!(page_names(), expected);
}

#[test]
fn every_page_names_the_rust_file_of_its_program() {
    for number in PROGRAMS {
        let name = page_name(number);
        let text = read_page(&name);
        let folder = "crates/doorward-lecture/src/";
        let files: Vec<&str> = text
            .split(|c: char| !(c.is_ascii_alphanumeric() || "/_-.".contains(c)))
            .filter_map(|word| word.find(folder).map(|at| &word[at..]))
            .filter(|path| has_extension(path, "rs"))
            .collect();
        let own = format!("{folder}program_{number:02}_");
        assert!(
            files.iter().any(|path| path.starts_with(&own)),
            "{name} names no file {own}*.rs"
        );
        for path in files {
            assert!(
                repository().join(path).is_file(),
                "{name} names {path}, which does not exist"
            );
        }
    }
}

#[test]
fn the_index_links_to_every_page() {
    let index = read_page("README.md");
    for name in page_names() {
        assert!(
            index.contains(&format!("({name})")),
            "README.md has no link to {name}"
        );
    }
}

//! Every test of Project Wycheproof's JSON Web Signature and Key files and every example of the JOSE working group's cookbook
//! (RFC 7520, 7797, 8037), through both verifiers, each answer on `docs/jose-vectors.md`.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that can not go on should stop"
)]

mod cookbook;
mod deviations;
mod import;
#[path = "../jwk/mod.rs"]
mod jwk;
mod page;
mod reader;
mod wycheproof;

use std::collections::{BTreeMap, BTreeSet};

use deviations::DEVIATIONS;
use reader::{Answer, Reader};
use wycheproof::{Case, FILES};

/// The tests of a file and a verifier whose result is not the answer.
fn disagreeing(cases: &[Case], reader: Reader) -> BTreeSet<u64> {
    cases
        .iter()
        .filter(|case| (*case.answer(reader) == Answer::Accepted) != case.valid)
        .map(|case| case.id)
        .collect()
}

/// Answers CVE-2022-21449.
#[test]
fn every_test_of_wycheproof_gets_its_result_or_is_listed_with_a_reason() {
    for (name, text, count) in FILES {
        let cases = wycheproof::cases(text);
        assert_eq!(cases.len(), *count, "{name}");
        for reader in Reader::ALL {
            let mut listed = BTreeMap::new();
            for deviation in DEVIATIONS {
                if deviation.file == *name && deviation.readers.contains(&reader) {
                    for id in deviation.ids {
                        let twice = listed.insert(*id, deviation.reason);
                        assert_eq!(twice, None, "{name} {id} is listed twice");
                    }
                }
            }
            let listed: BTreeSet<u64> = listed.into_keys().collect();
            assert_eq!(disagreeing(&cases, reader), listed, "{name}, {reader:?}");
        }
    }
}

/// A deviation on the grounds that the file contradicts itself holds as long as it does.
#[test]
fn the_padding_that_wycheproof_calls_invalid_is_not_there() {
    let [(_, text, _), ..] = FILES else {
        panic!("no files");
    };
    let file: serde_json::Value = serde_json::from_str(text).unwrap();
    let groups = file["testGroups"].as_array().unwrap().iter();
    let tests: Vec<_> = groups
        .flat_map(|group| group["tests"].as_array().unwrap())
        .collect();
    let token = |id: u64| tests.iter().find(|test| test["tcId"] == id).unwrap()["jws"].clone();
    assert_eq!([token(367), token(370)], [token(357), token(357)]);
}

/// None of the payloads is a set of claims, so a signature alone lets nobody in.
#[test]
fn no_test_of_wycheproof_becomes_a_login() {
    for (name, text, _) in FILES {
        for case in wycheproof::cases(text) {
            assert!(!case.is_a_login, "{name} {}", case.id);
        }
    }
}

#[test]
fn the_page_says_what_every_case_got() {
    let fresh = page::page();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/jose-vectors.md");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if kept != fresh {
        let copy = concat!(env!("CARGO_TARGET_TMPDIR"), "/jose-vectors.md");
        std::fs::write(copy, &fresh).unwrap();
        let first = kept
            .lines()
            .zip(fresh.lines())
            .find(|(old, new)| old != new);
        panic!("docs/jose-vectors.md is stale; look at {copy} and copy it there: {first:#?}");
    }
}

//! The files of Project Wycheproof.

use serde_json::Value;

use crate::reader::{Answer, Reader, by_key_set, by_one_key, public_half};

/// Name, text and number of tests.
pub(crate) const FILES: &[(&str, &str, usize)] = &[
    (
        "json_web_signature_test",
        include_str!("../vectors/json_web_signature_test.json"),
        401,
    ),
    (
        "json_web_key_test",
        include_str!("../vectors/json_web_key_test.json"),
        26,
    ),
    (
        "json_web_crypto_test",
        include_str!("../vectors/json_web_crypto_test.json"),
        83,
    ),
];

/// A test with its answers.
pub(crate) struct Case {
    /// The comment of its group.
    pub(crate) group: String,
    /// Its `tcId`.
    pub(crate) id: u64,
    /// What the file says.
    pub(crate) valid: bool,
    one_key: Answer,
    key_set: Answer,
    /// Whether the claims were taken for somebody's.
    pub(crate) is_a_login: bool,
}

impl Case {
    pub(crate) fn answer(&self, reader: Reader) -> &Answer {
        match reader {
            Reader::OneKey => &self.one_key,
            Reader::KeySet => &self.key_set,
        }
    }
}

/// What a verifier of a group's tokens is given.
fn keys(group: &Value) -> Vec<Value> {
    let keys = group.get("public").unwrap_or(&group["private"]);
    match keys["keys"].as_array() {
        Some(keys) => keys.iter().map(public_half).collect(),
        None => vec![public_half(keys)],
    }
}

/// Every test of a file, in its order.
pub(crate) fn cases(text: &str) -> Vec<Case> {
    let file: Value = serde_json::from_str(text).unwrap();
    let mut cases = Vec::new();
    for group in file["testGroups"].as_array().unwrap() {
        let keys = keys(group);
        for test in group["tests"].as_array().unwrap() {
            // The JSON serialisation is an object in the file, and no compact token in any case.
            let token = test.get("jws").or_else(|| test.get("jwe")).unwrap();
            let token = token
                .as_str()
                .map_or_else(|| token.to_string(), str::to_owned);
            let (key_set, is_a_login) = by_key_set(&keys, &token);
            cases.push(Case {
                group: group["comment"].as_str().unwrap().to_owned(),
                id: test["tcId"].as_u64().unwrap(),
                valid: test["result"] == "valid",
                one_key: match by_one_key(&keys, &token) {
                    Ok(_) => Answer::Accepted,
                    Err(reason) => Answer::Refused(reason),
                },
                key_set,
                is_a_login,
            });
        }
    }
    assert_eq!(file["numberOfTests"], cases.len());
    cases
}

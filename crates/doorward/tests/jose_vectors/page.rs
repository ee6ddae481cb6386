//! `docs/jose-vectors.md`.

use std::fmt::Write as _;

use crate::{
    cookbook,
    deviations::DEVIATIONS,
    disagreeing,
    reader::Reader,
    wycheproof::{self, Case, FILES},
};

const HEAD: &str = "# JOSE vectors

What doorward answers to the JSON Web Signature and Key tests of Project Wycheproof and to the examples of the JOSE working group's cookbook (RFC 7520, 7797, 8037). `crates/doorward/tests/jose_vectors` writes this page and fails when an answer on it is no longer the one given, when a test is not answered as its file says and is not among the deviations, and when a deviation has ceased to be one. A failure says where the page as it should be lies. Where the vectors come from is in `crates/doorward/tests/vectors/README.md`.

Two verifiers read every token:

- **one key** is `KeyVerifier`, which reads tokens of other applications: one secret, or one public key in PEM, for the algorithms that the operator names; here the one that the key's `alg` names. Of a set, each key is asked alone.
- **key set** is `Verifier`, which reads doorward's own tokens, with keys as `/.well-known/jwks.json` publishes them (`PublicJwk`) and a secret for HS256.

An answer is `accepted`, or the name of what was refused: a rule of `InvalidReason` that the token broke first, or after “key:” why the key is none (`KeyError`, `WeakSecret`). Accepted means the signature: no payload of these tests is a set of claims, so none of the tokens lets anybody in, and a test holds that too. Encrypted tokens (JWE) are not read by either; Wycheproof's file of them is not here.
";

/// Numbers with their runs joined: `1, 3–5`.
fn ranges(ids: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for id in ids {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *id => *last = *id,
            _ => runs.push((*id, *id)),
        }
    }
    let runs = runs.iter().map(|(first, last)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first}–{last}"),
    });
    runs.collect::<Vec<_>>().join(", ")
}

fn said(valid: bool) -> &'static str {
    if valid { "valid" } else { "invalid" }
}

fn deviations() -> String {
    let mut text = String::from(
        "\n## Deviations\n\n| file | tests | by | the file says | why not here |\n| --- | --- | --- | --- | --- |\n",
    );
    for deviation in DEVIATIONS {
        let (_, file, _) = FILES
            .iter()
            .find(|(name, ..)| *name == deviation.file)
            .unwrap();
        let cases = wycheproof::cases(file);
        let of_id = |id| cases.iter().find(|case| case.id == id).unwrap();
        let mut says: Vec<_> = deviation
            .ids
            .iter()
            .map(|id| said(of_id(*id).valid))
            .collect();
        says.dedup();
        let by = match deviation.readers {
            [Reader::OneKey] => "one key",
            [Reader::KeySet] => "key set",
            _ => "both",
        };
        let (ids, says, reason) = (ranges(deviation.ids), says.join(", "), deviation.reason);
        let file = deviation.file;
        writeln!(text, "| `{file}` | {ids} | {by} | {says} | {reason} |").unwrap();
    }
    text
}

/// The tests of one group with the same result and answers.
struct Row {
    group: String,
    valid: bool,
    answers: [String; 2],
    ids: Vec<u64>,
}

fn rows(cases: &[Case]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for case in cases {
        let answers = Reader::ALL.map(|reader| case.answer(reader).cell());
        // Groups of the same name stand beside each other, and are one on the page.
        let same = rows.iter_mut().find(|row| {
            row.group == case.group && row.valid == case.valid && row.answers == answers
        });
        match same {
            Some(row) => row.ids.push(case.id),
            None => rows.push(Row {
                group: case.group.clone(),
                valid: case.valid,
                answers,
                ids: vec![case.id],
            }),
        }
    }
    rows
}

fn file(name: &str, text: &str) -> String {
    let cases = wycheproof::cases(text);
    let equal = Reader::ALL.map(|reader| cases.len() - disagreeing(&cases, reader).len());
    let mut page = format!(
        "\n## `{name}`\n\n{} tests. One key answers {} as the file says, a key set {}.\n\n\
         | group | tests (`tcId`) | the file says | one key | key set |\n| --- | --- | --- | --- | --- |\n",
        cases.len(),
        equal[0],
        equal[1]
    );
    for row in rows(&cases) {
        let (group, ids, says) = (row.group, ranges(&row.ids), said(row.valid));
        let [one, set] = row.answers;
        writeln!(page, "| {group} | {ids} | {says} | {one} | {set} |").unwrap();
    }
    page
}

pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    page += &deviations();
    for (name, text, _) in FILES {
        page += &file(name, text);
    }
    page += &cookbook::section();
    page
}

#[test]
fn runs_of_numbers_are_joined() {
    assert_eq!(ranges(&[1, 3, 4, 5, 7, 8, 10]), "1, 3–5, 7, 8, 10");
}

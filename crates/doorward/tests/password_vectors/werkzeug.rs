//! Werkzeug 0.16 to 3.1.

use doorward::password::{
    Argon2idParams, FormGroup, FormGroups, HashFormatError, NewHashForm, Password, PasswordError,
    PasswordHash,
};
use serde::Deserialize;

use super::{
    accepting, all_but, for_each_on_all_cores, is_unsupported, verifies_its_password_only,
};

#[derive(Deserialize)]
struct File {
    valid: Vec<Vector>,
    malformed_or_hostile: Vec<HostileHash>,
}

#[derive(Deserialize)]
struct Vector {
    password: String,
    hash: String,
    expected: String,
}

#[derive(Deserialize)]
struct HostileHash {
    name: String,
    hash: Option<String>,
    hash_recipe: Option<String>,
    expected: String,
}

fn file() -> File {
    serde_json::from_str(include_str!("../vectors/werkzeug_hashes.json")).unwrap()
}

fn expecting(expected: &str) -> Vec<Vector> {
    let mut vectors = file().valid;
    vectors.retain(|vector| vector.expected == expected);
    vectors
}

#[test]
fn every_answer_that_is_expected_is_known_here() {
    let counted = [
        ("accept-and-upgrade", 276),
        ("accept-and-upgrade-if-configured", 70),
        ("reject", 64),
        ("reject-empty-password", 8),
    ]
    .map(|(expected, count)| {
        assert_eq!(expecting(expected).len(), count, "{expected}");
        count
    });
    assert_eq!(file().valid.len(), counted.iter().sum::<usize>());
}

#[test]
fn strong_hashes_verify_their_password_only_by_default_and_need_an_upgrade() {
    for_each_on_all_cores(&expecting("accept-and-upgrade"), |vector, memory| {
        let hash = PasswordHash::parse(&vector.hash)
            .unwrap_or_else(|error| panic!("{}: {error}", vector.hash));
        assert!(hash.needs_upgrade(&Argon2idParams::default().into()));
        assert!(hash.scheme().is_werkzeug());
        verifies_its_password_only(&hash, &vector.password, memory);
    });
}

#[test]
fn weak_pbkdf2_verifies_only_where_the_settings_accept_it() {
    let weak = accepting(FormGroups::NONE.with(FormGroup::WeakPbkdf2));
    for_each_on_all_cores(
        &expecting("accept-and-upgrade-if-configured"),
        |vector, memory| {
            is_unsupported(&vector.hash, &accepting(FormGroups::NONE));
            is_unsupported(&vector.hash, &all_but(&[FormGroup::WeakPbkdf2]));
            let hash = PasswordHash::parse_with(&vector.hash, &weak).unwrap();
            assert!(hash.needs_upgrade(&NewHashForm::WerkzeugScrypt));
            verifies_its_password_only(&hash, &vector.password, memory);
        },
    );
}

/// `reject` is what doorward answers by default. What is retired verifies only by settings that
/// name it; Django's reading of the same strings gives another answer.
#[test]
fn retired_forms_verify_only_where_the_settings_name_them() {
    for_each_on_all_cores(&expecting("reject"), |vector, memory| {
        let group = if vector.hash.starts_with("plain$") {
            FormGroup::WerkzeugPlain
        } else {
            FormGroup::WerkzeugRetired
        };
        is_unsupported(&vector.hash, &accepting(FormGroups::NONE));
        is_unsupported(&vector.hash, &all_but(&[group, FormGroup::DjangoLegacy]));
        let named = accepting(FormGroups::NONE.with(group));
        let hash = PasswordHash::parse_with(&vector.hash, &named).unwrap();
        assert!(hash.scheme().is_werkzeug());
        assert!(hash.needs_upgrade(&NewHashForm::WerkzeugScrypt));
        assert!(hash.needs_upgrade(&NewHashForm::WerkzeugPbkdf2));
        verifies_its_password_only(&hash, &vector.password, memory);
        let django = accepting(FormGroups::NONE.with(FormGroup::DjangoLegacy));
        if let Ok(hash) = PasswordHash::parse_with(&vector.hash, &django) {
            assert!(!super::verifies(&hash, &vector.password, memory));
        }
    });
}

#[test]
fn the_empty_password_is_no_password_whatever_hash_it_has() {
    for vector in expecting("reject-empty-password") {
        assert!(PasswordHash::parse(&vector.hash).is_ok());
        assert_eq!(
            Password::parse(vector.password).unwrap_err(),
            PasswordError::Empty
        );
    }
}

#[test]
fn malformed_and_hostile_strings_are_refused_before_any_derivation() {
    let vectors = file().malformed_or_hostile;
    assert_eq!(vectors.len(), 50);
    for HostileHash {
        name,
        hash,
        hash_recipe,
        expected,
    } in vectors
    {
        let hash = hash.unwrap_or_else(|| long_string(&hash_recipe.unwrap()));
        for accepted in [accepting(FormGroups::NONE), accepting(FormGroups::EVERY)] {
            let error = PasswordHash::parse_with(&hash, &accepted).unwrap_err();
            let as_expected = match name.as_str() {
                _ if expected.contains("cost above the configured ceiling") => {
                    matches!(error, HashFormatError::TooCostly { .. })
                }
                "unknown_digest" | "upper_digest" | "unknown_method" => {
                    matches!(error, HashFormatError::Unsupported { .. })
                }
                "only_dollars" | "only_dollars3" | "html" => error == HashFormatError::Unknown,
                _ => matches!(error, HashFormatError::Corrupt { .. }),
            };
            assert!(as_expected, "{name}: {error}");
        }
    }
}

fn long_string(recipe: &str) -> String {
    let hash = "78238362a4cc756cbbe9d81b65074394b55d7f3f5b28021891eaa8dd2045b987";
    match recipe {
        "megabyte_salt" => format!("pbkdf2:sha256:1000${}${hash}", "s".repeat(1 << 20)),
        "megabyte_method" => format!("pbkdf2:{}$YjSVATsIytVhXwiz${hash}", "a".repeat(1 << 20)),
        other => panic!("a recipe this test does not know: {other}"),
    }
}

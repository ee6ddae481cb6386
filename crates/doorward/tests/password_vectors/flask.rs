//! Flask-Security, which hashes twice, and Flask-Bcrypt, which may hash first.

use std::sync::Arc;

use doorward::{
    password::{AcceptedForms, BcryptPrehash, FormGroup, FormGroups, PasswordHash},
    secret::Secret,
};
use serde::Deserialize;

use super::{accepting, for_each_on_all_cores, verifies, verifies_its_password_only};

#[derive(Deserialize)]
struct SecurityFile {
    password_salt: String,
    vectors: Vec<SecurityVector>,
}

#[derive(Deserialize)]
struct SecurityVector {
    scheme: String,
    single_hash: bool,
    password: String,
    hash: String,
}

#[derive(Deserialize)]
struct BcryptFile {
    vectors: Vec<BcryptVector>,
}

#[derive(Deserialize)]
struct BcryptVector {
    handle_long_passwords: bool,
    password: String,
    hash: String,
}

fn security() -> SecurityFile {
    serde_json::from_str(include_str!("../vectors/flask_security_hashes.json")).unwrap()
}

fn bcrypt() -> Vec<BcryptVector> {
    let file: BcryptFile =
        serde_json::from_str(include_str!("../vectors/flask_bcrypt_hashes.json")).unwrap();
    assert_eq!(file.vectors.len(), 12);
    file.vectors
}

fn with_salt(salt: &str) -> AcceptedForms {
    AcceptedForms {
        flask_security_salt: Some(Arc::new(Secret::from_text(salt.to_owned()))),
        ..AcceptedForms::default()
    }
}

#[test]
fn flask_security_hashes_verify_with_its_salt_whether_they_are_single_or_double() {
    let file = security();
    assert_eq!(file.vectors.len(), 26);
    let accepted = with_salt(&file.password_salt);
    for_each_on_all_cores(&file.vectors, |vector, memory| {
        let hash = PasswordHash::parse_with(&vector.hash, &accepted).unwrap();
        verifies_its_password_only(&hash, &vector.password, memory);
    });
}

#[test]
fn double_hashes_do_not_verify_without_the_salt_or_with_another() {
    let file = security();
    let mut doubled = file.vectors;
    doubled.retain(|vector| !vector.single_hash && !vector.scheme.starts_with("django_"));
    assert_eq!(doubled.len(), 24);
    let other = with_salt("another salt");
    for_each_on_all_cores(&doubled, |vector, memory| {
        for accepted in [&AcceptedForms::default(), &other] {
            let hash = PasswordHash::parse_with(&vector.hash, accepted).unwrap();
            assert!(
                !verifies(&hash, &vector.password, memory),
                "{}",
                vector.hash
            );
        }
    });
}

#[test]
fn flask_bcrypt_hashes_verify_by_the_setting_they_were_made_with() {
    for_each_on_all_cores(&bcrypt(), |vector, memory| {
        for (setting, reads_plain, reads_hashed) in [
            (BcryptPrehash::Off, true, false),
            (BcryptPrehash::On, false, true),
            (BcryptPrehash::Either, true, true),
        ] {
            let accepted = AcceptedForms {
                bcrypt_prehash: setting,
                ..AcceptedForms::default()
            };
            let hash = PasswordHash::parse_with(&vector.hash, &accepted).unwrap();
            let expected = if vector.handle_long_passwords {
                reads_hashed
            } else {
                // bcrypt had cut the longer ones.
                reads_plain && vector.password.len() <= 72
            };
            if expected {
                verifies_its_password_only(&hash, &vector.password, memory);
            } else {
                assert!(
                    !verifies(&hash, &vector.password, memory),
                    "{}",
                    vector.hash
                );
            }
        }
    });
}

#[test]
fn flask_bcrypt_hashes_over_the_start_of_a_password_need_their_own_setting() {
    let mut cut = bcrypt();
    cut.retain(|vector| !vector.handle_long_passwords && vector.password.len() > 72);
    assert_eq!(cut.len(), 2);
    let truncated = accepting(FormGroups::NONE.with(FormGroup::BcryptTruncated));
    for_each_on_all_cores(&cut, |vector, memory| {
        let hash = PasswordHash::parse_with(&vector.hash, &truncated).unwrap();
        assert!(verifies(&hash, &vector.password, memory));
    });
}

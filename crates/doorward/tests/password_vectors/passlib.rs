//! passlib 1.7.

use doorward::password::{
    Argon2idParams, FormGroup, FormGroups, HashFormatError, NewHashForm, PasswordHash,
};
use serde::Deserialize;

use super::{
    accepting, all_but, for_each_on_all_cores, is_unsupported, verifies, verifies_its_password_only,
};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    scheme: String,
    password: String,
    hash: String,
    note: String,
    suggested_policy: String,
}

fn vectors() -> Vec<Vector> {
    let file: File = serde_json::from_str(include_str!("../vectors/passlib_hashes.json")).unwrap();
    assert_eq!(file.vectors.len(), 46);
    file.vectors
}

/// What a vector owes.
enum Expected {
    AcceptedByDefault,
    AcceptedWith(FormGroup),
    Refused,
    PlainText,
    MustNotVerify,
}

fn expected(vector: &Vector) -> Expected {
    match (vector.suggested_policy.as_str(), vector.scheme.as_str()) {
        ("accept" | "accept-and-rehash" | "optional-migrate", _) => Expected::AcceptedByDefault,
        ("reject-or-migrate", "pbkdf2_sha1") => Expected::AcceptedWith(FormGroup::WeakPbkdf2),
        ("reject", "argon2") => Expected::AcceptedWith(FormGroup::OtherArgon2),
        ("reject", "plaintext") => Expected::PlainText,
        ("reject", _) => Expected::Refused,
        ("must-not-verify", _) => Expected::MustNotVerify,
        (policy, scheme) => panic!("an answer this test does not know: {policy} for {scheme}"),
    }
}

#[test]
fn every_hash_gets_its_answer_by_default_and_where_the_settings_accept_it() {
    for_each_on_all_cores(&vectors(), |vector, memory| {
        let stored = vector.hash.as_str();
        let (default, every) = (accepting(FormGroups::NONE), accepting(FormGroups::EVERY));
        let hash = match expected(vector) {
            Expected::AcceptedByDefault => PasswordHash::parse(stored).unwrap(),
            Expected::AcceptedWith(group) => {
                is_unsupported(stored, &default);
                is_unsupported(stored, &all_but(&[group]));
                let named = accepting(FormGroups::NONE.with(group));
                PasswordHash::parse_with(stored, &named).unwrap()
            }
            Expected::Refused => {
                is_unsupported(stored, &default);
                return is_unsupported(stored, &every);
            }
            Expected::PlainText => {
                assert_eq!(
                    PasswordHash::parse_with(stored, &every).unwrap_err(),
                    HashFormatError::Unknown
                );
                return;
            }
            Expected::MustNotVerify => {
                let hash = PasswordHash::parse(stored).unwrap();
                assert!(!verifies(&hash, &vector.password, memory), "{stored}");
                return;
            }
        };
        verifies_its_password_only(&hash, &vector.password, memory);
        let wanted = Argon2idParams::default().into();
        let is_strong = vector.suggested_policy == "accept";
        assert_eq!(hash.needs_upgrade(&wanted), !is_strong, "{}", vector.note);
        assert!(!hash.needs_upgrade(&NewHashForm::WerkzeugScrypt));
    });
}

/// Made with passlib 1.7.4 and bcrypt 4.0.1, version 1 of the scheme, for `ascii`.
#[test]
fn the_first_version_of_bcrypt_sha256_verifies_too() {
    let memory = &mut doorward::password::KdfMemory::new(0);
    for stored in [
        "$bcrypt-sha256$2b,12$Oc5g8hMlAwba8/saSuutI.$JVhNtSQOZBgYBAXG7FJ2w6R9nzOQhyy",
        "$bcrypt-sha256$2a,12$TODbxtemqJnuyZoFDsZtWO$pJEn4SPCfh2A/JeOvu5AvZcDMdTOnj6",
    ] {
        let hash = PasswordHash::parse(stored).unwrap();
        verifies_its_password_only(&hash, "correct horse battery staple", memory);
    }
}

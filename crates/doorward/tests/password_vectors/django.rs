//! Django 2.2, 4.2 and 5.2.

use doorward::password::{
    Argon2idParams, FormGroup, FormGroups, HashFormatError, NewHashForm, PasswordHash,
};
use serde::Deserialize;

use super::{
    SkipList, accepting, all_but, for_each_on_all_cores, is_unsupported, verifies,
    verifies_its_password_only,
};

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    django: String,
    algorithm: String,
    password_name: Option<String>,
    password: Option<String>,
    hash: Option<String>,
}

fn vectors() -> Vec<Vector> {
    let file: File = serde_json::from_str(include_str!("../vectors/django_hashes.json")).unwrap();
    assert_eq!(file.vectors.len(), 107);
    file.vectors
}

/// What a vector owes: nothing when it is accepted by default, else the group that turns it on.
fn needed(vector: &Vector) -> Option<FormGroup> {
    match vector.algorithm.as_str() {
        "pbkdf2_sha256" | "bcrypt" | "bcrypt_sha256" | "scrypt" => None,
        "pbkdf2_sha1" => Some(FormGroup::WeakPbkdf2),
        // Django 2.2 wrote argon2i.
        "argon2" => (vector.django == "2.2.28").then_some(FormGroup::OtherArgon2),
        "md5" | "sha1" | "unsalted_md5" | "unsalted_sha1" => Some(FormGroup::DjangoLegacy),
        other => panic!("an algorithm this test does not know: {other}"),
    }
}

#[test]
fn every_hash_gets_its_answer_by_default_and_where_the_settings_accept_it() {
    let mut skipped = SkipList::new(&[
        ("2.2.28 unusable", "no password; has a test of its own"),
        ("4.2.30 unusable", "no password; has a test of its own"),
        ("5.2.19 unusable", "no password; has a test of its own"),
        (
            "5.2.19 bcrypt len72",
            "Django 5.2 with bcrypt 5 made no hash",
        ),
        (
            "5.2.19 bcrypt len73_differs_after_72",
            "Django 5.2 with bcrypt 5 made no hash",
        ),
        (
            "2.2.28 bcrypt len73_differs_after_72",
            "made over 72 of 73 bytes; has a test of its own",
        ),
        (
            "4.2.30 bcrypt len73_differs_after_72",
            "made over 72 of 73 bytes; has a test of its own",
        ),
    ]);
    let mut run = vectors();
    run.retain(|vector| !skipped.skips(&name(vector)));
    skipped.assert_used_up();
    assert_eq!(run.len(), 100);
    for_each_on_all_cores(&run, |vector, memory| {
        let (stored, password) = (
            vector.hash.as_deref().unwrap(),
            vector.password.as_deref().unwrap(),
        );
        let groups = match needed(vector) {
            None => FormGroups::NONE,
            Some(group) => {
                is_unsupported(stored, &accepting(FormGroups::NONE));
                // Werkzeug gave the same strings another meaning.
                is_unsupported(stored, &all_but(&[group, FormGroup::WerkzeugRetired]));
                FormGroups::NONE.with(group)
            }
        };
        let hash = PasswordHash::parse_with(stored, &accepting(groups)).unwrap();
        assert!(hash.scheme().to_string().starts_with("django-"));
        verifies_its_password_only(&hash, password, memory);
        let is_strong = vector.algorithm == "argon2" && vector.django != "2.2.28";
        assert_eq!(
            hash.needs_upgrade(&Argon2idParams::default().into()),
            !is_strong
        );
        assert!(!hash.needs_upgrade(&NewHashForm::WerkzeugScrypt));
    });
}

fn name(vector: &Vector) -> String {
    let name = vector.password_name.as_deref().unwrap_or_default();
    format!("{} {} {name}", vector.django, vector.algorithm)
        .trim_end()
        .to_owned()
}

/// Django hands a long password to a bcrypt that reads 72 bytes of it. Such a hash opens to nobody
/// unless the settings accept that the rest does not count.
/// Answers CVE-2025-22228, GHSA-wx54-3278-m5g4, CVE-2019-11272.
#[test]
fn a_bcrypt_hash_over_the_start_of_a_longer_password_verifies_only_where_the_settings_say_so() {
    let mut vectors = vectors();
    vectors.retain(|vector| {
        vector.algorithm == "bcrypt"
            && vector.hash.is_some()
            && vector
                .password
                .as_ref()
                .is_some_and(|password| password.len() == 73)
    });
    assert_eq!(vectors.len(), 2);
    let truncated = accepting(FormGroups::NONE.with(FormGroup::BcryptTruncated));
    for_each_on_all_cores(&vectors, |vector, memory| {
        let (stored, password) = (
            vector.hash.as_deref().unwrap(),
            vector.password.as_deref().unwrap(),
        );
        let strict = PasswordHash::parse(stored).unwrap();
        assert!(!verifies(&strict, password, memory));
        let cutting = PasswordHash::parse_with(stored, &truncated).unwrap();
        assert!(verifies(&cutting, password, memory));
        assert!(verifies(&cutting, &password[..72], memory));
        assert!(!verifies(&cutting, &password[..71], memory));
    });
}

#[test]
fn an_unusable_password_never_matches() {
    let mut vectors = vectors();
    vectors.retain(|vector| vector.algorithm == "unusable");
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let error = PasswordHash::parse_with(&vector.hash.unwrap(), &accepting(FormGroups::EVERY))
            .unwrap_err();
        let HashFormatError::Unsupported { form, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(form, "unusable password");
    }
}

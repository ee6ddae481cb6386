//! Every stored hash of the vector files gets the answer its entry expects.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at once"
)]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use doorward::password::{
    AcceptedForms, Argon2idParams, HashFormatError, KdfMemory, Password, PasswordError,
    PasswordHash,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct WerkzeugFile {
    valid: Vec<WerkzeugHash>,
    malformed_or_hostile: Vec<HostileHash>,
}

#[derive(Deserialize)]
struct WerkzeugHash {
    password: String,
    hash: String,
    expected: String,
}

#[derive(Deserialize)]
struct Argon2File {
    rfc9106: Vec<Rfc9106Vector>,
    phc_valid: Vec<PhcHash>,
    phc_hostile: Vec<HostileHash>,
}

#[derive(Deserialize)]
struct Rfc9106Vector {
    #[serde(rename = "type")]
    kind: String,
    m_kib: u32,
    t: u32,
    p: u32,
    password_hex: String,
    salt_hex: String,
    secret_hex: String,
    ad_hex: String,
    tag_hex: String,
}

#[derive(Deserialize)]
struct PhcHash {
    password_name: String,
    password: String,
    m: u32,
    t: u32,
    hash: String,
}

#[derive(Deserialize)]
struct HostileHash {
    name: String,
    hash: Option<String>,
    hash_recipe: Option<String>,
    expected: String,
}

fn werkzeug() -> WerkzeugFile {
    serde_json::from_str(include_str!("vectors/werkzeug_hashes.json")).unwrap()
}

fn argon2_file() -> Argon2File {
    serde_json::from_str(include_str!("vectors/argon2_vectors.json")).unwrap()
}

/// Both settings for weak PBKDF2 on.
const EVERYTHING: AcceptedForms = AcceptedForms {
    other_pbkdf2_digests: true,
    few_pbkdf2_iterations: true,
    iterations_when_absent: None,
};

/// Runs `check` on every item, on all cores.
fn for_each_on_all_cores<T: Sync>(items: &[T], check: impl Fn(&T, &mut KdfMemory) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().unwrap().get() {
            scope.spawn(|| {
                let mut memory = KdfMemory::new(19_456);
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    check(item, &mut memory);
                }
            });
        }
    });
}

fn verifies_its_password_only(hash: &PasswordHash, password: &str, memory: &mut KdfMemory) {
    let right = Password::parse(password).unwrap();
    assert!(hash.verify(&right, memory).unwrap(), "{}", hash.as_str());
    // Same length, so that a comparison of prefixes or of lengths alone would be noticed.
    let mut wrong: Vec<char> = password.chars().collect();
    let last = wrong.len() - 1;
    wrong[last] = if wrong[last] == '#' { '+' } else { '#' };
    let wrong = Password::parse(wrong.into_iter().collect::<String>()).unwrap();
    assert!(!hash.verify(&wrong, memory).unwrap(), "{}", hash.as_str());
}

#[test]
fn every_accepted_werkzeug_hash_verifies_its_password_only_and_needs_an_upgrade() {
    let vectors: Vec<_> = werkzeug()
        .valid
        .into_iter()
        .filter(|vector| vector.expected.starts_with("accept-and-upgrade"))
        .collect();
    assert_eq!(vectors.len(), 346);
    for_each_on_all_cores(&vectors, |vector, memory| {
        let hash = PasswordHash::parse_with(&vector.hash, EVERYTHING)
            .unwrap_or_else(|error| panic!("{}: {error}", vector.hash));
        assert!(hash.needs_upgrade(&Argon2idParams::default()));
        verifies_its_password_only(&hash, &vector.password, memory);
    });
}

#[test]
fn the_default_settings_accept_exactly_what_needs_no_setting() {
    for vector in werkzeug().valid {
        let parsed = PasswordHash::parse(&vector.hash);
        match vector.expected.as_str() {
            "accept-and-upgrade" | "reject-empty-password" => {
                assert!(parsed.is_ok(), "{}", vector.hash);
            }
            "accept-and-upgrade-if-configured" | "reject" => assert!(
                matches!(parsed, Err(HashFormatError::Unsupported { .. })),
                "{}",
                vector.hash
            ),
            other => panic!("an answer this test does not know: {other}"),
        }
    }
}

#[test]
fn broken_werkzeug_forms_are_unsupported_under_every_setting() {
    let rejected: Vec<_> = werkzeug()
        .valid
        .into_iter()
        .filter(|vector| vector.expected == "reject")
        .collect();
    assert_eq!(rejected.len(), 64);
    for vector in rejected {
        assert!(
            matches!(
                PasswordHash::parse_with(&vector.hash, EVERYTHING),
                Err(HashFormatError::Unsupported { .. })
            ),
            "{}",
            vector.hash
        );
    }
}

#[test]
fn the_empty_password_is_no_password_whatever_hash_it_has() {
    let rejected: Vec<_> = werkzeug()
        .valid
        .into_iter()
        .filter(|vector| vector.expected == "reject-empty-password")
        .collect();
    assert_eq!(rejected.len(), 8);
    for vector in rejected {
        assert_eq!(
            Password::parse(vector.password).unwrap_err(),
            PasswordError::Empty
        );
    }
}

#[test]
fn malformed_and_hostile_werkzeug_strings_are_refused_before_any_derivation() {
    let vectors = werkzeug().malformed_or_hostile;
    assert_eq!(vectors.len(), 50);
    for HostileHash {
        name,
        hash,
        hash_recipe,
        expected,
    } in vectors
    {
        let hash = hash.unwrap_or_else(|| long_string(&hash_recipe.unwrap()));
        for accepted in [AcceptedForms::default(), EVERYTHING] {
            let error = PasswordHash::parse_with(&hash, accepted).unwrap_err();
            if expected.contains("cost above the configured ceiling") {
                assert!(
                    matches!(error, HashFormatError::TooCostly { .. }),
                    "{name}: {error}"
                );
            } else if matches!(name.as_str(), "unknown_digest" | "upper_digest") {
                assert!(
                    matches!(error, HashFormatError::Unsupported { .. }),
                    "{name}: {error}"
                );
            } else {
                assert!(
                    matches!(error, HashFormatError::Corrupt { .. }),
                    "{name}: {error}"
                );
            }
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

#[test]
fn argon2_phc_strings_verify_their_password_only() {
    let vectors = argon2_file().phc_valid;
    assert_eq!(vectors.len(), 15);
    for_each_on_all_cores(&vectors, |vector, memory| {
        let hash = PasswordHash::parse(&vector.hash).unwrap();
        assert_eq!(hash.memory_kib(), vector.m);
        assert_eq!(
            hash.needs_upgrade(&Argon2idParams::default()),
            vector.m < 19_456 || vector.t < 2
        );
        // Skipped: `empty`. Its hash is sound, but there is no empty `Password` to verify.
        if vector.password_name == "empty" {
            assert!(Password::parse(vector.password.as_str()).is_err());
            return;
        }
        verifies_its_password_only(&hash, &vector.password, memory);
    });
}

#[test]
fn hostile_argon2_strings_are_refused_before_any_derivation() {
    let vectors = argon2_file().phc_hostile;
    assert_eq!(vectors.len(), 27);
    for vector in vectors {
        // None is skipped. Where the vector leaves a choice, this crate refuses: `argon2i`,
        // `version_16` and `no_version` (other algorithms), `reordered` (one spelling per value).
        let error = PasswordHash::parse(&vector.hash.unwrap()).unwrap_err();
        let as_expected = match vector.name.as_str() {
            "argon2i" | "argon2d" | "version_16" | "no_version" => {
                matches!(error, HashFormatError::Unsupported { .. })
            }
            "m_over_ceiling" | "m_u32_max" | "t_over_ceiling" | "p_over_ceiling" => {
                matches!(error, HashFormatError::TooCostly { .. })
            }
            _ => matches!(error, HashFormatError::Corrupt { .. }),
        };
        assert!(as_expected, "{}: {error}", vector.name);
    }
}

#[test]
fn the_argon2_implementation_gives_the_answer_of_rfc_9106() {
    let vector = argon2_file()
        .rfc9106
        .into_iter()
        .find(|vector| vector.kind == "argon2id")
        .unwrap();
    let secret = bytes(&vector.secret_hex);
    let params = argon2::ParamsBuilder::new()
        .m_cost(vector.m_kib)
        .t_cost(vector.t)
        .p_cost(vector.p)
        .data(argon2::AssociatedData::new(&bytes(&vector.ad_hex)).unwrap())
        .output_len(32)
        .build()
        .unwrap();
    let argon2 = argon2::Argon2::new_with_secret(
        &secret,
        argon2::Algorithm::Argon2id,
        argon2::Version::V0x13,
        params,
    )
    .unwrap();
    let mut tag = [0; 32];
    argon2
        .hash_password_into(
            &bytes(&vector.password_hex),
            &bytes(&vector.salt_hex),
            &mut tag,
        )
        .unwrap();
    assert_eq!(tag.as_slice(), bytes(&vector.tag_hex));
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

use super::*;
use proptest::prelude::*;

const ARGON2ID: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";
const PBKDF2: &str = "pbkdf2:sha256:1000$YjSVATsIytVhXwiz$78238362a4cc756cbbe9d81b65074394b55d7f3f5b28021891eaa8dd2045b987";
const SCRYPT: &str = "scrypt:16384:8:1$X0sJAUQ501FO24nc$b0ea83d7de8912c5588e163ed114f51e274d9362cbd9b0cb3f9b8956cb8d521fe15451560b03aaf359b68c6ec0648415a031311b673ff56fcc91ef53ce4d8cf4";

fn weakest() -> Argon2idParams {
    Argon2idParams::new(7_168, 5, 1).unwrap()
}

fn compute(text: &str, salt: u8) -> PasswordHash {
    let password = Password::parse(text).unwrap();
    let params = weakest();
    PasswordHash::compute(
        &password,
        &params,
        [salt; SALT_BYTES],
        &mut KdfMemory::new(7_168),
    )
    .unwrap()
}

fn verify(hash: &PasswordHash, text: &str) -> bool {
    hash.verify(&Password::parse(text).unwrap(), &mut KdfMemory::new(7_168))
        .unwrap()
}

fn is_corrupt(stored: &str) -> bool {
    matches!(
        PasswordHash::parse(stored),
        Err(HashFormatError::Corrupt { .. })
    )
}

fn is_unsupported(stored: &str) -> bool {
    matches!(
        PasswordHash::parse(stored),
        Err(HashFormatError::Unsupported { .. })
    )
}

fn is_too_costly(stored: &str) -> bool {
    matches!(
        PasswordHash::parse(stored),
        Err(HashFormatError::TooCostly { .. })
    )
}

#[test]
fn a_new_hash_is_a_phc_string_with_sixteen_bytes_of_salt_and_a_tag_of_thirty_two() {
    let hash = compute("correct horse", 0);
    assert_eq!(hash.scheme(), Scheme::Argon2id);
    assert_eq!(hash.memory_kib(), 7_168);
    let fields: Vec<_> = hash.as_str().split('$').collect();
    assert_eq!(&fields[..4], ["", "argon2id", "v=19", "m=7168,t=5,p=1"]);
    assert_eq!(fields[4], "AAAAAAAAAAAAAAAAAAAAAA");
    assert_eq!(fields[5].len(), 43);
}

#[test]
fn a_new_hash_parses_back_and_verifies_its_password_only() {
    let hash = PasswordHash::parse(compute("correct horse", 1).as_str()).unwrap();
    assert!(verify(&hash, "correct horse"));
    assert!(!verify(&hash, "correct horsE"));
    assert!(!verify(&hash, "correct horse "));
}

#[test]
fn another_salt_makes_another_string() {
    assert_ne!(
        compute("correct horse", 1).as_str(),
        compute("correct horse", 2).as_str()
    );
}

#[test]
fn composed_and_decomposed_spellings_open_the_same_new_hash() {
    for (set, typed) in [
        ("p\u{e4}ss", "pa\u{308}ss"),
        ("pa\u{308}ss", "p\u{e4}ss"),
        ("pa\u{308}ss", "pa\u{308}ss"),
    ] {
        assert!(verify(&compute(set, 1), typed), "{set:?} {typed:?}");
    }
    assert!(!verify(&compute("p\u{e4}ss", 1), "pass"));
}

#[test]
fn a_foreign_hash_over_decomposed_bytes_verifies_those_bytes() {
    let password = "pa\u{308}ssw\u{f6}rd";
    let memory = &mut KdfMemory::new(7_168);
    let raw =
        argon2id::Argon2idHash::compute(password.as_bytes(), &weakest(), [1; SALT_BYTES], memory);
    assert!(verify(&PasswordHash::from(raw.unwrap()), password));
}

#[test]
fn passwords_that_differ_only_in_the_last_byte_allowed_are_different() {
    let start = "a".repeat(Password::MAX_BYTES - 1);
    let hash = compute(&format!("{start}x"), 1);
    assert!(verify(&hash, &format!("{start}x")));
    assert!(!verify(&hash, &format!("{start}y")));
}

#[test]
fn the_dummy_costs_what_a_real_hash_costs_and_parses_like_one() {
    let dummy = PasswordHash::dummy(&weakest(), [1; 16], [2; 16]).unwrap();
    assert_eq!(dummy.memory_kib(), 7_168);
    let parsed = PasswordHash::parse(dummy.as_str()).unwrap();
    assert!(!parsed.needs_upgrade(&weakest()));
    assert!(!verify(&dummy, "correct horse"));
}

#[test]
fn the_stored_string_is_kept_and_debug_output_hides_it() {
    for stored in [ARGON2ID, PBKDF2, SCRYPT] {
        let hash = PasswordHash::parse(stored).unwrap();
        assert_eq!(hash.as_str(), stored);
        let shown = format!("{hash:?}");
        let (_, secret) = stored.rsplit_once('$').unwrap();
        assert!(!shown.contains(secret), "{shown}");
        assert!(shown.contains(&hash.scheme().to_string()), "{shown}");
    }
}

#[test]
fn memory_is_that_of_the_scheme() {
    assert_eq!(PasswordHash::parse(ARGON2ID).unwrap().memory_kib(), 19_456);
    // 16 MiB, two small buffers of 1 KiB each.
    assert_eq!(
        PasswordHash::parse(SCRYPT).unwrap().memory_kib(),
        16_384 + 2
    );
    assert_eq!(PasswordHash::parse(PBKDF2).unwrap().memory_kib(), 1);
}

#[test]
fn anything_but_argon2id_needs_an_upgrade() {
    for stored in [PBKDF2, SCRYPT] {
        assert!(
            PasswordHash::parse(stored)
                .unwrap()
                .needs_upgrade(&weakest())
        );
    }
}

#[test]
fn weaker_argon2id_needs_an_upgrade_and_stronger_is_left_alone() {
    let with = |costs| PasswordHash::parse(&ARGON2ID.replace("m=19456,t=2,p=1", costs)).unwrap();
    let wanted = Argon2idParams::default();
    for costs in ["m=19455,t=2,p=1", "m=19456,t=1,p=1", "m=65536,t=1,p=4"] {
        assert!(with(costs).needs_upgrade(&wanted), "{costs}");
    }
    for costs in ["m=19456,t=2,p=1", "m=65536,t=3,p=4", "m=19456,t=2,p=2"] {
        assert!(!with(costs).needs_upgrade(&wanted), "{costs}");
    }
}

#[test]
fn a_short_salt_or_tag_needs_an_upgrade() {
    let short_salt = ARGON2ID.replace("eulBsvxG/lLvEunGp0obMA", "c2FsdHNhbHQ");
    let short_tag = ARGON2ID.replace(
        "BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw",
        "BWDaUQm99W7Nosg21LLssg",
    );
    for stored in [short_salt, short_tag] {
        assert!(
            PasswordHash::parse(&stored)
                .unwrap()
                .needs_upgrade(&Argon2idParams::default())
        );
    }
}

#[test]
fn the_argon2_ceilings_are_inclusive() {
    let with = |costs| ARGON2ID.replace("m=19456,t=2,p=1", costs);
    assert!(PasswordHash::parse(&with("m=262144,t=10,p=16")).is_ok());
    for costs in [
        "m=262145,t=10,p=16",
        "m=262144,t=11,p=16",
        "m=262144,t=10,p=17",
    ] {
        assert!(is_too_costly(&with(costs)), "{costs}");
    }
}

#[test]
fn the_scrypt_ceilings_are_inclusive() {
    let with = |costs| SCRYPT.replace("16384:8:1", costs);
    for costs in ["131072:8:1", "131072:8:4", "2:64:1", "1048576:1:1"] {
        assert!(PasswordHash::parse(&with(costs)).is_ok(), "{costs}");
    }
    for costs in [
        "262144:8:1",
        "131072:16:1",
        "131072:8:5",
        "2:65:1",
        "2097152:1:1",
    ] {
        assert!(is_too_costly(&with(costs)), "{costs}");
    }
}

#[test]
fn the_pbkdf2_ceiling_is_inclusive() {
    let with = |count| PBKDF2.replace(":1000$", count);
    assert!(PasswordHash::parse(&with(":2000000$")).is_ok());
    assert!(is_too_costly(&with(":2000001$")));
}

#[test]
fn weak_pbkdf2_forms_are_accepted_only_by_their_own_setting() {
    let few = PBKDF2.replace(":1000$", ":999$");
    let sha1 = "pbkdf2:sha1:1000$salt$0123456789abcdef0123456789abcdef01234567";
    assert!(is_unsupported(&few));
    assert!(is_unsupported(sha1));
    let digests = AcceptedForms {
        other_pbkdf2_digests: true,
        ..AcceptedForms::default()
    };
    let iterations = AcceptedForms {
        few_pbkdf2_iterations: true,
        ..AcceptedForms::default()
    };
    assert!(PasswordHash::parse_with(sha1, digests).is_ok());
    assert!(PasswordHash::parse_with(sha1, iterations).is_err());
    assert!(PasswordHash::parse_with(&few, iterations).is_ok());
    assert!(PasswordHash::parse_with(&few, digests).is_err());
}

#[test]
fn a_count_that_is_absent_is_taken_from_the_settings_or_refused() {
    // The password is `pw`.
    let absent = PBKDF2.replace(":1000$", "$");
    assert!(is_unsupported(&absent));
    let accepting = |count| AcceptedForms {
        iterations_when_absent: std::num::NonZeroU32::new(count),
        ..AcceptedForms::default()
    };
    let hash = PasswordHash::parse_with(&absent, accepting(1000)).unwrap();
    assert_eq!(hash.as_str(), absent);
    assert!(verify(&hash, "pw"));
    let hash = PasswordHash::parse_with(&absent, accepting(1001)).unwrap();
    assert!(!verify(&hash, "pw"));
    assert!(PasswordHash::parse_with(&absent, accepting(999)).is_err());
    assert!(PasswordHash::parse_with(&absent, accepting(2_000_001)).is_err());
}

#[test]
fn known_forms_that_are_not_verified_are_unsupported_and_unknown_ones_corrupt() {
    for stored in [
        "$2b$12$abcdefghijklmnopqrstuuJf0oPz0vZkW1l7YQpBzF2zWqZ3c4kZi",
        "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$3W5ioQFVf1VJQSxSGTDJZuZHSj8lXllaMjXmmzx3s2I",
        "pbkdf2_sha256$600000$salt$aGFzaA==",
        "plain$$secret",
        "md5$salt$0123456789abcdef0123456789abcdef",
        "pbkdf2:md5:1000$salt$0123456789abcdef0123456789abcdef",
    ] {
        assert!(is_unsupported(stored), "{stored}");
    }
    for stored in ["", "secret", "$", "$$", "!", "argon9:1$a$b", "$argon2id"] {
        assert!(is_corrupt(stored), "{stored}");
    }
}

#[test]
fn a_string_above_the_length_ceiling_is_too_costly_to_look_at() {
    let salt = "s".repeat(512 - PBKDF2.len() + "YjSVATsIytVhXwiz".len());
    let longest = PBKDF2.replace("YjSVATsIytVhXwiz", &salt);
    assert_eq!(longest.len(), 512);
    assert!(PasswordHash::parse(&longest).is_ok());
    assert!(is_too_costly(
        &longest.replace("pbkdf2:sha256", "pbkdf2:sha2566")
    ));
}

#[test]
fn messages_do_not_repeat_the_stored_string() {
    for stored in [
        "canary",
        "plain$$canary",
        "pbkdf2:canary:1000$canary$canary",
        "scrypt:1:canary",
    ] {
        let message = PasswordHash::parse(stored).unwrap_err().to_string();
        assert!(!message.contains("canary"), "{message}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(stored in any::<String>()) {
        let _ = PasswordHash::parse(&stored);
    }

    #[test]
    fn no_text_of_the_formats_alphabet_makes_the_parser_panic(
        stored in r"(\$argon2id\$|scrypt:|pbkdf2:)(v=19|sha256|[0-9]{0,12}|[:$,=mtp]|[A-Za-z0-9+/]{0,64}){0,12}"
    ) {
        let _ = PasswordHash::parse(&stored);
    }

    #[test]
    fn a_changed_character_never_makes_the_parser_panic_and_what_parses_is_kept(
        which in 0usize..3, at in any::<prop::sample::Index>(), with in any::<char>()
    ) {
        let mut chars: Vec<char> = [ARGON2ID, PBKDF2, SCRYPT][which].chars().collect();
        let at = at.index(chars.len());
        chars[at] = with;
        let stored: String = chars.into_iter().collect();
        if let Ok(hash) = PasswordHash::parse(&stored) {
            prop_assert_eq!(hash.as_str(), stored);
            prop_assert!(hash.memory_kib() <= 256 * 1024);
        }
    }

    #[test]
    fn an_argon2id_string_that_parses_is_the_only_spelling_of_its_value(
        m in 8u32..262_144, t in 1u32..10,
        salt in proptest::collection::vec(any::<u8>(), 8..=64),
        tag in proptest::array::uniform32(any::<u8>()),
    ) {
        use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD as B64};
        let stored =
            format!("$argon2id$v=19$m={m},t={t},p=1${}${}", B64.encode(salt), B64.encode(tag));
        let hash = PasswordHash::parse(&stored).unwrap();
        let Form::Argon2id(parts) = &hash.form else { panic!("not Argon2id") };
        prop_assert_eq!(parts.encode(), stored);
    }
}

use super::*;
use proptest::prelude::*;

const ARGON2ID: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";
const PBKDF2: &str = "pbkdf2:sha256:1000$YjSVATsIytVhXwiz$78238362a4cc756cbbe9d81b65074394b55d7f3f5b28021891eaa8dd2045b987";
const BCRYPT: &str = "$2b$12$MKXFEsafxsZSZnqrPKXPVebFm2ViTk228GFUeT96fPuOvw5NYDyVS";
const SCRYPT: &str = "scrypt:16384:8:1$X0sJAUQ501FO24nc$b0ea83d7de8912c5588e163ed114f51e274d9362cbd9b0cb3f9b8956cb8d521fe15451560b03aaf359b68c6ec0648415a031311b673ff56fcc91ef53ce4d8cf4";

/// One of each notation.
const VALID: [&str; 16] = [
    ARGON2ID,
    PBKDF2,
    SCRYPT,
    BCRYPT,
    "$pbkdf2-sha256$29000$HEOoNabUWkupVYqR0jpnzA$HDu5K3IZ2sx8bSkaNqWNG3MKxaK9oL7ANK1niRbdOSg",
    "$pbkdf2-sha256$i=600000,l=32$cUo3dFZ4MkxtTjBhQmNEZQ$HkOKAMP4CwPev9Csw1+JT0PqXkPZZ2XV5sId9a7kP9c",
    "$scrypt$ln=15,r=8,p=1$WwthjFHKmVPKGWOMEeLc+w$gWVD7wnkyEYQFAy9G8V/qWAqfUXkVi5U+82GJNRqSoU",
    "$bcrypt-sha256$v=2,t=2b,r=12$DZ9FIc53QXE24HrugrS6Pe$MjYWXPucim3TL4azEjKqExbx.wIsmU2",
    "$bcrypt-sha256$2b,12$Oc5g8hMlAwba8/saSuutI.$JVhNtSQOZBgYBAXG7FJ2w6R9nzOQhyy",
    "pbkdf2_sha256$150000$qofCLNbdOIqW$MmppemW+d2v4FgZOoDi8Sa+ghK3SSAAOxnTptQUhO7o=",
    "scrypt$16384$PnXU1RlkwPzSMO9waCg7d6$8$5$yTWLTrzqnzr1T8HELi4z+n4tXqfvLEplTWPZMwE/XjRheRTd1IA3OzTXwAZvGhTQRqGjE5FKGzb3s5icZRnBMw==",
    "argon2$argon2i$v=19$m=512,t=2,p=2$c1dkZFN4VlBPVnE0$61tkJOsWQkfJr2wBbPAsAQeUuk1GToA5LIc4FXLdGo8",
    "bcrypt_sha256$$2b$12$zsIf1gVA5vnEOMFNRorVRerGsdsb1UdDOb9JkdrDCTkOA.I377mXG",
    "sha256$XMJYq4q2$4b5fbb3115255b4ab1d7d736c250bec0f83a5ee9e210169bbdde29abebf6d598",
    "9cc2ae8a1ba7a93da39b46fc1019c481",
    "plain$$correct horse battery staple",
];

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
    let raw = argon2::Argon2Hash::compute(password.as_bytes(), &weakest(), [1; SALT_BYTES], memory);
    let stored = raw.unwrap().encode();
    assert!(verify(&PasswordHash::parse(&stored).unwrap(), password));
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
    let dummy = PasswordHash::dummy(&weakest().into(), [1; 16], [2; 16]).unwrap();
    assert_eq!(dummy.memory_kib(), 7_168);
    let parsed = PasswordHash::parse(dummy.as_str()).unwrap();
    assert!(!parsed.needs_upgrade(&weakest().into()));
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
                .needs_upgrade(&weakest().into())
        );
    }
}

#[test]
fn weaker_argon2id_needs_an_upgrade_and_stronger_is_left_alone() {
    let with = |costs| PasswordHash::parse(&ARGON2ID.replace("m=19456,t=2,p=1", costs)).unwrap();
    let wanted = NewHashForm::default();
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
                .needs_upgrade(&NewHashForm::default())
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
    for costs in [
        "131072:8:1",
        "131072:8:4",
        "2:64:1",
        "1048576:1:1",
        "16384:8:16",
    ] {
        assert!(PasswordHash::parse(&with(costs)).is_ok(), "{costs}");
    }
    for costs in [
        "262144:8:1",
        "131072:16:1",
        "131072:8:5",
        "16384:8:17",
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
fn the_bcrypt_ceiling_and_floor_are_inclusive() {
    let with = |cost| BCRYPT.replace("$12$", cost);
    for cost in ["$04$", "$14$"] {
        assert!(PasswordHash::parse(&with(cost)).is_ok(), "{cost}");
    }
    for cost in ["$15$", "$31$", "$99$"] {
        assert!(is_too_costly(&with(cost)), "{cost}");
    }
    for cost in ["$03$", "$00$", "$4$", "$012$", "$+4$", "$$"] {
        assert!(is_corrupt(&with(cost)), "{cost}");
    }
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
    for absent in [absent.as_str(), &PBKDF2.replace(":sha256:1000$", "$")] {
        let hash = PasswordHash::parse_with(absent, &accepting(1000)).unwrap();
        assert_eq!(hash.as_str(), absent);
        assert!(verify(&hash, "pw"));
    }
    let hash = PasswordHash::parse_with(&absent, &accepting(1001)).unwrap();
    assert!(!verify(&hash, "pw"));
    assert!(PasswordHash::parse_with(&absent, &accepting(999)).is_err());
    assert!(PasswordHash::parse_with(&absent, &accepting(2_000_001)).is_err());
}

#[test]
fn scrypt_without_parameters_has_those_that_werkzeug_takes_for_it() {
    let password = Password::parse("correct horse").unwrap();
    let memory = &mut KdfMemory::new(0);
    let written =
        PasswordHash::compute_as(&password, &NewHashForm::WerkzeugScrypt, [1; 16], memory).unwrap();
    let absent = written.as_str().replace("scrypt:32768:8:1$", "scrypt$");
    assert!(verify(
        &PasswordHash::parse(&absent).unwrap(),
        "correct horse"
    ));
}

#[test]
fn known_forms_that_are_not_verified_are_unsupported_corrupt_ones_corrupt_and_others_unknown() {
    for stored in [
        "$2x$12$abcdefghijklmnopqrstuuJf0oPz0vZkW1l7YQpBzF2zWqZ3c4kZi",
        "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$3W5ioQFVf1VJQSxSGTDJZuZHSj8lXllaMjXmmzx3s2I",
        "plain$$secret",
        "md5$salt$0123456789abcdef0123456789abcdef",
        "pbkdf2:md5:1000$salt$0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef",
        "0123456789ABCDEF0123456789ABCDEF01234567",
        "!",
    ] {
        assert!(is_unsupported(stored), "{stored}");
    }
    for stored in [
        "",
        "$argon2id",
        "$2b$12$short",
        "scrypt:1",
        "pbkdf2_sha256$1",
    ] {
        assert!(is_corrupt(stored), "{stored}");
    }
    for stored in [
        "secret",
        "$",
        "$$",
        "scrypt",
        "pbkdf2",
        "0123456789abcdef",
        "!secret",
    ] {
        assert_eq!(
            PasswordHash::parse(stored).unwrap_err(),
            HashFormatError::Unknown,
            "{stored}"
        );
    }
}

#[test]
fn a_refused_form_has_a_label_and_an_advice_that_names_its_setting() {
    let error = PasswordHash::parse("sha256$a$b").unwrap_err();
    assert_eq!(error.label(), "single-pass SHA-256");
    assert!(
        error
            .to_string()
            .contains("werkzeug-retired in hash.accept")
    );
    assert_eq!(
        PasswordHash::parse("secret").unwrap_err().label(),
        "unknown"
    );
    assert_eq!(PasswordHash::parse("").unwrap_err().label(), "corrupt");
}

#[test]
fn a_password_with_a_nul_never_matches_bcrypt() {
    let typed = Password::parse("abc").unwrap();
    let form = NewHashForm::Bcrypt { prehash: false };
    let memory = &mut KdfMemory::new(0);
    let hash = PasswordHash::compute_as(&typed, &form, [1; 16], memory).unwrap();
    assert!(verify(&hash, "abc"));
    // bcrypt repeats its key with a NUL between, so this would be the same key.
    assert!(!verify(&hash, "abc\0abc"));
    assert!(!verify(&hash, "abc\0"));
}

#[test]
fn what_a_plain_bcrypt_refuses_to_read_whole_is_not_hashed() {
    let memory = &mut KdfMemory::new(0);
    let mut write = |text: &str, prehash| {
        let password = Password::parse(text).unwrap();
        PasswordHash::compute_as(&password, &NewHashForm::Bcrypt { prehash }, [1; 16], memory)
    };
    assert!(write(&"a".repeat(72), false).is_ok());
    for text in [&"a".repeat(73), "a\0b", &"ä".repeat(37)] {
        assert_eq!(write(text, false).unwrap_err(), HashError::NotForBcrypt);
        assert!(write(text, true).is_ok());
    }
    let most = NewHashForm::Bcrypt { prehash: false }.most_password_bytes();
    assert_eq!(most, Some(72));
}

#[test]
fn a_new_hash_of_each_form_parses_back_costs_what_it_says_and_verifies_its_password_only() {
    let password = Password::parse("pa\u{308}ss word").unwrap();
    for (form, start, length) in [
        (weakest().into(), "$argon2id$v=19$m=7168,t=5,p=1$", 96),
        (NewHashForm::WerkzeugScrypt, "scrypt:32768:8:1$", 162),
        (NewHashForm::WerkzeugPbkdf2, "pbkdf2:sha256:1000000$", 103),
        (NewHashForm::Bcrypt { prehash: false }, "$2b$12$", 60),
        (NewHashForm::Bcrypt { prehash: true }, "$2b$12$", 60),
    ] {
        let memory = &mut KdfMemory::new(7_168);
        let hash = PasswordHash::compute_as(&password, &form, [7; 16], memory).unwrap();
        assert!(hash.as_str().starts_with(start), "{}", hash.as_str());
        assert_eq!(hash.as_str().len(), length);
        let accepted = AcceptedForms {
            bcrypt_prehash: if form == (NewHashForm::Bcrypt { prehash: true }) {
                BcryptPrehash::On
            } else {
                BcryptPrehash::Off
            },
            ..AcceptedForms::default()
        };
        let parsed = PasswordHash::parse_with(hash.as_str(), &accepted).unwrap();
        assert_eq!(parsed.scheme(), hash.scheme());
        assert_eq!(parsed.memory_kib(), form.memory_kib());
        assert!(!parsed.needs_upgrade(&form));
        let dummy = PasswordHash::dummy(&form, [7; 16], [9; 16]).unwrap();
        assert_eq!(dummy.memory_kib(), form.memory_kib());
        assert_eq!(dummy.scheme(), hash.scheme());
        for hash in [&hash, &parsed] {
            assert!(verify(hash, "pa\u{308}ss word"));
            assert!(!verify(hash, "pa\u{308}ss worD"));
            assert!(!verify(&dummy, "pa\u{308}ss word"));
        }
        // Argon2id is over the composed form, the others over what was typed.
        let is_argon2id = hash.scheme() == Scheme::Argon2id;
        assert_eq!(verify(&hash, "p\u{e4}ss word"), is_argon2id);
    }
}

#[test]
fn a_login_replaces_what_is_weaker_in_the_family_that_is_written_and_nothing_when_it_is_off() {
    let (scrypt, pbkdf2, bcrypt) = (
        NewHashForm::WerkzeugScrypt,
        NewHashForm::WerkzeugPbkdf2,
        NewHashForm::Bcrypt { prehash: false },
    );
    let everything = AcceptedForms {
        groups: FormGroups::EVERY,
        ..AcceptedForms::default()
    };
    let passlib =
        "$pbkdf2-sha256$29000$HEOoNabUWkupVYqR0jpnzA$HDu5K3IZ2sx8bSkaNqWNG3MKxaK9oL7ANK1niRbdOSg";
    let django = "pbkdf2_sha256$150000$qofCLNbdOIqW$MmppemW+d2v4FgZOoDi8Sa+ghK3SSAAOxnTptQUhO7o=";
    // Each with the written forms that replace it, Argon2id apart, which replaces all but itself.
    for (stored, replaced_by) in [
        (SCRYPT.to_owned(), vec![scrypt]),
        (SCRYPT.replace("16384:8:1", "32768:8:1"), vec![]),
        (SCRYPT.replace("16384:8:1", "65536:8:1"), vec![]),
        (PBKDF2.to_owned(), vec![scrypt, pbkdf2]),
        (PBKDF2.replace(":1000$", ":999999$"), vec![scrypt, pbkdf2]),
        (PBKDF2.replace(":1000$", ":1000000$"), vec![scrypt]),
        (
            "pbkdf2:sha1:1000000$salt$0123456789abcdef0123456789abcdef01234567".to_owned(),
            vec![scrypt, pbkdf2],
        ),
        (
            "sha224$salt$0123456789abcdef0123456789abcdef0123456789abcdef01234567".to_owned(),
            vec![scrypt, pbkdf2],
        ),
        ("plain$$secret".to_owned(), vec![scrypt, pbkdf2]),
        (BCRYPT.to_owned(), vec![]),
        (BCRYPT.replace("$12$", "$11$"), vec![bcrypt]),
        (format!("bcrypt${}", BCRYPT.replace("$12$", "$11$")), vec![]),
        (passlib.to_owned(), vec![]),
        (django.to_owned(), vec![]),
        (ARGON2ID.replace("m=19456", "m=8"), vec![]),
    ] {
        let hash = PasswordHash::parse_with(&stored, &everything).unwrap();
        for form in [scrypt, pbkdf2, bcrypt] {
            let expected = replaced_by.contains(&form);
            assert_eq!(
                Rehash::Weaker.replaces(&hash, &form),
                expected,
                "{stored} {form:?}"
            );
            assert!(!Rehash::Off.replaces(&hash, &form));
        }
        assert!(
            Rehash::Weaker.replaces(&hash, &NewHashForm::default()),
            "{stored}"
        );
        assert!(!Rehash::Off.replaces(&hash, &NewHashForm::default()));
    }
}

#[test]
fn a_string_that_both_wrote_is_read_as_the_settings_say_and_as_both_when_they_say_so() {
    // HMAC-MD5 with the key `salt`, and MD5 of `salt` and the password, for `pw`.
    let (werkzeug, django) = (
        "md5$salt$efb20435ebb55a56eb867c1af4d7eec8",
        "md5$salt$963e2232fa95666443f1ee9ffcdceda0",
    );
    let with = |groups| AcceptedForms {
        groups,
        ..AcceptedForms::default()
    };
    let retired = FormGroups::NONE.with(FormGroup::WerkzeugRetired);
    let legacy = FormGroups::NONE.with(FormGroup::DjangoLegacy);
    let both = retired.with(FormGroup::DjangoLegacy);
    for (stored, groups, right) in [
        (werkzeug, retired, true),
        (werkzeug, legacy, false),
        (werkzeug, both, true),
        (django, retired, false),
        (django, legacy, true),
        (django, both, true),
    ] {
        let hash = PasswordHash::parse_with(stored, &with(groups)).unwrap();
        assert_eq!(verify(&hash, "pw"), right, "{stored} {groups:?}");
        assert!(!verify(&hash, "pW"));
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

#[test]
fn one_of_each_notation_parses() {
    let accepted = AcceptedForms {
        groups: FormGroups::EVERY,
        ..AcceptedForms::default()
    };
    let schemes: std::collections::HashSet<_> = VALID
        .into_iter()
        .map(|stored| {
            PasswordHash::parse_with(stored, &accepted)
                .unwrap()
                .scheme()
        })
        .collect();
    assert_eq!(schemes.len(), 14);
}

proptest! {
    /// Answers RUSTSEC-2026-0199.
    #[test]
    fn no_text_makes_the_parser_panic(stored in any::<String>()) {
        let _ = PasswordHash::parse(&stored);
    }

    #[test]
    fn no_text_of_the_formats_alphabet_makes_the_parser_panic(
        stored in r"(\$argon2(id|i|d)?\$|scrypt[:$]|pbkdf2[:$_]|\$pbkdf2(-sha256)?\$|\$scrypt\$|bcrypt(_sha256)?\$|\$bcrypt-sha256\$|\$2[abxy]?\$|md5\$|plain\$|!|\{SSHA\})(v=19|v=2|2b|sha256|[0-9]{0,12}|[:$,=mtprnil]|[A-Za-z0-9+/.]{0,64}){0,12}"
    ) {
        for groups in [FormGroups::NONE, FormGroups::EVERY] {
            let accepted = AcceptedForms { groups, ..AcceptedForms::default() };
            let _ = PasswordHash::parse_with(&stored, &accepted);
        }
    }

    #[test]
    fn a_changed_character_never_makes_the_parser_panic_and_what_parses_is_kept_and_bounded(
        which in 0..VALID.len(), at in any::<prop::sample::Index>(), with in any::<char>(),
        cut in any::<prop::sample::Index>()
    ) {
        let mut chars: Vec<char> = VALID[which].chars().collect();
        let at = at.index(chars.len());
        chars[at] = with;
        let changed: String = chars.iter().collect();
        let shortened: String = chars[..cut.index(chars.len())].iter().collect();
        let accepted = AcceptedForms { groups: FormGroups::EVERY, ..AcceptedForms::default() };
        for stored in [changed, shortened] {
            if let Ok(hash) = PasswordHash::parse_with(&stored, &accepted) {
                prop_assert_eq!(hash.as_str(), stored);
                prop_assert!(hash.memory_kib() <= 256 * 1024);
            }
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
        let Form::Argon2(parts) = &hash.form else { panic!("not Argon2id") };
        prop_assert_eq!(parts.encode(), stored);
    }
}

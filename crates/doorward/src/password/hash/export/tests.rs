use super::super::{AcceptedForms, BcryptPrehash, FormGroups};
use super::*;
use crate::secret::Secret;
use ExportTarget::{Django, Keycloak, Kratos, Werkzeug, Zitadel};
use std::sync::Arc;

const TARGETS: [ExportTarget; 5] = [Kratos, Zitadel, Keycloak, Werkzeug, Django];

/// `correct horse battery staple`, verified with Werkzeug 3.1.9.
const PBKDF2: &str = "pbkdf2:sha256:600000$qJ7tVx2LmN0aBcDe$1e438a00c3f80b03debfd0acc35f894f43ea5e43d96765d5e6c21df5aee43fd7";
const SCRYPT: &str = "scrypt:32768:8:1$qJ7tVx2LmN0aBcDe$c0ccbd79327b4916c647996a06b8fb2e831dd59b76d4d1339111af221ca17059ade4226c9b5b0d35fbe192a1948f394fa6c2b2842ba7741424c96db5c16863a0";
const BCRYPT: &str = "$2b$12$ArCbUCh5ZHKM04Qwv0RYreOWP/Wnn/kijGqUClhdoV48YiHgtGJEO";
const ARGON2ID: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";
const PASSLIB: &str =
    "$pbkdf2-sha256$29000$HEOoNabUWkupVYqR0jpnzA$HDu5K3IZ2sx8bSkaNqWNG3MKxaK9oL7ANK1niRbdOSg";

fn every() -> AcceptedForms {
    AcceptedForms {
        groups: FormGroups::EVERY,
        ..AcceptedForms::default()
    }
}

fn with_prehash(prehash: BcryptPrehash) -> AcceptedForms {
    AcceptedForms {
        bcrypt_prehash: prehash,
        ..every()
    }
}

fn exported(stored: &str, target: ExportTarget) -> String {
    exported_with(stored, target, &every()).unwrap()
}

fn exported_with(
    stored: &str,
    target: ExportTarget,
    accepted: &AcceptedForms,
) -> Result<String, NotConvertible> {
    let hash = PasswordHash::parse_with(stored, accepted).unwrap();
    Ok(hash.export(target)?.expose().to_owned())
}

#[track_caller]
fn is_refused(stored: &str, targets: &[ExportTarget]) {
    for target in targets {
        let result = exported_with(stored, *target, &every());
        let refused = result.expect_err(&format!("{stored} to {target}"));
        assert_eq!(refused.target, *target);
        assert!(refused.to_string().contains(&target.to_string()));
    }
}

#[test]
fn werkzeug_s_pbkdf2_is_what_the_worked_examples_have() {
    assert_eq!(
        exported(PBKDF2, Kratos),
        "$pbkdf2-sha256$i=600000,l=32$cUo3dFZ4MkxtTjBhQmNEZQ$HkOKAMP4CwPev9Csw1+JT0PqXkPZZ2XV5sId9a7kP9c"
    );
    assert_eq!(
        exported(PBKDF2, Zitadel),
        "$pbkdf2-sha256$600000$cUo3dFZ4MkxtTjBhQmNEZQ$HkOKAMP4CwPev9Csw1.JT0PqXkPZZ2XV5sId9a7kP9c"
    );
    assert_eq!(
        exported(PBKDF2, Django),
        "pbkdf2_sha256$600000$qJ7tVx2LmN0aBcDe$HkOKAMP4CwPev9Csw1+JT0PqXkPZZ2XV5sId9a7kP9c="
    );
    assert_eq!(exported(PBKDF2, Werkzeug), PBKDF2);
}

#[test]
fn werkzeug_s_scrypt_keeps_its_padding_for_kratos_and_loses_it_for_zitadel() {
    let hash =
        "wMy9eTJ7SRbGR5lqBrj7LoMd1Zt21NEzkRGvIhyhcFmt5CJsm1sNNfvhkqGUjzlPpsKyhCundBQkyW21wWhjoA";
    assert_eq!(
        exported(SCRYPT, Kratos),
        format!("$scrypt$ln=32768,r=8,p=1$cUo3dFZ4MkxtTjBhQmNEZQ==${hash}==")
    );
    assert_eq!(
        exported(SCRYPT, Zitadel),
        format!("$scrypt$ln=15,r=8,p=1$cUo3dFZ4MkxtTjBhQmNEZQ${hash}")
    );
    assert_eq!(exported(SCRYPT, Werkzeug), SCRYPT);
    is_refused(SCRYPT, &[Keycloak, Django]);
}

#[test]
fn keycloak_gets_json_whose_two_parts_are_json_in_strings() {
    let parts = |stored| {
        let credential: serde_json::Value =
            serde_json::from_str(&exported(stored, Keycloak)).unwrap();
        assert_eq!(credential["type"], "password");
        ["secretData", "credentialData"].map(|part| {
            let text = credential[part].as_str().unwrap();
            serde_json::from_str::<serde_json::Value>(text).unwrap()
        })
    };
    assert_eq!(
        parts(PBKDF2),
        [
            json!({"value": "HkOKAMP4CwPev9Csw1+JT0PqXkPZZ2XV5sId9a7kP9c=", "salt": "cUo3dFZ4MkxtTjBhQmNEZQ=="}),
            json!({"hashIterations": 600_000, "algorithm": "pbkdf2-sha256", "additionalParameters": {}}),
        ]
    );
    assert_eq!(
        parts(ARGON2ID),
        [
            json!({"value": "BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw=", "salt": "eulBsvxG/lLvEunGp0obMA=="}),
            json!({"hashIterations": 2, "algorithm": "argon2", "additionalParameters": {
                "type": ["id"], "version": ["1.3"], "hashLength": ["32"],
                "memory": ["19456"], "parallelism": ["1"]}}),
        ]
    );
}

#[test]
fn argon2id_is_the_same_string_nearly_everywhere() {
    for target in [Kratos, Zitadel] {
        assert_eq!(exported(ARGON2ID, target), ARGON2ID);
        assert_eq!(exported(&format!("argon2{}", &ARGON2ID), target), ARGON2ID);
    }
    assert_eq!(exported(ARGON2ID, Django), format!("argon2{ARGON2ID}"));
    is_refused(ARGON2ID, &[Werkzeug]);
    is_refused(&ARGON2ID.replace("id$", "d$"), &[Kratos, Zitadel, Werkzeug]);
    is_refused(
        &ARGON2ID.replace("v=19", "v=16"),
        &[Kratos, Zitadel, Django, Werkzeug],
    );
}

#[test]
fn bcrypt_is_handed_over_as_it_is_and_over_a_digest_only_to_django() {
    for target in [Kratos, Zitadel] {
        assert_eq!(exported(BCRYPT, target), BCRYPT);
        assert_eq!(exported(&format!("bcrypt${BCRYPT}"), target), BCRYPT);
    }
    assert_eq!(exported(BCRYPT, Django), format!("bcrypt${BCRYPT}"));
    is_refused(BCRYPT, &[Keycloak, Werkzeug]);
    let on = with_prehash(BcryptPrehash::On);
    assert_eq!(
        exported_with(BCRYPT, Django, &on).unwrap(),
        format!("bcrypt_sha256${BCRYPT}")
    );
    let either = with_prehash(BcryptPrehash::Either);
    for target in TARGETS {
        assert!(exported_with(BCRYPT, target, &either).is_err());
        assert!(target == Django || exported_with(BCRYPT, target, &on).is_err());
    }
}

#[test]
fn a_salt_that_is_no_text_stays_where_bytes_are_written() {
    for target in [Kratos, Zitadel, Keycloak] {
        exported(PASSLIB, target);
    }
    is_refused(PASSLIB, &[Werkzeug, Django]);
    let with_text = PBKDF2.replace("pbkdf2:sha256", "pbkdf2:sha512");
    let hash = PASSLIB.rsplit('$').next().unwrap();
    let text_salt = format!("$pbkdf2-sha256$29000$cUo3dFZ4MkxtTjBhQmNEZQ${hash}");
    assert!(exported(&text_salt, Werkzeug).starts_with("pbkdf2:sha256:29000$qJ7tVx2LmN0aBcDe$"));
    assert!(PasswordHash::parse(&with_text).is_err());
    // A `$` would end the salt.
    is_refused(
        &format!("$pbkdf2-sha256$29000$YSRi${hash}"),
        &[Werkzeug, Django],
    );
}

#[test]
fn what_a_system_does_differently_is_refused() {
    let sha384 = format!("pbkdf2:sha384:5000$salt${}", "0".repeat(96));
    let sha512 = format!("pbkdf2:sha512:5000$salt${}", "0".repeat(128));
    // Kratos takes the name for SHA-3.
    is_refused(&sha384, &[Kratos, Keycloak, Django]);
    is_refused(&sha512, &[Django]);
    assert!(exported(&sha512, Kratos).starts_with("$pbkdf2-sha512$i=5000,l=64$"));
    let p11 = SCRYPT.replace("32768:8:1", "1024:8:11");
    is_refused(&p11, &[Kratos]);
    assert!(exported(&p11, Django).starts_with("scrypt$1024$qJ7tVx2LmN0aBcDe$8$11$"));
    for retired in [
        "plain$$secret",
        "md5$salt$0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef",
    ] {
        is_refused(retired, &TARGETS);
    }
}

#[test]
fn a_hash_that_may_be_double_is_refused_and_werkzeug_s_never_is() {
    let accepted = AcceptedForms {
        flask_security_salt: Some(Arc::new(Secret::from_text("salt".to_owned()))),
        ..every()
    };
    for target in TARGETS {
        for stored in [BCRYPT, ARGON2ID, PASSLIB] {
            assert!(exported_with(stored, target, &accepted).is_err());
        }
        assert!(exported_with(PBKDF2, target, &accepted).is_ok());
    }
}

#[test]
fn a_missing_count_is_written_out() {
    let accepted = AcceptedForms {
        iterations_when_absent: std::num::NonZeroU32::new(600_000),
        ..every()
    };
    let absent = PBKDF2.replace(":600000", "");
    assert_eq!(exported_with(&absent, Werkzeug, &accepted).unwrap(), PBKDF2);
}

#[test]
fn an_exported_hash_and_a_refusal_show_nothing_of_it() {
    let hash = PasswordHash::parse(PBKDF2).unwrap();
    let shown = format!("{:?}", hash.export(Kratos).unwrap());
    assert!(!shown.contains("pbkdf2"), "{shown}");
    let plain = PasswordHash::parse_with("plain$$canary", &every()).unwrap();
    let shown = format!("{:?}", plain.export(Kratos));
    assert!(!shown.contains("canary"), "{shown}");
}

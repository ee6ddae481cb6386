//! Password hashes against the real libraries: what we write they verify, what they write we verify.
//!
//! `DOORWARD_PYTHON` names a Python with Werkzeug, passlib, bcrypt, argon2-cffi and Django. Without it nothing runs; with
//! `DOORWARD_REQUIRE_ALL=1` that is a failure.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a test that can not go on should stop"
)]

mod oracle;

use doorward::password::{
    AcceptedForms, ExportTarget, FormGroups, KdfMemory, NewHashForm, Password, PasswordHash,
    SaltSource,
};
use serde_json::{Value, json};

const SCRIPT: &str = "hashes.py";

const PASSWORDS: [&str; 4] = [
    "correct horse battery staple",
    "pa\u{308}ssw\u{f6}rd – 密码 🔐",
    "  leading and trailing  ",
    "$2b$12$looks.like.a.hash",
];

fn write(password: &str, form: NewHashForm) -> String {
    let salt = SaltSource::operating_system().draw().unwrap();
    let password = Password::parse(password).unwrap();
    let memory = &mut KdfMemory::new(19_456);
    let hash = PasswordHash::compute_as(&password, &form, salt, memory).unwrap();
    hash.as_str().to_owned()
}

fn verify(hash: &str, password: &str) -> bool {
    let accepted = AcceptedForms {
        groups: FormGroups::EVERY,
        ..AcceptedForms::default()
    };
    let hash = PasswordHash::parse_with(hash, &accepted).unwrap_or_else(|e| panic!("{hash}: {e}"));
    hash.verify(
        &Password::parse(password).unwrap(),
        &mut KdfMemory::new(19_456),
    )
    .unwrap()
}

#[test]
fn the_libraries_verify_what_we_write_and_not_another_password() {
    let Some(python) = oracle::python() else {
        return;
    };
    let (mut asked, mut expected) = (Vec::new(), Vec::new());
    for password in PASSWORDS {
        for (library, form) in [
            ("werkzeug", NewHashForm::WerkzeugScrypt),
            ("werkzeug", NewHashForm::WerkzeugPbkdf2),
            ("bcrypt", NewHashForm::Bcrypt { prehash: false }),
            ("passlib", NewHashForm::default()),
        ] {
            let text = match form {
                // Over the composed form, so that is what another library must be given.
                NewHashForm::Argon2id(_) => password.replace("a\u{308}", "\u{e4}"),
                _ => password.to_owned(),
            };
            let hash = write(password, form);
            asked.push(json!({"library": library, "password": text, "hash": hash}));
            expected.push(json!(true));
            asked.push(json!({"library": library, "password": format!("{text}x"), "hash": hash}));
            expected.push(json!(false));
        }
    }
    let request = json!({"verify": asked, "make": []});
    let answer = oracle::ask(&python, SCRIPT, &request);
    assert_eq!(answer["verified"], Value::from(expected));
}

#[test]
fn bcrypt_over_the_digest_verifies_with_the_digest() {
    use sha2::{Digest as _, Sha256};
    let Some(python) = oracle::python() else {
        return;
    };
    let password = "a".repeat(100);
    let hash = write(&password, NewHashForm::Bcrypt { prehash: true });
    let digits = Sha256::digest(&password);
    let digits = digits.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digest: Option<String> = digits
        .map(|digit| char::from_digit(digit.into(), 16))
        .collect();
    let request = json!({
        "verify": [{"library": "bcrypt", "password": digest, "hash": hash}], "make": [],
    });
    let answer = oracle::ask(&python, SCRIPT, &request);
    assert_eq!(answer["verified"], json!([true]));
}

#[test]
fn we_verify_what_the_libraries_write_and_not_another_password() {
    let Some(python) = oracle::python() else {
        return;
    };
    let methods = [
        ("werkzeug", "scrypt"),
        ("werkzeug", "scrypt:16384:8:2"),
        ("werkzeug", "pbkdf2"),
        ("werkzeug", "pbkdf2:sha512:5000"),
        ("werkzeug", "pbkdf2:sha1:5000"),
        ("bcrypt", ""),
        ("passlib", "pbkdf2_sha1"),
        ("passlib", "pbkdf2_sha256"),
        ("passlib", "pbkdf2_sha512"),
        ("passlib", "scrypt"),
        ("passlib", "argon2"),
        ("passlib", "bcrypt"),
        ("passlib", "bcrypt_sha256"),
        ("django", "pbkdf2_sha256"),
        ("django", "pbkdf2_sha1"),
        ("django", "argon2"),
        ("django", "bcrypt_sha256"),
        ("django", "bcrypt"),
        ("django", "scrypt"),
    ];
    let (mut asked, mut passwords) = (Vec::new(), Vec::new());
    for password in &PASSWORDS[..2] {
        for (library, method) in methods {
            asked.push(json!({"library": library, "method": method, "password": password}));
            passwords.push(*password);
        }
    }
    let request = json!({"verify": [], "make": asked});
    let answer = oracle::ask(&python, SCRIPT, &request);
    let made = answer["made"].as_array().unwrap();
    assert_eq!(made.len(), passwords.len());
    for (hash, password) in made.iter().zip(passwords) {
        let hash = hash.as_str().unwrap();
        assert!(verify(hash, password), "{hash}");
        assert!(!verify(hash, &format!("{password}x")), "{hash}");
    }
}

/// Every hash that the libraries make goes through every conversion that there is, and the system it is for verifies the
/// password it had.
#[test]
fn what_we_export_verifies_where_it_goes_and_another_password_does_not() {
    let Some(python) = oracle::python() else {
        return;
    };
    let password = PASSWORDS[1];
    let methods = [
        ("werkzeug", "scrypt"),
        ("werkzeug", "scrypt:8192:8:1"),
        ("werkzeug", "pbkdf2:sha256:5000"),
        ("werkzeug", "pbkdf2:sha512:5000"),
        ("werkzeug", "pbkdf2:sha1:5000"),
        ("bcrypt", ""),
        ("passlib", "pbkdf2_sha1"),
        ("passlib", "pbkdf2_sha512"),
        ("passlib", "scrypt"),
        ("passlib", "argon2"),
        ("django", "pbkdf2_sha256"),
        ("django", "argon2"),
        ("django", "bcrypt_sha256"),
        ("django", "scrypt"),
    ];
    let asked: Vec<Value> = methods
        .iter()
        .map(
            |(library, method)| json!({"library": library, "method": method, "password": password}),
        )
        .collect();
    let answer = oracle::ask(&python, SCRIPT, &json!({"verify": [], "make": asked}));
    let accepted = AcceptedForms {
        groups: FormGroups::EVERY,
        ..AcceptedForms::default()
    };
    let (mut asked, mut converted) = (Vec::new(), [0; 5]);
    for made in answer["made"].as_array().unwrap() {
        let hash = PasswordHash::parse_with(made.as_str().unwrap(), &accepted).unwrap();
        for (place, (target, library)) in [
            (ExportTarget::Kratos, "kratos"),
            (ExportTarget::Zitadel, "zitadel"),
            (ExportTarget::Keycloak, "keycloak"),
            (ExportTarget::Werkzeug, "werkzeug"),
            (ExportTarget::Django, "django"),
        ]
        .into_iter()
        .enumerate()
        {
            let Ok(exported) = hash.export(target) else {
                continue;
            };
            converted[place] += 1;
            for typed in [password.to_owned(), format!("{password}x")] {
                asked.push(
                    json!({"library": library, "password": typed, "hash": exported.expose()}),
                );
            }
        }
    }
    assert_eq!(converted, [13, 13, 8, 7, 9]);
    let expected: Vec<Value> = asked
        .iter()
        .map(|item| json!(item["password"] == password))
        .collect();
    let request = json!({"verify": asked, "make": []});
    let answer = oracle::ask(&python, SCRIPT, &request);
    for (place, answered) in answer["verified"].as_array().unwrap().iter().enumerate() {
        assert_eq!(answered, &expected[place], "{}", asked[place]);
    }
}

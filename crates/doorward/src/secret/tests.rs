use super::*;

fn verdict(text: &str) -> Result<(), WeakSecret> {
    Secret::from_text(text.to_owned()).check_strength()
}

#[test]
fn debug_shows_nothing_of_a_secret() {
    let shown = format!("{:?}", Secret::from_text("supersecretkey".to_owned()));
    assert_eq!(shown, "Secret(redacted)");
}

#[test]
fn secrets_are_equal_when_every_byte_is() {
    let secret = |text: &str| Secret::from_text(text.to_owned());
    assert_eq!(secret("abc"), secret("abc"));
    assert_ne!(secret("abc"), secret("abd"));
    assert_ne!(secret("abc"), secret("abc "));
}

#[test]
fn the_bytes_of_a_text_are_the_key_untouched() {
    assert_eq!(
        Secret::from_text(" é\n".to_owned()).expose(),
        b" \xc3\xa9\n"
    );
}

#[test]
fn samples_that_everyone_knows_are_refused_in_any_case() {
    for text in [
        "supersecretkey",
        "MyVeryStrongSecretKey",
        "secret",
        "changeme",
        "CHANGEME\n",
        "your-256-bit-secret",
        "dev",
        "super-secret",
        "your_secret_key",
        "a-string-secret-at-least-256-bits-long",
        "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
        "_5#y2L\"F4Q8z\\n\\xec]/",
        "django-insecure-0k!v*#q2g8s9d7f6h5j4k3l2",
    ] {
        assert_eq!(verdict(text), Err(WeakSecret::WellKnown), "{text}");
    }
    let flask = Secret::new(b"_5#y2L\"F4Q8z\n\xec]/".to_vec());
    assert_eq!(flask.check_strength(), Err(WeakSecret::WellKnown));
}

#[test]
fn less_than_32_bytes_is_refused_and_32_are_enough() {
    let thirty_two = "k3J9x!vQ0pLr7TzW2mYb5NcD8fGhS1aE";
    assert_eq!(verdict(thirty_two), Ok(()));
    assert_eq!(
        verdict(&thirty_two[1..]),
        Err(WeakSecret::TooShort { bytes: 31 })
    );
    assert_eq!(verdict(""), Err(WeakSecret::TooShort { bytes: 0 }));
}

#[test]
fn a_text_that_repeats_itself_is_refused_however_long() {
    for text in [
        "a".repeat(64),
        "ab".repeat(40),
        "passwordpassword".repeat(4),
        "0123456789abcdef0123456789abcdef".to_owned(),
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabcdefg".to_owned(),
        "111222333111222333444111222333444".to_owned(),
        "k3J9x!vQ0pLr7TzW".repeat(2) + "k3J",
    ] {
        assert_eq!(verdict(&text), Err(WeakSecret::Monotonous), "{text}");
    }
    let counting = Secret::new((0..64).collect());
    assert_eq!(counting.check_strength(), Err(WeakSecret::Monotonous));
}

#[test]
fn what_openssl_prints_is_accepted() {
    for text in [
        "u1Zt6bq3Cz0Y5p0S0b9fJwW5xkFqf1l3yq0m7m5sYbE=",
        "f47ac10b58cc4372a5670e02b2c3d479e1d2c3b4a5968778695a4b3c2d1e0f00",
    ] {
        assert_eq!(verdict(text), Ok(()), "{text}");
    }
}

#[test]
fn the_messages_say_how_to_make_a_good_one() {
    for error in [
        WeakSecret::WellKnown,
        WeakSecret::TooShort { bytes: 5 },
        WeakSecret::Monotonous,
    ] {
        assert!(
            error.to_string().contains("openssl rand -base64 32"),
            "{error}"
        );
    }
}

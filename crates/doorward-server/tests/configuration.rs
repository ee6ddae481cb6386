//! The built binary: configuration and usage errors as a shell sees them.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "a test may stop at once"
)]

use std::process::{Command, Output};

/// Runs `doorward` in an empty directory with only these variables.
fn doorward(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_doorward"))
        .args(arguments)
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(directory.path())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_refused_configuration_ends_with_code_two_and_three_lines() {
    let output = doorward(&["config", "check"], &[("DOORWARD_LISEN", "x")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let error = text(&output.stderr);
    assert_eq!(error.lines().count(), 3, "{error}");
    assert!(error.contains("did you mean DOORWARD_LISTEN?"), "{error}");
}

#[test]
fn a_secret_as_an_argument_ends_with_code_two_and_is_not_repeated() {
    let output = doorward(&["serve", "--secret-key=canary"], &[]);
    assert_eq!(output.status.code(), Some(2));
    let error = text(&output.stderr);
    assert!(error.contains("DOORWARD_SECRET_KEY_FILE"), "{error}");
    assert!(!error.contains("canary"), "{error}");
}

#[test]
fn the_shown_configuration_tells_origins_and_hides_secrets() {
    let secret = "5d1c0a4be7f2936884aa1b0cfe3d927743d0e65c1fb8a2947e6d05b3c8f19a20";
    let variables = [
        ("SECRET_KEY", secret),
        ("DOORWARD_TOKEN_ISSUER", "Accounts"),
    ];
    let output = doorward(&["config", "show", "--origin"], &variables);
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    assert!(
        shown.contains("issuer = \"Accounts\"  # environment variable DOORWARD_TOKEN_ISSUER\n")
    );
    assert!(shown.contains("secret_key = \"***\"  # Flask environment SECRET_KEY\n"));
    assert!(!shown.contains(secret));
}

//! `doorward token …`.

use crate::{PASSWORD, installation::Installation, server::Server};

/// `{"alg":"none"}` and `{"user":"<escape>]0;x"}`, signed by nobody.
const FORGED: &str = "eyJhbGciOiJub25lIn0.eyJ1c2VyIjoiXHUwMDliXTA7eCJ9.AAAA";

fn with_token() -> (Installation, String) {
    let here = Installation::sqlite();
    here.with_user("alice", "admin");
    let token = Server::start(&here).token("alice", PASSWORD);
    (here, token)
}

#[test]
fn a_token_of_the_server_verifies_and_shows_how_long_it_is_valid() {
    let (here, token) = with_token();
    let as_argument = here
        .run(&["token", "verify", &token], "")
        .code(0)
        .never_says(&token);
    let from_stdin = here
        .run(&["token", "verify"], &format!(" {token}\n"))
        .code(0);
    assert_eq!(as_argument.stdout, from_stdin.stdout);
    let claims: serde_json::Value = serde_json::from_str(&as_argument.stdout).unwrap();
    assert_eq!(claims["username"], "alice");
    assert!(
        as_argument.stderr.contains("valid for another"),
        "{as_argument:?}"
    );
}

#[test]
fn a_token_that_the_server_would_refuse_is_refused_with_the_reason() {
    let (here, token) = with_token();
    let reason = |here: &Installation, token: &str| {
        let ran = here
            .run(&["token", "verify", token], "")
            .code(1)
            .never_says(token);
        assert_eq!(ran.stdout, "");
        ran.stderr
    };
    assert!(reason(&here, FORGED).contains("the algorithm is not the key's"));
    assert!(reason(&here, "nonsense").contains("not three segments"));
    let unsigned = format!("{}.{}", token.rsplit_once('.').unwrap().0, "A".repeat(43));
    assert!(reason(&here, &unsigned).contains("the signature does not match"));
    let elsewhere = here.with("DOORWARD_TOKEN_ISSUER", "https://other.example");
    assert!(reason(&elsewhere, &token).contains("another issuer"));
    let (stranger, _) = with_token();
    assert!(reason(&stranger, &token).contains("the key is unknown"));
}

#[test]
fn without_a_secret_nothing_is_verified_and_none_is_made() {
    let here = Installation::sqlite();
    let ran = here
        .run(&["token", "verify", FORGED], "")
        .code(1)
        .never_says(FORGED);
    assert!(
        ran.stderr.contains("no secret to verify with"),
        "{}",
        ran.stderr
    );
    assert_eq!(here.files(), Vec::<String>::new());
}

#[test]
fn decoding_shows_both_parts_and_says_that_nothing_was_verified() {
    let here = Installation::sqlite();
    let ran = here
        .run(&["token", "decode"], FORGED)
        .code(0)
        .never_says("\u{9b}");
    let both: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(both["header"]["alg"], "none");
    assert_eq!(both["claims"]["user"], "\u{9b}]0;x");
    assert!(
        ran.stderr.contains("nothing was verified"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_no_token_is_refused_without_repeating_it() {
    let here = Installation::sqlite();
    for text in [
        "canary",
        "canary.canary",
        "canary.canary!.x",
        "Y2FuYXJ5.Y2FuYXJ5.Y2FuYXJ5",
    ] {
        let ran = here
            .run(&["token", "decode", text], "")
            .code(1)
            .never_says(text)
            .never_says("canary");
        assert!(ran.stderr.contains("this is not a token"), "{}", ran.stderr);
    }
    here.run(&["token", "decode"], " \n").code(2);
    let long = "a".repeat(9000);
    here.run(&["token", "decode"], &long)
        .code(1)
        .never_says("aaaa");
}

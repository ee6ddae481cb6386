//! `doorward hash`.

use crate::{PASSWORD, installation::Installation, server::Server};

#[test]
fn a_printed_hash_is_one_that_the_server_verifies() {
    let here = Installation::sqlite().with("DOORWARD_HASH_ITERATIONS", "3");
    let ran = here
        .run(&["hash", "--password-stdin"], PASSWORD)
        .code(0)
        .never_says(PASSWORD);
    let hash = ran.stdout.trim_end().to_owned();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=3,p=1$"),
        "{hash}"
    );
    assert_eq!(ran.stderr, "");
    here.with_user("bob", "user");
    here.open(async |database| {
        let sql = doorward::store::Sql::both("UPDATE users SET password = ?");
        database
            .execute(sql, &[hash.as_str().into()])
            .await
            .unwrap();
    });
    let server = Server::start(&here);
    assert_eq!(server.login_status("bob", PASSWORD), 200);
}

#[test]
fn a_weak_password_is_hashed_with_a_warning() {
    let here = Installation::sqlite();
    let ran = here
        .run(&["hash", "--password-stdin"], "alice123")
        .code(0)
        .never_says("alice123");
    assert!(ran.stdout.starts_with("$argon2id$"), "{}", ran.stdout);
    assert!(ran.stderr.starts_with("warning: "), "{}", ran.stderr);
    here.run(&["hash", "--password-stdin"], "").code(1);
    here.run(&["hash"], "").code(2);
    assert_eq!(here.files(), Vec::<String>::new());
}

#[test]
fn the_recommended_lines_are_a_valid_configuration() {
    let here = Installation::sqlite();
    let ran = here.run(&["hash", "--calibrate"], "").code(0);
    assert!(ran.stdout.contains("configured now"), "{}", ran.stdout);
    let lines = &ran.stdout[ran.stdout.find("[hash]").unwrap()..];
    std::fs::write(here.path("doorward.toml"), lines).unwrap();
    let check = here.run(&["config", "check"], "").code(0);
    assert_eq!(check.stderr, "");
}

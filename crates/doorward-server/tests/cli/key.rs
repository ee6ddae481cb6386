//! `doorward key …`.

use serde_json::Value;

use crate::{
    PASSWORD,
    installation::{Installation, Ran},
    server::Server,
};

/// Installations whose server has made its key.
fn begun() -> Vec<Installation> {
    let all = Installation::migrated();
    for here in &all {
        here.with_user("alice", "admin");
        drop(Server::start(here));
    }
    all
}

fn keys(here: &Installation) -> Vec<Value> {
    let ran = here.run(&["key", "list", "--json"], "").code(0);
    let lines = ran.stdout.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

fn key_id(here: &Installation) -> String {
    keys(here)[0]["kid"].as_str().unwrap().to_owned()
}

#[test]
fn a_dry_run_prints_the_timetable_and_changes_nothing() {
    for here in begun() {
        let before = keys(&here);
        let id = key_id(&here);
        for arguments in [
            &["key", "rotate", "--dry-run"][..],
            &["key", "rotate", "--algorithm", "RS256", "--dry-run"],
            &["key", "retire", &id, "--dry-run"],
        ] {
            let ran = here.run(arguments, "").code(0);
            assert!(ran.stdout.contains("-the-new-one-"), "{}", ran.stdout);
            assert!(ran.stdout.contains("SIGNED UNTIL"), "{}", ran.stdout);
            assert!(ran.stderr.contains("nothing was changed"), "{}", ran.stderr);
        }
        assert_eq!(keys(&here), before);
    }
}

#[test]
fn a_rotation_is_planned_once_and_in_the_audit_trail() {
    for here in begun() {
        let ran = here
            .run(&["key", "rotate", "--algorithm", "EdDSA"], "")
            .code(0);
        assert!(ran.stdout.contains("pending"), "{}", ran.stdout);
        let both = keys(&here);
        let states: Vec<_> = both.iter().map(|key| &key["state"]).collect();
        assert_eq!(states, ["pending", "active"]);
        assert_eq!(both[0]["algorithm"], "EdDSA");
        assert_eq!(both[0]["active_at"], both[1]["retiring_at"]);
        // While one waits, another cannot be planned.
        here.run(&["key", "rotate"], "").code(1);
        let trail = here
            .run(&["audit", "list", "--kind", "key_added"], "")
            .code(0);
        assert!(trail.stdout.contains(both[0]["kid"].as_str().unwrap()));
    }
}

#[test]
fn a_key_is_retired_only_after_a_yes_and_only_one_that_is_there() {
    for here in begun() {
        let id = key_id(&here);
        let ran = here.run(&["key", "retire", &id], "").code(2);
        assert!(ran.stderr.contains("--yes"), "{}", ran.stderr);
        here.run(&["key", "retire", "no-such-key", "--yes"], "")
            .code(1);
        here.run(&["key", "retire", &id, "--yes"], "").code(0);
        let states: Vec<_> = keys(&here).iter().map(|key| key["state"].clone()).collect();
        assert_eq!(states, ["active", "retired"]);
        here.run(&["key", "retire", &id, "--yes"], "").code(1);
    }
}

#[test]
fn public_halves_are_exported_as_a_set_and_as_pem() {
    for here in begun() {
        let id = key_id(&here);
        here.run(&["key", "export"], "").code(2);
        let ran = here.run(&["key", "export", "--public"], "").code(0);
        let set: Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(set["keys"][0]["kid"], id.as_str());
        assert!(set["keys"][0].get("d").is_none());
        let pem = ["key", "export", "--public", "--format", "pem", &id];
        let ran = here.run(&pem, "").code(0);
        assert!(ran.stdout.starts_with("-----BEGIN PUBLIC KEY-----"));
        here.run(&["key", "export", "--public", "other"], "")
            .code(1);
    }
}

#[test]
fn what_is_no_private_key_is_refused_and_nothing_of_it_is_printed() {
    let here = &begun()[0];
    let refused = |text: &str| -> Ran {
        std::fs::write(here.path("own.pem"), text).unwrap();
        here.run(&["key", "import", "own.pem"], "").code(1)
    };
    refused("nonsense-of-a-secret").never_says("nonsense-of-a-secret");
    let public = here
        .run(&["key", "export", "--public", "--format", "pem"], "")
        .code(0);
    refused(&public.stdout);
    here.run(&["key", "import", "not-there.pem"], "").code(1);
    assert_eq!(keys(here).len(), 1);
}

#[test]
fn without_keys_or_without_the_servers_secret_nothing_is_made() {
    for here in Installation::migrated() {
        let ran = here.run(&["key", "rotate"], "").code(1);
        assert!(ran.stderr.contains("start the server once"), "{ran:?}");
        let ran = here.run(&["key", "list"], "").code(0);
        assert_eq!(ran.stdout, "");
        here.with_user("alice", "admin");
        let token = Server::start(&here).token("alice", PASSWORD);
        std::fs::remove_file(here.path("data/secret.key")).unwrap();
        let ran = here.run(&["key", "rotate"], "").code(1);
        assert!(ran.stderr.contains("there is no secret"), "{ran:?}");
        // Who verifies needs no secret.
        here.run(&["token", "verify", &token], "").code(0);
    }
}

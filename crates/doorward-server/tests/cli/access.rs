//! `doorward role …`, `doorward user roles` and `doorward api-key …`.

use serde_json::Value;

use crate::installation::Installation;

#[test]
fn a_role_is_defined_given_and_deleted() {
    for here in Installation::migrated() {
        here.with_user("bob", "user");
        let set = ["role", "set", "reader", "--permission", "users:read,shop:*"];
        let ran = here.run(&set, "").code(0);
        assert!(
            ran.stdout.starts_with("defined role reader"),
            "{}",
            ran.stdout
        );
        let ran = here.run(&set, "").code(0);
        assert!(
            ran.stdout.starts_with("replaced role reader"),
            "{}",
            ran.stdout
        );
        let ran = here.run(&["role", "list"], "").code(0);
        assert!(
            ran.stdout.contains("reader  shop:* users:read\n"),
            "{}",
            ran.stdout
        );
        let ran = here.run(&["role", "list", "--json"], "").code(0);
        let listed: Value = serde_json::from_str(ran.stdout.trim()).unwrap();
        assert_eq!(listed["permissions"][1], "users:read");

        let ran = here
            .run(&["user", "roles", "bob", "--set", "reader"], "")
            .code(0);
        let shown = "roles        user reader\npermissions  shop:* users:read\n";
        assert_eq!(ran.stdout, shown);
        assert_eq!(
            here.run(&["user", "roles", "bob"], "").code(0).stdout,
            shown
        );
        let ran = here.run(&["role", "delete", "reader"], "").code(1);
        assert!(ran.stderr.contains("assigned to 1 users"), "{}", ran.stderr);
        let ran = here
            .run(&["user", "roles", "bob", "--set", "nosuch"], "")
            .code(1);
        assert!(
            ran.stderr.contains("There is no role 'nosuch'"),
            "{}",
            ran.stderr
        );
        let ran = here.run(&["user", "roles", "bob", "--set", ""], "").code(0);
        assert!(
            ran.stdout.starts_with("roles        user\n"),
            "{}",
            ran.stdout
        );
        here.run(&["role", "delete", "reader"], "").code(0);
        here.run(&["role", "delete", "reader"], "").code(1);
        here.run(&["role", "set", "admin"], "").code(1);
        here.run(&["role", "set", "x", "--permission", "users"], "")
            .code(2);
    }
}

#[test]
fn a_key_is_made_shown_once_listed_and_revoked() {
    for here in Installation::migrated() {
        here.with_user("alice", "admin");
        here.with_user("bob", "user");
        let make = |name: &str| {
            let arguments = [
                "api-key",
                "create",
                name,
                "--label",
                "nightly",
                "--permission",
            ];
            here.run(&[&arguments[..], &["users:read"]].concat(), "")
        };
        let ran = make("bob").code(1);
        assert!(
            ran.stderr.contains("do not hold: 'users:read'"),
            "{}",
            ran.stderr
        );
        let ran = make("alice").code(0);
        let key = ran.stdout.trim().to_owned();
        assert!(key.starts_with("dwk_") && key.len() == 53, "{key}");
        assert!(!ran.stderr.contains(&key));
        let list = ["api-key", "list", "alice", "--json"];
        let ran = here.run(&list, "").code(0).never_says(&key);
        let listed: Value = serde_json::from_str(ran.stdout.trim()).unwrap();
        assert_eq!(listed["label"], "nightly");
        let id = listed["id"].as_str().unwrap();
        let ran = here.run(&["api-key", "list", "alice"], "").code(0);
        assert!(ran.stdout.contains(id), "{}", ran.stdout);
        here.run(&["api-key", "revoke", "bob", id], "").code(1);
        here.run(&["api-key", "revoke", "alice", "x"], "").code(2);
        here.run(&["api-key", "revoke", "alice", id], "").code(0);
        here.run(&["api-key", "revoke", "alice", id], "").code(1);
        assert_eq!(here.run(&list, "").code(0).stdout, "");
    }
}

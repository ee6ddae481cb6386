//! `doorward export`.

use serde_json::Value;

use crate::installation::Installation;

const PBKDF2: &str = "pbkdf2:sha256:600000$qJ7tVx2LmN0aBcDe$1e438a00c3f80b03debfd0acc35f894f43ea5e43d96765d5e6c21df5aee43fd7";

/// Three users: a disabled administrator with Werkzeug's scrypt, one with Werkzeug's PBKDF2, one with no hash at all.
fn filled(here: &Installation) {
    for name in ["ada", "Zoë, \"Z\"", "cy@example.org"] {
        here.with_user(name, if name == "ada" { "admin" } else { "user" });
    }
    here.with_user("root", "admin");
    here.run(&["user", "disable", "ada"], "").code(0);
    here.execute("UPDATE users SET password = 'scrypt:32768:8:1$qJ7tVx2LmN0aBcDe$c0ccbd79327b4916c647996a06b8fb2e831dd59b76d4d1339111af221ca17059ade4226c9b5b0d35fbe192a1948f394fa6c2b2842ba7741424c96db5c16863a0' WHERE id = 1");
    here.execute("UPDATE users SET password = 'pbkdf2:sha256:600000$qJ7tVx2LmN0aBcDe$1e438a00c3f80b03debfd0acc35f894f43ea5e43d96765d5e6c21df5aee43fd7' WHERE id = 2");
    here.execute("UPDATE users SET password = 'gone' WHERE id = 3");
}

fn export(here: &Installation, format: &str, code: i32) -> String {
    let arguments = [
        "export",
        "--format",
        format,
        "--output",
        "out",
        "--force",
        "--organisation",
        "42",
    ];
    here.run(&arguments, "").code(code);
    let text = std::fs::read_to_string(here.path("out")).unwrap();
    std::fs::remove_file(here.path("out")).unwrap();
    text
}

fn rejects(here: &Installation) -> Vec<Value> {
    let text = std::fs::read_to_string(here.path("out.rejects.jsonl")).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn json_lines_and_csv_hold_every_user_as_stored() {
    for here in Installation::migrated() {
        filled(&here);
        let text = export(&here, "jsonl", 0);
        let users: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(users.len(), 4);
        assert_eq!(
            (&users[0]["id"], &users[0]["role"], &users[0]["active"]),
            (&Value::from(1), &Value::from("admin"), &Value::from(false))
        );
        assert!(users[0]["disabled_at"].as_str().unwrap().ends_with('Z'));
        assert_eq!(users[1]["password"], PBKDF2);
        assert_eq!(users[2]["password"], "gone");
        let csv = export(&here, "csv", 0);
        let mut lines = csv.split("\r\n");
        assert_eq!(
            lines.next(),
            Some("id,username,password,role,active,disabled_at,created_at")
        );
        assert!(lines.next().unwrap().starts_with("1,ada,scrypt:32768:8:1$"));
        assert!(
            lines
                .next()
                .unwrap()
                .starts_with(&format!("2,\"Zoë, \"\"Z\"\"\",{PBKDF2},user,1,,"))
        );
        assert!(!here.path("out.rejects.jsonl").exists());
    }
}

#[test]
fn what_was_exported_can_be_adopted() {
    let here = Installation::migrated().remove(0);
    filled(&here);
    for (format, file) in [("jsonl", "users.jsonl"), ("csv", "users.csv")] {
        here.run(&["export", "--format", format, "--output", file], "")
            .code(0);
        let ran = here.run(&["adopt", "inspect", file, "--force"], "").code(0);
        assert!(ran.stdout.contains("admin 2, user 2"), "{}", ran.stdout);
        let plan = std::fs::read_to_string(here.path("adopt.toml")).unwrap();
        assert!(
            plan.contains("\nactive = \"active\"\n") && plan.contains("id = \"id\""),
            "{plan}"
        );
        assert!(
            ran.stdout.contains("1 row may not log in"),
            "{}",
            ran.stdout
        );
    }
}

#[test]
fn the_file_is_for_its_owner_alone_and_replaced_only_when_told() {
    let here = Installation::migrated().remove(0);
    filled(&here);
    here.run(&["export", "--format", "jsonl", "--output", "out"], "")
        .code(0);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(here.path("out"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let ran = here
        .run(&["export", "--format", "csv", "--output", "out"], "")
        .code(2);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert!(
        std::fs::read_to_string(here.path("out"))
            .unwrap()
            .starts_with('{')
    );
    let ran = here.run(&["export", "--format", "jsonl"], "").code(0);
    assert_eq!(
        ran.stdout,
        std::fs::read_to_string(here.path("out")).unwrap()
    );
    assert_eq!(ran.stderr, "exported 4 users to standard output\n");
    assert!(here.files().iter().all(|name| !name.contains(".part")));
}

#[test]
fn kratos_gets_identities() {
    let here = Installation::migrated().remove(0);
    filled(&here);
    let identities: Value = serde_json::from_str(&export(&here, "kratos", 3)).unwrap();
    let identity = |at: usize| &identities[at];
    assert_eq!(identity(0)["state"], "inactive");
    assert_eq!(identity(1)["traits"]["username"], "Zoë, \"Z\"");
    assert_eq!(
        identity(1)["credentials"]["password"]["config"]["hashed_password"],
        "$pbkdf2-sha256$i=600000,l=32$cUo3dFZ4MkxtTjBhQmNEZQ$HkOKAMP4CwPev9Csw1+JT0PqXkPZZ2XV5sId9a7kP9c"
    );
    assert_eq!(identity(2).get("credentials"), None);
    assert_eq!(identity(3)["metadata_public"]["role"], "admin");
    let rejects = rejects(&here);
    assert_eq!((rejects.len(), &rejects[0]["id"]), (1, &Value::from(3)));
    assert!(!rejects[0].to_string().contains("gone"), "{rejects:?}");
}

#[test]
fn keycloak_gets_a_partial_import() {
    let here = Installation::migrated().remove(0);
    filled(&here);
    let import: Value = serde_json::from_str(&export(&here, "keycloak", 3)).unwrap();
    let users = import["users"].as_array().unwrap();
    assert_eq!(users[0]["enabled"], false);
    // Keycloak has no scrypt, and user 3 has no hash.
    assert_eq!(users[0]["credentials"], Value::Array(Vec::new()));
    let data: Value = serde_json::from_str(
        users[1]["credentials"][0]["credentialData"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (&data["algorithm"], &data["hashIterations"]),
        (&Value::from("pbkdf2-sha256"), &Value::from(600_000))
    );
    assert_eq!(users[2]["requiredActions"][0], "UPDATE_PASSWORD");
    let argon2: Value = serde_json::from_str(
        users[3]["credentials"][0]["credentialData"]
            .as_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(
        (
            &argon2["algorithm"],
            &argon2["additionalParameters"]["type"][0]
        ),
        (&Value::from("argon2"), &Value::from("id"))
    );
    assert_eq!(rejects(&here).len(), 2);
}

#[test]
fn zitadel_gets_no_password_of_a_disabled_user() {
    let here = Installation::migrated().remove(0);
    filled(&here);
    let import: Value = serde_json::from_str(&export(&here, "zitadel", 3)).unwrap();
    let organisation = &import["dataOrgs"]["orgs"][0];
    assert_eq!(organisation["orgId"], "42");
    let users = organisation["humanUsers"].as_array().unwrap();
    assert_eq!(users[0]["user"].get("hashedPassword"), None);
    assert_eq!(
        users[1]["user"]["hashedPassword"]["value"],
        "$pbkdf2-sha256$600000$cUo3dFZ4MkxtTjBhQmNEZQ$HkOKAMP4CwPev9Csw1.JT0PqXkPZZ2XV5sId9a7kP9c"
    );
    assert_eq!(
        users[1]["user"]["email"]["email"],
        "user-2@doorward.invalid"
    );
    assert_eq!(
        (
            &users[2]["user"]["email"]["email"],
            &users[2]["user"]["email"]["isEmailVerified"]
        ),
        (&Value::from("cy@example.org"), &Value::from(false))
    );
    assert_eq!(rejects(&here).len(), 2);
    here.run(&["export", "--format", "zitadel"], "").code(2);
}

#[test]
fn werkzeug_gets_csv_in_which_nobody_logs_in_without_a_hash() {
    let here = Installation::migrated().remove(0);
    filled(&here);
    let csv = export(&here, "werkzeug", 3);
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(
        lines[1].starts_with("1,ada,scrypt:32768:8:1$") && lines[1].contains(",admin,0,"),
        "{csv}"
    );
    assert!(lines[3].starts_with("3,cy@example.org,!,user,1,"), "{csv}");
    // An Argon2id hash that doorward made.
    assert!(lines[4].starts_with("4,root,!,admin,1,"), "{csv}");
    assert_eq!(rejects(&here).len(), 2);
}

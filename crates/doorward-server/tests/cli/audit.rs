//! `doorward audit …`.

use crate::installation::Installation;

/// Installations with a few events in the trail.
fn with_events() -> Vec<Installation> {
    let all = Installation::migrated();
    for here in &all {
        for name in ["una", "vera", "wanda"] {
            here.with_user(name, "user");
        }
    }
    all
}

/// What `audit verify` says the end is.
fn end(here: &Installation) -> String {
    let ran = here.run(&["audit", "verify"], "").code(0);
    let end = ran
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("end "));
    end.unwrap().to_owned()
}

#[test]
fn the_trail_is_listed_for_people_and_for_programs() {
    for here in with_events() {
        let ran = here.run(&["audit", "list"], "").code(0);
        assert_eq!(ran.stdout.lines().count(), 4, "{ran:?}");
        assert!(ran.stdout.starts_with("at "), "{ran:?}");
        let ran = here
            .run(&["audit", "list", "--json", "--limit", "2"], "")
            .code(0);
        let events: Vec<serde_json::Value> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(events.len(), 2);
        for event in &events {
            assert_eq!(event["kind"], "user_created", "{event}");
            assert_eq!(event["actor"], "operator", "{event}");
        }
        let ran = here
            .run(&["audit", "list", "--kind", "login_failed"], "")
            .code(0);
        assert!(ran.stdout.is_empty() && ran.stderr.contains("no such events"));
        let ran = here.run(&["audit", "list", "--since", "soon"], "").code(2);
        assert!(ran.stderr.contains("--since"), "{ran:?}");
    }
}

#[test]
fn a_trail_that_was_changed_cut_or_thinned_is_told_with_exit_code_1() {
    let tamperings: [&[&str]; 5] = [
        &["UPDATE audit_events SET subject_id = 99 WHERE kind = 'user_created' AND subject_id = 2"],
        &["DELETE FROM audit_events WHERE subject_id = 2"],
        &["UPDATE audit_events SET at_ms = at_ms + 1 WHERE subject_id = 3"],
        &["DELETE FROM audit_events WHERE subject_id = 3"],
        // Two events in each other's place.
        &[
            "UPDATE audit_events SET id = 900 WHERE id = 1",
            "UPDATE audit_events SET id = 1 WHERE id = 2",
            "UPDATE audit_events SET id = 2 WHERE id = 900",
        ],
    ];
    for tampering in tamperings {
        for here in with_events() {
            end(&here);
            for statement in tampering {
                here.execute(statement);
            }
            let ran = here.run(&["audit", "verify"], "").code(1);
            assert!(
                ran.stderr.contains("the audit trail") && ran.stderr.contains("is not what it was"),
                "{tampering:?}: {ran:?}"
            );
        }
    }
}

#[test]
fn a_trail_written_anew_does_not_lead_through_an_end_that_was_kept() {
    for here in with_events() {
        let kept = end(&here);
        here.with_user("xenia", "user");
        let ran = here
            .run(&["audit", "verify", "--expect", &kept], "")
            .code(0);
        assert!(ran.stdout.contains("events are as they were sealed"));
        // Events and seals are gone together, and the rest is sealed anew: the chain alone looks right.
        here.execute("DELETE FROM audit_events");
        here.execute("DELETE FROM audit_seals");
        here.with_user("yara", "user");
        end(&here);
        here.run(&["audit", "verify", "--expect", &kept], "")
            .code(1);
        here.run(&["audit", "verify", "--expect", "1:zz"], "")
            .code(2);
    }
}

#[test]
fn an_end_that_was_cut_off_is_told_by_an_end_that_was_kept() {
    for here in with_events() {
        let kept = end(&here);
        here.execute("DELETE FROM audit_events WHERE id = 3");
        here.execute("DELETE FROM audit_seals WHERE event_id = 3");
        end(&here);
        let ran = here
            .run(&["audit", "verify", "--expect", &kept], "")
            .code(1);
        assert!(ran.stderr.contains("is not what it was"), "{ran:?}");
    }
}

#[test]
fn what_stands_in_a_row_cannot_write_to_the_terminal() {
    for here in with_events() {
        here.execute(
            "UPDATE audit_events SET address = CHAR(27, 91, 51, 49, 109, 10, 61) WHERE id = 1",
        );
        for arguments in [&["audit", "list"][..], &["audit", "list", "--json"]] {
            let ran = here.run(arguments, "").code(0);
            assert!(!ran.stdout.contains('\u{1b}'), "{ran:?}");
            assert!(ran.stdout.contains("[31m"), "it is shown as text: {ran:?}");
            assert!(
                !ran.stdout.lines().any(|line| line.starts_with('=')),
                "{ran:?}"
            );
        }
    }
}

#[test]
fn a_password_that_an_operator_sets_is_told_and_so_is_who_may_come_in_again() {
    for here in with_events() {
        here.with_user("root", "admin");
        here.run(&["user", "disable", "una"], "").code(0);
        let arguments = ["admin", "reset-password", "una", "--password-stdin"];
        here.run(&arguments, "amber walrus 77").code(0);
        let ran = here
            .run(&["audit", "list", "--json", "--subject", "1"], "")
            .code(0);
        let mut kinds: Vec<String> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
            .map(|event| {
                assert_eq!(event["actor"], "operator", "{event}");
                event["kind"].as_str().unwrap().to_owned()
            })
            .collect();
        kinds.reverse();
        let expected = [
            "user_created",
            "user_disabled",
            "password_reset",
            "user_enabled",
        ];
        assert_eq!(kinds, expected);
    }
}

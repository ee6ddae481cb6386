use super::*;

fn refusal(name: &str, value: &str) -> Option<String> {
    let environment: Environment = [(name, value)].into_iter().collect();
    environment.refuse_unknown(&[]).err().map(|e| e.to_string())
}

#[test]
fn an_unknown_variable_is_refused_with_the_nearest_name() {
    for (name, meant) in [
        ("DOORWARD_LISEN", "DOORWARD_LISTEN?"),
        ("DOORWARD_DB_ULR", "DOORWARD_DB_URL?"),
        ("DOORWARD_SECRETKEY_FILE", "DOORWARD_SECRET_KEY_FILE?"),
        ("DOORWARD_listen", "DOORWARD_LISTEN?"),
        ("DOORWARD_PORT", "DOORWARD_LISTEN?"),
        ("DOORWARD_DATABASE_URL", "DOORWARD_DB_URL?"),
    ] {
        let text = refusal(name, "8080").unwrap();
        assert!(text.contains(name) && text.contains(meant), "{text}");
    }
    let text = refusal("DOORWARD_COLOURS", "canary").unwrap();
    assert!(text.contains("unset DOORWARD_COLOURS"), "{text}");
    assert!(!text.contains("canary") && !text.contains("did you mean"));
}

#[test]
fn variables_for_others_are_left_alone() {
    for (name, value) in [
        ("DOORWARD_TEST_MYSQL_URL", "x"),
        ("DOORWARD_PYTHON", "x"),
        ("DOORWARD_NODE_MODULES", "x"),
        ("DOORWARD_REQUIRE_ALL", "1"),
        ("DOORWARD_SERVICE_HOST", "10.0.0.1"),
        ("DOORWARD_SERVICE_PORT", "5000"),
        ("DOORWARD_SERVICE_PORT_HTTP", "5000"),
        ("DOORWARD_PORT", "tcp://10.0.0.1:5000"),
        ("DOORWARD_PORT_5000_TCP", "tcp://10.0.0.1:5000"),
        ("DOORWARD_PORT_5000_TCP_ADDR", "10.0.0.1"),
        ("DOORWARD_DB_PORT_3306_TCP_PROTO", "tcp"),
        ("LISTEN", "x"),
    ] {
        assert_eq!(refusal(name, value), None, "{name}");
    }
}

#[test]
fn printing_the_environment_prints_no_values() {
    let environment: Environment = [("SECRET_KEY", "canary")].into_iter().collect();
    assert_eq!(format!("{environment:?}"), "{\"SECRET_KEY\"}");
}

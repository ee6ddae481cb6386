use super::*;

fn lecture() -> Plan {
    serde_json::from_str(
        r#"{"version": 1, "mode": "in-place", "users": {"table": "users", "id": "id", "username": "username",
            "password": "password", "role": {"column": "role"}}}"#,
    )
    .unwrap()
}

#[test]
fn what_a_plan_leaves_out_is_the_careful_choice() {
    let plan = lecture();
    assert_eq!(plan.check(), Ok(()));
    assert_eq!(plan.passwords.plaintext, PlaintextRule::Refuse);
    assert_eq!(plan.passwords.unknown, UnknownHashRule::Reject);
    assert_eq!(
        plan.users.role,
        RoleSource::Column {
            column: Identifier::parse("role").unwrap(),
            admin: vec!["admin".to_owned()]
        }
    );
}

#[test]
fn a_plan_in_place_names_its_table_and_its_key() {
    let mut plan = lecture();
    plan.users.id = None;
    assert_eq!(plan.check(), Err(InvalidPlan::NoId));
    plan.mode = Mode::Copy;
    assert_eq!(plan.check(), Ok(()));
}

#[test]
fn some_value_of_a_column_for_roles_means_administrator() {
    let mut plan = lecture();
    plan.users.role = RoleSource::Column {
        column: Identifier::parse("role").unwrap(),
        admin: Vec::new(),
    };
    assert_eq!(plan.check(), Err(InvalidPlan::NoAdminValue));
}

#[test]
fn no_column_has_two_meanings() {
    let mut plan = lecture();
    plan.users.active = Some(Identifier::parse("PASSWORD").unwrap());
    assert!(matches!(plan.check(), Err(InvalidPlan::ColumnTwice(_))));
}

#[test]
fn an_unknown_key_is_refused() {
    let text = serde_json::to_string(&lecture())
        .unwrap()
        .replace("\"mode\"", "\"mood\"");
    assert!(serde_json::from_str::<Plan>(&text).is_err());
}

use super::*;
use crate::adoption::Identifier;

fn row(place: i64) -> SourceRow {
    SourceRow {
        place,
        id: Some("5".to_owned()),
        username: Some("alice".to_owned()),
        password: Some(Zeroizing::new("pbkdf2:sha256:600000$FUWOCLALYSVGtaVm$9193ff4066ce1166d8eb4a0b1252ba426c5767c791fca8a9f76f3fdbae89e183".to_owned())),
        role: Some("admin".to_owned()),
        active: None,
    }
}

fn plan() -> Plan {
    serde_json::from_str(
        r#"{"version": 1, "mode": "copy", "users": {"id": "id", "username": "u", "password": "p", "active": "a",
            "role": {"column": "role", "admin": ["admin", "root"]}}}"#,
    )
    .unwrap()
}

fn judged(plan: &Plan, row: SourceRow) -> Result<Adoptable, String> {
    let rules = RowRules::new(plan, AcceptedForms::default());
    rules.judge(row).map_err(|reject| reject.reason)
}

#[test]
fn a_sound_row_keeps_its_number_its_name_and_its_hash() {
    let adopted = judged(&plan(), row(9)).unwrap();
    assert_eq!((adopted.place, adopted.id), (9, Some(5)));
    assert_eq!(adopted.username.as_str(), "alice");
    assert!(adopted.role.is_admin() && !adopted.disabled);
    assert!(matches!(adopted.password, AdoptedPassword::Kept(_)));
}

#[test]
fn a_number_must_fit_the_column() {
    for (id, said) in [
        (None, "it has no id"),
        (Some("0"), "outside 1 to 2147483647"),
        (Some("-1"), "outside"),
        (Some("2147483648"), "outside"),
        (Some("1.5"), "no whole number"),
        (Some("99999999999999999999"), "no whole number"),
    ] {
        let mut row = row(1);
        row.id = id.map(str::to_owned);
        let reason = judged(&plan(), row).err().unwrap();
        assert!(reason.contains(said), "{reason}");
    }
    let mut most = row(1);
    most.id = Some("2147483647".to_owned());
    assert!(judged(&plan(), most).is_ok());
}

#[test]
fn a_role_is_an_administrators_only_when_the_plan_says_so() {
    for (value, expected) in [
        (Some("root"), "admin"),
        (Some("editor"), "editor"),
        (Some("two words"), "user"),
        (None, "user"),
    ] {
        let mut row = row(1);
        row.role = value.map(str::to_owned);
        assert_eq!(
            judged(&plan(), row).unwrap().role.as_str(),
            expected,
            "{value:?}"
        );
    }
    let mut none = plan();
    none.users.role = RoleSource::Column {
        column: Identifier::parse("role").unwrap(),
        admin: Vec::new(),
    };
    assert_eq!(judged(&none, row(1)).unwrap().role.as_str(), "user");
    none.users.role = RoleSource::Flag {
        flag: Identifier::parse("is_admin").unwrap(),
    };
    for (value, expected) in [
        ("1", "admin"),
        ("TRUE", "admin"),
        ("t", "admin"),
        ("yes", "admin"),
        ("0", "user"),
        ("f", "user"),
        ("no", "user"),
        ("perhaps", "user"),
    ] {
        let mut row = row(1);
        row.role = Some(value.to_owned());
        assert_eq!(
            judged(&none, row).unwrap().role.as_str(),
            expected,
            "{value}"
        );
    }
}

#[test]
fn an_inactive_user_is_disabled_in_a_copy() {
    for (value, disabled) in [
        ("0", true),
        ("false", true),
        ("No", true),
        ("1", false),
        ("true", false),
        ("", false),
    ] {
        let mut row = row(1);
        row.active = Some(value.to_owned());
        assert_eq!(
            judged(&plan(), row).unwrap().disabled,
            disabled,
            "{value:?}"
        );
    }
}

#[test]
fn a_stored_password_is_kept_hashed_or_refused_by_the_plan() {
    let stored = |text: &str| SourceRow {
        password: Some(Zeroizing::new(text.to_owned())),
        ..row(1)
    };
    let (careful, mut keeping, mut hashing) = (plan(), plan(), plan());
    keeping.passwords.unknown = UnknownHashRule::Keep;
    hashing.passwords.plaintext = PlaintextRule::Hash;
    for text in [
        "alice123",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "scrypt:1:2",
    ] {
        assert!(judged(&careful, stored(text)).is_err(), "{text}");
        assert!(matches!(
            judged(&keeping, stored(text)).unwrap().password,
            AdoptedPassword::Kept(_)
        ));
    }
    assert!(matches!(
        judged(&hashing, stored("alice123")).unwrap().password,
        AdoptedPassword::Plaintext(_)
    ));
    // What looks like a hash is never taken for a password.
    assert!(
        judged(
            &hashing,
            stored("md5$salt$5f4dcc3b5aa765d61d8327deb882cf99")
        )
        .is_err()
    );
    assert!(judged(&hashing, stored("")).is_err());
    assert!(
        judged(&keeping, stored(&"x".repeat(256))).is_err(),
        "it would not fit our column"
    );
}

#[test]
fn a_reject_fits_its_columns() {
    let reject = Reject::new(1, Some(&"é\0".repeat(200)), "x".repeat(300));
    assert_eq!(reject.username.unwrap(), "é".repeat(100));
    assert_eq!(reject.reason.len(), 255);
}

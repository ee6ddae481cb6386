use super::*;

fn set(text: &str) -> PermissionSet {
    PermissionSet::from_scope(text).unwrap()
}

#[test]
fn a_permission_is_a_noun_and_a_verb() {
    for good in ["users:read", "a:b", "shop.orders:re-fund_1", "users:*"] {
        assert!(Permission::parse(good).is_ok(), "{good}");
    }
    let long = format!("a:{}", "b".repeat(63));
    for bad in [
        "",
        "users",
        ":",
        "users:",
        ":read",
        "*:read",
        "*",
        "*:*",
        "Users:read",
        "a:b:c",
        "a:b c",
        "a:b*",
        "a:\u{e9}",
        &long,
    ] {
        assert_eq!(Permission::parse(bad), Err(InvalidPermission), "{bad}");
    }
}

#[test]
fn a_noun_with_a_star_allows_its_verbs_and_no_other_noun() {
    let held = set("users:* audit:read");
    for name in ["users:read", "users:*", "audit:read"] {
        assert!(held.allows(name), "{name}");
    }
    for name in ["usersx:read", "users", "audit:*", "audit:write"] {
        assert!(!held.allows(name), "{name}");
    }
}

#[test]
fn nobody_has_more_than_both_allow() {
    let some = set("users:* audit:read");
    assert_eq!(
        some.intersection(&set("users:read roles:write")),
        set("users:read")
    );
    assert_eq!(some.intersection(&PermissionSet::everything()), some);
    assert_eq!(PermissionSet::everything().intersection(&some), some);
    assert!(some.intersection(&PermissionSet::default()).is_empty());
}

#[test]
fn what_is_missing_is_named() {
    let held = set("users:read");
    assert_eq!(held.first_missing(&set("users:read")), None);
    assert_eq!(held.first_missing(&set("users:*")), Some("users:*"));
    assert_eq!(held.first_missing(&PermissionSet::everything()), Some("*"));
    assert_eq!(PermissionSet::everything().first_missing(&held), None);
}

#[test]
fn what_a_token_says_is_short_or_nothing() {
    assert_eq!(PermissionSet::default().claim(), None);
    assert_eq!(set("b:c a:b").claim().as_deref(), Some("a:b b:c"));
    let everything = PermissionSet::everything().claim().unwrap();
    assert!(PermissionSet::from_scope(&everything).is_ok());
    let many: PermissionSet = (0..300)
        .map(|n| Permission::parse(&format!("shop:{n}")).unwrap())
        .collect();
    assert_eq!(many.claim(), None);
}

use super::*;

#[test]
fn a_statement_grows_by_its_last_group() {
    assert_eq!(
        repeated("INSERT INTO t (a, b) VALUES (?, ?)", 2),
        "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)"
    );
    assert_eq!(
        listed("SELECT a FROM t WHERE a IN (?)", 3),
        "SELECT a FROM t WHERE a IN (?, ?, ?)"
    );
}

#[test]
fn a_dry_run_names_no_table_of_ours() {
    for (name, _) in STATEMENTS
        .iter()
        .filter(|(name, _)| !name.ends_with("REJECTS"))
    {
        let text = [
            ADD_USERS,
            ADD_UNNUMBERED_USERS,
            ADD_ACCOUNTS,
            ACCOUNTS_BY_ID,
            ACCOUNTS_BY_KEY,
            USERS_BY_ID,
            USERS_BY_NAME,
        ]
        .map(|text| Tables::Scratch.named(text));
        assert!(
            text.iter().all(|text| text.contains(" doorward_dry_")),
            "{name}"
        );
    }
}

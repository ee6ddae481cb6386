use proptest::prelude::*;

use super::*;

fn my_sql(text: &str) -> MySqlUrl {
    match text.parse() {
        Ok(DatabaseUrl::MySql { url }) => url,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn sqlite_paths_are_read_in_both_spellings() {
    for (text, path) in [
        ("sqlite:data/x.db", "data/x.db"),
        ("sqlite://data/x.db", "data/x.db"),
        ("sqlite:///var/lib/x.db", "/var/lib/x.db"),
        ("sqlite:/var/lib/x.db", "/var/lib/x.db"),
        ("SQLite:my%20file.db", "my file.db"),
    ] {
        let expected = DatabaseUrl::Sqlite { path: path.into() };
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
}

#[test]
fn a_mysql_url_is_taken_apart_and_decoded() {
    let url = my_sql("mariadb://do%40or:p%2Fa%3As@s@DB.example:3307/my_db?ssl-mode=REQUIRED");
    assert_eq!(url.username(), "do@or");
    assert_eq!(url.password().unwrap().expose(), "p/a:s@s");
    assert_eq!(url.host(), "db.example");
    assert_eq!(url.port(), 3307);
    assert_eq!(url.database(), "my_db");
    assert_eq!(url.query(), Some("ssl-mode=REQUIRED"));
    assert_eq!(
        *url.expose(),
        "mysql://do%40or:p%2Fa%3As%40s@db.example:3307/my_db?ssl-mode=REQUIRED"
    );
}

#[test]
fn the_password_never_shows() {
    let url = my_sql("mysql://u:canary4711@h/d?password=canary4711&canary4711&charset=utf8mb4");
    let shown = format!(
        "{url} {url:?} {:?}",
        DatabaseUrl::MySql { url: url.clone() }
    );
    assert!(!shown.contains("canary"), "{shown}");
    assert_eq!(
        url.to_string(),
        "mysql://u:***@h:3306/d?password=***&***&charset=utf8mb4"
    );
}

#[test]
fn what_is_not_a_database_url_is_refused_with_its_reason() {
    for (text, error) in [
        ("", DatabaseUrlError::Scheme),
        ("./x.db", DatabaseUrlError::Scheme),
        ("postgres://u@h/d", DatabaseUrlError::Scheme),
        ("mysql:u@h/d", DatabaseUrlError::Scheme),
        ("sqlite:", DatabaseUrlError::MissingPath),
        ("sqlite://", DatabaseUrlError::MissingPath),
        ("sqlite::memory:", DatabaseUrlError::InMemory),
        ("sqlite://:memory:", DatabaseUrlError::InMemory),
        ("sqlite:x.db?mode=ro", DatabaseUrlError::SqliteQuery),
        ("sqlite:100%.db", DatabaseUrlError::Escape),
        ("mysql://u:p/w@h/d", DatabaseUrlError::Unencoded),
        ("mysql://u:1234/w@h/d", DatabaseUrlError::Unencoded),
        ("mysql://u:p@ss/w@h", DatabaseUrlError::Unencoded),
        ("mysql://u:p@h h/d", DatabaseUrlError::Host),
        ("mysql://u:p@h:x/d", DatabaseUrlError::Port),
        ("mysql://h/d", DatabaseUrlError::MissingUser),
        ("mysql://u:p%@h/d", DatabaseUrlError::Escape),
        ("mysql://u:p@h", DatabaseUrlError::Database),
        ("mysql://u:p@h/", DatabaseUrlError::Database),
        ("mysql://u:p@h/a/b", DatabaseUrlError::Database),
    ] {
        assert_eq!(text.parse::<DatabaseUrl>(), Err(error), "{text}");
    }
}

#[test]
fn an_ipv6_host_gets_its_brackets() {
    let url = MySqlUrl::from_parts("u", None, "::1", 3306, "d").unwrap();
    assert_eq!(*url.expose(), "mysql://u@[::1]:3306/d");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(sqlite|mysql|mariadb)?:?(//)?.{0,40}") {
        let _ = text.parse::<DatabaseUrl>();
    }

    #[test]
    fn any_password_survives_the_url(user in ".{1,10}", password in ".{1,20}", database in ".{1,10}") {
        let built = MySqlUrl::from_parts(&user, Some(&password), "h", 3306, &database).unwrap();
        let read = my_sql(&built.expose());
        prop_assert_eq!(read.password().unwrap().expose(), &password);
        prop_assert_eq!(read, built);
    }

    #[test]
    fn a_sqlite_url_reads_back_the_same(path in "[a-zA-Z0-9%? /.é]{1,20}") {
        let url = DatabaseUrl::Sqlite { path: PathBuf::from(format!("x{path}x")) };
        prop_assert_eq!(url.to_string().parse(), Ok(url));
    }
}

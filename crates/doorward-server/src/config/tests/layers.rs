//! Which layer wins.

use super::*;

#[test]
fn each_layer_beats_the_next_and_its_origin_is_told() {
    let toml = "# first\nlisten = '127.0.0.1:4'\n";
    let all = || {
        Scene::new()
            .toml(toml)
            .file_variable("DOORWARD_LISTEN_FILE", "127.0.0.1:3\n")
            .variable("DOORWARD_LISTEN", "127.0.0.1:2")
            .flag("listen", "127.0.0.1:1")
    };
    for (layers, port, told) in [
        (4, 1, "flag --listen"),
        (3, 2, "environment variable DOORWARD_LISTEN"),
        (2, 3, "named by DOORWARD_LISTEN_FILE"),
        (1, 4, "doorward.toml line 2"),
        (0, 5000, "default"),
    ] {
        let mut scene = all();
        if layers < 4 {
            scene.sources.flags.clear();
        }
        if layers < 3 {
            scene.variables.pop();
        }
        if layers < 2 {
            scene.variables.pop();
        }
        if layers < 1 {
            scene = scene.toml("");
        }
        let loaded = scene.load().unwrap();
        assert_eq!(loaded.config.listen.port(), port);
        assert!(origin(&loaded, "listen").contains(told), "{told}");
        let effective = &loaded.settings[0];
        assert_eq!(effective.setting.key, "listen");
        let beaten: usize = if layers == 0 { 0 } else { layers - 1 };
        assert_eq!(effective.overridden.len(), beaten);
    }
}

#[test]
fn flask_is_below_the_file_and_above_the_default() {
    let flask = || {
        Scene::new()
            .variable("MYSQL_USER", "u")
            .variable("MYSQL_DB", "d")
    };
    let loaded = flask().load().unwrap();
    assert_eq!(
        loaded.config.db.url.to_string(),
        "mysql://u@localhost:3306/d"
    );
    assert_eq!(
        origin(&loaded, "db.url"),
        "Flask environment MYSQL_USER, MYSQL_DB"
    );
    let keys: Vec<_> = loaded.taken_from_flask().map(|e| e.setting.key).collect();
    assert_eq!(keys, ["db.url"]);
    let loaded = flask().toml("db.url = 'sqlite:x'").load().unwrap();
    assert_eq!(loaded.config.db.url.to_string(), "sqlite://x");
    assert_eq!(loaded.taken_from_flask().count(), 0);
}

#[test]
fn flasks_database_variables_make_one_url_whatever_the_password() {
    let password = "p@ss/w:rd?#%&+ ä\"'";
    let loaded = Scene::new()
        .variable("MYSQL_HOST", "db.example")
        .variable("MYSQL_PORT", "3307")
        .variable("MYSQL_USER", "do@or")
        .variable("MYSQL_PASSWORD", password)
        .variable("MYSQL_DB", "my db")
        .load()
        .unwrap();
    let DatabaseUrl::MySql { url } = &loaded.config.db.url else {
        panic!("{:?}", loaded.config.db.url);
    };
    assert_eq!(url.password().unwrap().expose(), password);
    assert_eq!((url.username(), url.host()), ("do@or", "db.example"));
    assert_eq!((url.port(), url.database()), (3307, "my db"));
    assert_eq!(
        *url.expose(),
        "mysql://do%40or:p%40ss%2Fw%3Ard%3F%23%25%26%2B%20%C3%A4%22%27@db.example:3307/my%20db"
    );
    assert!(!format!("{loaded:?}{}", loaded.show(true)).contains("p@ss"));
    assert!(!format!("{loaded:?}{}", loaded.show(true)).contains("p%40ss"));
}

#[test]
fn flasks_database_variables_are_refused_or_reported_when_they_make_no_url() {
    let base = || {
        Scene::new()
            .variable("MYSQL_USER", "u")
            .variable("MYSQL_PASSWORD", "canary")
    };
    let loaded = base().variable("MYSQL_HOST", "h").load().unwrap();
    assert!(matches!(loaded.config.db.url, DatabaseUrl::Sqlite { .. }));
    assert!(
        loaded.warnings[0].what.contains("MYSQL_DB"),
        "{:?}",
        loaded.warnings
    );
    for (name, value) in [
        ("MYSQL_PORT", "x"),
        ("MYSQL_HOST", "h:3307"),
        ("MYSQL_HOST", "/run/x"),
    ] {
        let error = base()
            .variable("MYSQL_DB", "d")
            .variable(name, value)
            .refusal();
        assert!(error.what().contains(name), "{error}");
        assert!(!error.to_string().contains("canary"), "{error}");
    }
    let loaded = base()
        .variable("MYSQL_DB", "d")
        .variable("MYSQL_PORT", "x")
        .variable("DOORWARD_DB_URL", "sqlite:x")
        .load();
    assert!(loaded.is_ok(), "not looked at when db.url is given");
}

#[test]
fn a_named_configuration_file_must_exist_and_is_used_instead() {
    let mut scene = Scene::new().toml("token.audience = 'default file'");
    let named = scene.write("other.toml", "token.audience = 'named'", 0o600);
    let by_variable = scene.write("variable.toml", "token.audience = 'variable'", 0o600);
    scene = scene.variable("DOORWARD_CONFIG", by_variable.to_str().unwrap());
    scene.sources.environment = scene.variables.clone().into_iter().collect();
    assert_eq!(
        load(&scene.sources)
            .unwrap()
            .config
            .token
            .audience
            .as_deref(),
        Some("variable")
    );
    scene.sources.config_file = Some(named.clone());
    let loaded = load(&scene.sources).unwrap();
    assert_eq!(loaded.config.token.audience.as_deref(), Some("named"));
    assert_eq!(loaded.config_file, Some(named));
    scene.sources.config_file = Some("missing.toml".into());
    let error = load(&scene.sources).unwrap_err();
    assert_eq!(error.kind(), ConfigErrorKind::UnreadableFile);
    assert!(error.why().contains("flag --config"), "{error}");
}

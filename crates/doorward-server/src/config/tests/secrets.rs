//! Secrets: where they may come from, and that they never show.

use super::*;

#[test]
fn a_secret_comes_from_any_one_place() {
    let from_variable = Scene::new().variable("DOORWARD_SECRET_KEY", STRONG);
    let from_file = Scene::new().file_variable("DOORWARD_SECRET_KEY_FILE", &format!("{STRONG}\n"));
    let from_toml = Scene::new().toml(&format!("secret_key = '{STRONG}'"));
    let from_flask = Scene::new().variable("SECRET_KEY", STRONG);
    for (scene, warnings, told) in [
        (from_variable, 0, "environment variable DOORWARD_SECRET_KEY"),
        (from_file, 0, "named by DOORWARD_SECRET_KEY_FILE"),
        (from_toml, 1, "doorward.toml line 1"),
        (from_flask, 0, "Flask environment SECRET_KEY"),
    ] {
        let loaded = scene.load().unwrap();
        assert_eq!(loaded.config.secret_key, Some(SecretText::from(STRONG)));
        assert_eq!(loaded.warnings.len(), warnings, "{told}");
        assert!(origin(&loaded, "secret_key").contains(told), "{told}");
        let shown = format!("{loaded:?} {} {:?}", loaded.show(true), loaded.warnings);
        assert!(!shown.contains(STRONG), "{told}");
    }
}

#[test]
fn a_secret_given_twice_is_refused_even_when_equal() {
    let toml = format!("secret_key = '{STRONG}'");
    let content = format!("{STRONG}\n");
    let variable = |scene: Scene| scene.variable("DOORWARD_SECRET_KEY", STRONG);
    let file = |scene: Scene| scene.file_variable("DOORWARD_SECRET_KEY_FILE", &content);
    for scene in [
        file(variable(Scene::new())),
        variable(Scene::new()).toml(&toml),
        file(Scene::new()).toml(&toml),
    ] {
        let error = scene.refusal();
        assert_eq!(error.kind(), ConfigErrorKind::SecretTwice);
        assert!(!error.to_string().contains(STRONG));
        assert_eq!(error.to_string().lines().count(), 3, "{error}");
    }
}

#[test]
fn flasks_secret_beside_ours_must_be_the_same() {
    let ours = || Scene::new().variable("DOORWARD_SECRET_KEY", STRONG);
    let loaded = ours().variable("SECRET_KEY", STRONG).load().unwrap();
    assert_eq!(
        origin(&loaded, "secret_key"),
        "environment variable DOORWARD_SECRET_KEY"
    );
    assert!(ours().variable("SECRET_KEY", "").load().is_ok());
    let error = ours().variable("SECRET_KEY", OTHER).refusal();
    assert_eq!(error.kind(), ConfigErrorKind::SecretTwice);
    assert!(!error.to_string().contains(OTHER) && !error.to_string().contains(STRONG));
    let in_file = Scene::new()
        .file_variable("DOORWARD_SECRET_KEY_FILE", STRONG)
        .variable("SECRET_KEY", OTHER);
    assert_eq!(in_file.refusal().kind(), ConfigErrorKind::SecretTwice);
}

#[test]
fn a_secret_file_that_others_may_read_is_warned_about() {
    for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o644, true)] {
        let scene = Scene::new();
        let path = scene.write("secret", STRONG, mode);
        let scene = scene.variable("DOORWARD_SECRET_KEY_FILE", path.to_str().unwrap());
        let loaded = scene.load().unwrap();
        let told = loaded.warnings.iter().any(|w| w.fix.contains("chmod 600"));
        assert_eq!(told, warned, "{mode:o}");
    }
}

#[test]
fn a_file_with_a_database_password_that_others_may_read_is_warned_about() {
    for (url, warned) in [("mysql://u:p@h/d", true), ("mysql://u@h/d", false)] {
        let scene = Scene::new();
        scene.write("doorward.toml", &format!("db.url = '{url}'"), 0o644);
        assert_eq!(
            scene.load().unwrap().warnings.len(),
            usize::from(warned),
            "{url}"
        );
    }
    let loaded = Scene::new()
        .flag("db.url", "mysql://u:p@h/d")
        .load()
        .unwrap();
    assert!(loaded.warnings[0].what.contains("command line"));
}

#[test]
fn a_value_file_keeps_everything_but_one_line_end() {
    let content = format!(" {STRONG} \n\n");
    let scene = Scene::new().file_variable("DOORWARD_SECRET_KEY_FILE", &content);
    let expected = format!(" {STRONG} \n");
    assert_eq!(
        scene.load().unwrap().config.secret_key,
        Some(SecretText::from(expected.as_str()))
    );
    let error = Scene::new()
        .variable("DOORWARD_SECRET_KEY_FILE", "missing/secret")
        .refusal();
    assert_eq!(error.kind(), ConfigErrorKind::UnreadableFile);
    assert!(
        error.to_string().contains("DOORWARD_SECRET_KEY_FILE"),
        "{error}"
    );
}

#[test]
fn former_secrets_are_separated_by_commas_or_lines() {
    let (a, b) = (STRONG, format!("{OTHER},x"));
    let expected = [a, b.as_str()].map(SecretText::from);
    let scene =
        Scene::new().file_variable("DOORWARD_SECRET_KEY_FALLBACKS_FILE", &format!("{a}\n{b}\n"));
    assert_eq!(scene.load().unwrap().config.secret_key_fallbacks, expected);
    let scene = Scene::new().toml(&format!("secret_key_fallbacks = ['{a}', '{b}']"));
    assert_eq!(scene.load().unwrap().config.secret_key_fallbacks, expected);
    let scene = Scene::new().variable("DOORWARD_SECRET_KEY_FALLBACKS", &format!("{a},{OTHER}"));
    let expected = [a, OTHER].map(SecretText::from);
    assert_eq!(scene.load().unwrap().config.secret_key_fallbacks, expected);
}

#[test]
fn weak_secrets_are_refused_outside_the_demo() {
    for weak in ["supersecretkey", "0123456789abcdef", &"a".repeat(40)] {
        let scene = || Scene::new().variable("DOORWARD_SECRET_KEY", weak);
        let error = scene().refusal();
        assert_eq!(error.kind(), ConfigErrorKind::WeakSecret);
        assert!(!error.to_string().contains(weak), "{error}");
        assert_eq!(scene().demo(false).load().unwrap().warnings.len(), 1);
        let flask = Scene::new().variable("SECRET_KEY", weak).refusal();
        assert!(flask.fix().starts_with("unset SECRET_KEY;"), "{flask}");
        assert_eq!(flask.kind(), ConfigErrorKind::WeakSecret);
    }
    let former = |text| Scene::new().variable("DOORWARD_SECRET_KEY_FALLBACKS", text);
    assert_eq!(
        former("supersecretkey").refusal().kind(),
        ConfigErrorKind::WeakSecret
    );
    assert_eq!(former("kept-for-a-month").load().unwrap().warnings.len(), 1);
}

#[test]
fn a_bad_value_that_may_be_secret_is_never_quoted() {
    for (key, value) in [
        ("DOORWARD_DB_URL", "postgres://u:canary@h/d"),
        ("DOORWARD_DB_URL", "mysql://u:can%ary@h/d"),
        ("DOORWARD_PUBLIC_URL", "https://u:canary@h"),
        ("DOORWARD_SECRET_KEY_FALLBACKS", "canary,,canary"),
        ("DOORWARD_SECRET_KEY", "canary"),
    ] {
        let text = Scene::new().variable(key, value).refusal().to_string();
        assert!(
            !text.contains("canary") && !text.contains("can%ary"),
            "{text}"
        );
    }
    let error = Scene::new().toml("secret_key = 4711081547110815").refusal();
    assert!(!error.to_string().contains("4711"), "{error}");
}

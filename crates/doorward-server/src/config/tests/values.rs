//! Values that are refused or warned about.

use super::*;

#[test]
fn the_demo_stays_on_this_machine_and_does_not_throttle() {
    let open = || Scene::new().flag("listen", "0.0.0.0:5000");
    let error = open().demo(false).refusal();
    assert_eq!(error.kind(), ConfigErrorKind::RemoteDemo);
    assert!(error.why().contains("flag --listen"), "{error}");
    assert!(open().demo(true).load().is_ok());
    assert!(open().load().is_ok());
    let loaded = Scene::new().demo(false).load().unwrap();
    assert!(!loaded.config.throttle.enabled && loaded.config.demo);
    assert_eq!(origin(&loaded, "throttle.enabled"), "default of --demo");
    let told = Scene::new()
        .demo(false)
        .variable("DOORWARD_THROTTLE_ENABLED", "true");
    assert!(told.load().unwrap().config.throttle.enabled);
}

#[test]
fn a_bad_value_names_its_origin_and_an_example() {
    for (scene, what, why, fix) in [
        (
            Scene::new().flag("listen", "localhost:80"),
            "`listen` is not a numeric address",
            "flag --listen",
            "--listen 0.0.0.0:5000",
        ),
        (
            Scene::new().variable("DOORWARD_TOKEN_TTL", "3600"),
            "`token.ttl` has no unit",
            "environment variable DOORWARD_TOKEN_TTL",
            "export DOORWARD_TOKEN_TTL='15m'",
        ),
        (
            Scene::new().toml("[hash]\n\nmemory_kib = '19456'"),
            "`hash.memory_kib` must be a whole number",
            "doorward.toml line 3",
            "[hash] memory_kib = 47104",
        ),
        (
            Scene::new().toml("password.min_length = 7"),
            "from 8 to 128",
            "line 1",
            "min_length = 12",
        ),
        (
            Scene::new().toml("token.extra_claims = { role = 'role' }"),
            "sets itself",
            "line 1",
            "extra_claims = { \"user\" = \"username\" }",
        ),
        (
            Scene::new().variable("DOORWARD_HTTP_TRUSTED_PROXIES", "10.0.0.0/8, 10.0.0.1/8"),
            "(number 2)",
            "DOORWARD_HTTP_TRUSTED_PROXIES",
            "10.0.0.0/8",
        ),
        (
            Scene::new().variable("DOORWARD_HASH_ACCEPT", "weak-pbkdf2, md5"),
            "(number 2) that is none of weak-pbkdf2",
            "DOORWARD_HASH_ACCEPT",
            "weak-pbkdf2,werkzeug-retired",
        ),
        (
            Scene::new().variable("DOORWARD_LOG_LEVEL", ""),
            "is empty",
            "DOORWARD_LOG_LEVEL",
            "debug",
        ),
    ] {
        let error = scene.refusal();
        assert_eq!(error.kind(), ConfigErrorKind::InvalidValue);
        assert!(error.what().contains(what), "{error}");
        assert!(error.why().contains(why), "{error}");
        assert!(error.fix().contains(fix), "{error}");
        assert_eq!(error.to_string().lines().count(), 3, "{error}");
    }
}

#[test]
fn addresses_that_carry_passwords_in_clear_are_warned_about() {
    for (scene, warnings) in [
        (
            Scene::new().flag("public_url", "http://auth.example.org"),
            1,
        ),
        (Scene::new().flag("public_url", "http://localhost:5000"), 0),
        (
            Scene::new().flag("public_url", "https://auth.example.org"),
            0,
        ),
        (Scene::new().flag("listen", "0.0.0.0:5000"), 1),
        (Scene::new().flag("listen", "[::1]:5000"), 0),
        (
            Scene::new().variable("DOORWARD_HTTP_TRUSTED_PROXIES", "::/0"),
            1,
        ),
    ] {
        assert_eq!(scene.load().unwrap().warnings.len(), warnings);
    }
}

#[test]
fn hash_parameters_below_the_recommendation_are_warned_about_and_impossible_ones_refused() {
    let with = |memory: &str, passes: &str, lanes: &str| {
        Scene::new()
            .variable("DOORWARD_HASH_MEMORY_KIB", memory)
            .variable("DOORWARD_HASH_ITERATIONS", passes)
            .variable("DOORWARD_HASH_LANES", lanes)
    };
    assert_eq!(with("19455", "2", "1").load().unwrap().warnings.len(), 1);
    assert_eq!(with("12288", "3", "1").load().unwrap().warnings.len(), 0);
    assert_eq!(
        with("15", "2", "2").refusal().kind(),
        ConfigErrorKind::InvalidValue
    );
    let budget = with("65536", "3", "1").variable("DOORWARD_HASH_MEMORY_BUDGET_MIB", "63");
    assert_eq!(budget.refusal().kind(), ConfigErrorKind::InvalidValue);
}

#[test]
fn the_issuer_is_the_public_url_unless_named() {
    let public = || Scene::new().flag("public_url", "https://a.example/");
    let issuer = |scene: Scene| scene.load().unwrap().config.token.issuer;
    assert_eq!(issuer(public()).as_deref(), Some("https://a.example"));
    assert_eq!(
        issuer(public().variable("DOORWARD_TOKEN_ISSUER", "me")).as_deref(),
        Some("me")
    );
    assert_eq!(issuer(Scene::new()), None);
}

#[test]
fn the_hashes_to_accept_and_to_write_are_read_from_a_file_and_from_variables() {
    use doorward::password::{BcryptPrehash, FormGroup};
    let hash = Scene::new()
        .toml("[hash]\naccept = ['weak-pbkdf2', 'django-legacy']\nwrite = 'werkzeug-scrypt'\nrehash = false")
        .variable("DOORWARD_HASH_FLASK_BCRYPT_PREHASH", "either")
        .variable("DOORWARD_HASH_FLASK_SECURITY_SALT", "canary-salt")
        .variable("DOORWARD_HASH_PBKDF2_DEFAULT_ITERATIONS", "260000")
        .load()
        .unwrap()
        .config
        .hash;
    for group in FormGroup::ALL {
        let named = matches!(group, FormGroup::WeakPbkdf2 | FormGroup::DjangoLegacy);
        assert_eq!(hash.accept.contains(group), named, "{group}");
    }
    assert_eq!(hash.write, HashWrite::WerkzeugScrypt);
    assert!(!hash.rehash);
    assert_eq!(hash.flask_bcrypt_prehash, BcryptPrehash::Either);
    assert_eq!(hash.pbkdf2_default_iterations.unwrap().get(), 260_000);
    assert_eq!(
        hash.flask_security_salt.as_ref().unwrap().expose(),
        "canary-salt"
    );
    assert!(!format!("{hash:?}").contains("canary"));
}

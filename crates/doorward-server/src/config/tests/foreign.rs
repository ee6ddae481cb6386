//! The tables for other applications.

use std::time::Duration;

use doorward::{
    clock::Timestamp,
    foreign::SubjectKind,
    token::{Algorithm, KeyError},
};

use super::*;
use crate::config::foreign::{ARRAY_TABLES, KeyPlace};

const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEItWhb4ckHCIDRuE+UMIALqckiOoa\n\
MSpjpn0/SX1NOPnn0FI4ob+bmPc2e6r8sGdaltjpXLndRhbfRNEcFzZc+Q==\n\
-----END PUBLIC KEY-----";

/// A good table, with one line replaced or added.
fn tokens(change: &str) -> String {
    let lines = [
        "name = \"flask\"".to_owned(),
        format!("key = \"{STRONG}\""),
        "algorithms = [\"HS256\"]".to_owned(),
        "subject_is = \"id\"".to_owned(),
        "until = 2027-03-31".to_owned(),
    ];
    table("foreign_tokens", &lines, change)
}

fn sessions(change: &str) -> String {
    let lines = [
        "name = \"flask\"".to_owned(),
        format!("key = \"{STRONG}\""),
        "subject_is = \"id\"".to_owned(),
        "until = \"2027-03-31T18:00:00+01:00\"".to_owned(),
    ];
    table("flask_sessions", &lines, change)
}

fn table(name: &str, lines: &[String], change: &str) -> String {
    let key = |line: &str| line.split('=').next().unwrap_or_default().trim().to_owned();
    let kept = lines.iter().filter(|line| key(line) != key(change));
    let mut text = format!("[[{name}]]\n{change}\n");
    for line in kept {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// A good table of tokens whose key is somewhere else.
fn tokens_with(key_line: &str) -> String {
    tokens("key = @").replace("key = @", key_line)
}

fn refused(toml: &str) -> ConfigError {
    Scene::new().toml(toml).refusal()
}

fn one_source(scene: Scene, toml: &str) -> ForeignTokenConfig {
    let mut tokens = scene.toml(toml).load().unwrap().config.foreign.tokens;
    assert_eq!(tokens.len(), 1);
    tokens.remove(0)
}

#[test]
fn a_table_of_tokens_is_read_with_its_defaults() {
    let source = one_source(Scene::new(), &tokens(""));
    assert_eq!(source.name.as_str(), "flask");
    assert_eq!(source.key.text.expose(), STRONG);
    assert_eq!(source.key.place, KeyPlace::Inline);
    assert_eq!(source.algorithms, [Algorithm::Hs256]);
    assert_eq!(source.subject.claim, "sub");
    assert_eq!(source.subject.kind, SubjectKind::Id);
    // The last day counts.
    assert_eq!(source.until, Timestamp::from_seconds(1_806_537_600));
    assert!(source.require_expiry && !source.allow_weak_key);
    assert_eq!(source.leeway, Duration::ZERO);
    assert_eq!((&source.issuer, &source.audience), (&None, &None));
    assert!(source.kid.is_none());
    assert!(source.place.ends_with("doorward.toml line 1"));
}

#[test]
fn a_table_of_sessions_is_read_with_its_defaults() {
    let loaded = Scene::new().toml(&sessions("")).load().unwrap();
    let [source] = loaded.config.foreign.sessions.as_slice() else {
        panic!("{:?}", loaded.config.foreign);
    };
    assert_eq!(source.subject.claim, "_user_id");
    assert_eq!(source.until, Timestamp::from_seconds(1_806_512_400));
    assert_eq!(
        (&*source.salt, &*source.cookie),
        ("cookie-session", "session")
    );
    assert_eq!(source.max_age, None);
    assert!(source.fallbacks.is_empty());
}

#[test]
fn the_key_comes_from_a_file_or_from_a_variable_of_any_name() {
    let scene = Scene::new();
    let path = scene.write("flask.key", &format!("{OTHER}\n"), 0o600);
    let by_file = tokens_with(&format!("key_file = \"{}\"", path.display()));
    let source = one_source(scene, &by_file);
    assert_eq!(source.key.text.expose(), OTHER);
    assert_eq!(source.key.place, KeyPlace::File(path));
    for name in ["JWT_SECRET_KEY", "SECRET_KEY", "DOORWARD_FORMER_KEY"] {
        let by_variable = tokens_with(&format!("key_env = \"{name}\""));
        let source = one_source(Scene::new().variable(name, OTHER), &by_variable);
        assert_eq!(source.key.text.expose(), OTHER);
        let missing = refused(&by_variable);
        let text = format!("{name}, which is not set");
        assert!(missing.what().contains(&text), "{missing}");
    }
    let error = refused(&tokens_with("key_file = \"nowhere.key\""));
    assert_eq!(error.kind(), ConfigErrorKind::UnreadableFile);
}

#[test]
fn a_public_key_is_read_and_is_no_secret() {
    let scene = Scene::new();
    let path = scene.write("flask.pem", PUBLIC, 0o644);
    let by_file = tokens_with(&format!("key_file = \"{}\"", path.display()));
    let inline = tokens_with(&format!("key = \"\"\"{PUBLIC}\"\"\""));
    for (scene, text) in [(scene, by_file), (Scene::new(), inline)] {
        let loaded = scene.toml(&text.replace("HS256", "ES256")).load().unwrap();
        let warnings: Vec<_> = loaded
            .warnings
            .iter()
            .filter(|warning| !warning.what.contains("flask.pem"))
            .collect();
        assert!(warnings.is_empty(), "{warnings:?}");
        let source = &loaded.config.foreign.tokens[0];
        assert_eq!(source.algorithms, [Algorithm::Es256]);
    }
}

#[test]
fn a_bad_value_names_its_line_and_key() {
    for (change, key, reason) in [
        ("name = \"a b\"", "name", "must be 1 to 64 of"),
        ("name = 1", "name", "must be text in quotes, not a number"),
        ("name = \"\"", "name", "is empty"),
        ("algorithms = []", "algorithms", "is empty"),
        ("algorithms = \"HS256\"", "algorithms", "must be a list"),
        ("algorithms = [1]", "algorithms", "must be a list"),
        ("algorithms = [\"none\"]", "algorithms", "has `none`"),
        ("algorithms = [\"HS256\", \"HS256\"]", "algorithms", "twice"),
        (
            "algorithms = [\"HS256\", \"RS256\"]",
            "key",
            "different kinds",
        ),
        ("algorithms = [\"RS256\"]", "key", "is not one PEM block"),
        (
            "subject_is = \"email\"",
            "subject_is",
            "\"id\" or \"username\"",
        ),
        ("subject_claim = 7", "subject_claim", "must be text"),
        ("until = \"soon\"", "until", "is not a date"),
        ("until = 2027-03-31T18:00:00", "until", "without a zone"),
        ("until = 18:00:00", "until", "is not a date"),
        ("until = 1806537600", "until", "not a number"),
        ("leeway = \"61s\"", "leeway", "from 0s to 1m"),
        ("leeway = \"10\"", "leeway", "has no unit"),
        ("kid = \"a b\"", "kid", "1 to 128 characters"),
        ("require_expiry = \"no\"", "require_expiry", "true or false"),
        ("key_env = \"X\"", "key_env", "is a second key beside `key`"),
        (
            "key_file = \"x\"",
            "key_file",
            "is a second key beside `key`",
        ),
    ] {
        let error = refused(&format!("# a line\n{}", tokens(change)));
        let what = format!("`foreign_tokens.{key}` ");
        assert!(
            error.what().starts_with(&what) && error.what().contains(reason),
            "{change}: {error}"
        );
        assert!(error.why().contains("doorward.toml line "), "{error}");
        assert!(!error.to_string().contains(STRONG), "{error}");
    }
    let error = refused(&tokens("until = \"soon\""));
    assert!(error.why().ends_with("line 2"), "{error}");
    assert!(error.fix().contains("until = \"2027-03-31\""), "{error}");
}

#[test]
fn what_is_needed_and_missing_refuses_the_start() {
    for name in ["name", "key", "algorithms", "subject_is", "until"] {
        let good = tokens("");
        let kept = good.lines().filter(|line| !line.starts_with(name));
        let text = kept.fold(String::new(), |text, line| text + line + "\n");
        let error = refused(&text);
        assert_eq!(error.what(), format!("`foreign_tokens.{name}` is missing"));
        assert!(error.why().ends_with("line 1"), "{error}");
    }
}

#[test]
fn unknown_keys_and_other_shapes_refuse_the_start() {
    let error = refused(&tokens("untill = 2027-01-01"));
    assert_eq!(error.kind(), ConfigErrorKind::UnknownKey);
    assert!(error.why().contains("line 2"), "{error}");
    assert!(error.fix().contains("`until`?"), "{error}");
    let error = refused(&sessions("algorithms = [\"HS256\"]"));
    assert_eq!(error.kind(), ConfigErrorKind::UnknownKey);
    for text in [
        "foreign_tokens = 1",
        "[foreign_tokens]\nname = 'x'",
        "flask_sessions = ['x']",
    ] {
        let error = refused(text);
        assert!(
            error.fix().contains("begin each with a line: [["),
            "{error}"
        );
    }
    let error = refused("[[foreign_token]]\nname = 'x'");
    assert!(error.fix().contains("`foreign_tokens`?"), "{error}");
    let scene = Scene::new().variable("DOORWARD_FOREIGN_TOKENS", "x");
    let error = scene.refusal();
    let text = "stand in the configuration file";
    assert!(error.fix().contains(text), "{error}");
}

#[test]
fn a_name_is_given_once_in_each_kind() {
    let error = refused(&format!("{}{}", tokens(""), tokens("")));
    assert!(error.what().contains("`flask` a second time"), "{error}");
    let both = format!("{}{}", tokens(""), sessions(""));
    assert!(Scene::new().toml(&both).load().is_ok());
}

#[test]
fn more_sources_than_anybody_needs_are_refused() {
    let many = |count: usize| {
        let tables = (0..count).map(|number| tokens(&format!("name = \"s{number}\"")));
        tables.collect::<String>()
    };
    assert!(Scene::new().toml(&many(16)).load().is_ok());
    let error = refused(&many(17));
    assert!(error.what().contains("16 are the most"), "{error}");
}

fn warns_of_guessing(loaded: &Loaded) -> bool {
    let mut whats = loaded.warnings.iter().map(|warning| &warning.what);
    whats.any(|what| what.contains("until the source ends"))
}

/// The lecture's key lets anybody who has read the lecture sign tokens for everybody.
#[test]
fn a_well_known_key_is_refused_unless_it_is_accepted_knowingly_and_warned_about() {
    for (make, place) in [
        (tokens as fn(&str) -> String, "foreign_tokens"),
        (sessions, "flask_sessions"),
    ] {
        let known = make("key = \"myverystrongsecretkey\"");
        let error = refused(&known);
        assert_eq!(error.kind(), ConfigErrorKind::WeakSecret);
        assert!(error.what().contains(place), "{error}");
        assert!(error.fix().contains("allow_weak_key = true"), "{error}");
        assert!(!error.to_string().contains("myverystrong"), "{error}");
        let accepted = format!("{known}allow_weak_key = true\n");
        let accepted = Scene::new().toml(&accepted).load().unwrap();
        assert!(warns_of_guessing(&accepted));
        let demo = Scene::new().demo(false).toml(&known).load().unwrap();
        assert!(warns_of_guessing(&demo));
        // A short one is what is being left behind: a warning, and no refusal.
        let short = make("key = \"9fQ2-tj4\"");
        assert!(warns_of_guessing(
            &Scene::new().toml(&short).load().unwrap()
        ));
        assert!(!warns_of_guessing(
            &Scene::new().toml(&make("")).load().unwrap()
        ));
    }
    let error = refused(&sessions("fallbacks = [\"supersecretkey\"]"));
    assert_eq!(error.kind(), ConfigErrorKind::WeakSecret);
}

#[test]
fn a_key_in_the_file_and_an_open_file_are_warned_about() {
    let shown = |loaded: &Loaded| {
        let warnings = loaded.warnings.iter();
        warnings.map(ToString::to_string).collect::<String>()
    };
    let loaded = Scene::new().toml(&tokens("")).load().unwrap();
    let text = shown(&loaded);
    assert!(
        text.contains("holds the secret `foreign_tokens.key`"),
        "{text}"
    );
    let scene = Scene::new();
    scene.write("doorward.toml", &tokens(""), 0o644);
    let text = shown(&scene.load().unwrap());
    assert!(text.contains("chmod 600"), "{text}");
    assert!(!text.contains(STRONG), "{text}");
}

#[test]
fn two_readings_of_one_cookie_refuse_the_start() {
    let second = sessions("name = \"old\"");
    let same = format!("{}{second}", sessions(""));
    assert!(Scene::new().toml(&same).load().is_ok());
    let other = second.replace("subject_is = \"id\"", "subject_is = \"username\"");
    let error = refused(&format!("{}{other}", sessions("")));
    let text = "reads the same cookie in another way";
    assert!(error.what().contains(text), "{error}");
    let apart = format!("{}{other}cookie = \"old\"\n", sessions(""));
    assert!(Scene::new().toml(&apart).load().is_ok());
}

#[test]
fn the_shown_tables_read_back_the_same_but_for_the_key() {
    let former = "0123456789abcdef0123456789ABCDEF-x";
    let optional =
        "issuer = \"https://app.example\"\naudience = \"app\"\nkid = \"1\"\nleeway = \"10s\"";
    let text = format!(
        "{}{}",
        tokens(optional),
        sessions(&format!("max_age = \"12h\"\nfallbacks = [\"{former}\"]"))
    );
    let loaded = Scene::new().toml(&text).load().unwrap();
    let shown = loaded.config.foreign.show(true);
    assert!(shown.contains("[[foreign_tokens]]  # "), "{shown}");
    assert!(shown.contains("doorward.toml line 1\n"), "{shown}");
    assert!(
        !shown.contains(STRONG) && !shown.contains(former),
        "{shown}"
    );
    let restored = shown
        .replace("key = \"***\"", &format!("key = \"{STRONG}\""))
        .replace("[\"***\"]", &format!("[\"{former}\"]"));
    let again = Scene::new().toml(&restored).load().unwrap();
    let show = |loaded: &Loaded| loaded.config.foreign.show(false);
    assert_eq!(show(&again), show(&loaded));
    assert!(loaded.show(false).contains("[[flask_sessions]]"));
}

#[test]
fn the_page_and_the_template_name_every_key() {
    let (page, template) = (reference(), template());
    for table in ARRAY_TABLES {
        assert!(page.contains(&format!("### `[[{}]]`", table.name)));
        assert!(template.contains(&format!("\n#[[{}]]\n", table.name)));
        for column in table.columns {
            let row = format!("| `{}` |", column.name);
            assert!(page.contains(&row), "{}", column.name);
            let line = format!("{} = {}", column.name, column.example);
            assert!(template.contains(&line), "{}", column.name);
        }
    }
}

#[test]
fn a_key_that_does_not_fit_is_told_without_the_key() {
    let error = refused(&tokens("algorithms = [\"EdDSA\"]"));
    let text = KeyError::NotPem.to_string();
    assert!(error.what().contains(&text), "{error}");
}

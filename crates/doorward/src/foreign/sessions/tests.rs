use super::*;
use crate::flask_session::SessionValue;
use crate::foreign::SubjectKind;
use crate::user::UserId;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const UNTIL: Timestamp = Timestamp::from_seconds(1_800_086_400);
const HOUR: Duration = Duration::from_hours(1);

fn keys(current: &str, fallbacks: &[&str]) -> FlaskKeys {
    let secret = |text: &str| Secret::from_text(text.to_owned());
    FlaskKeys {
        current: secret(current),
        fallbacks: fallbacks.iter().map(|text| secret(text)).collect(),
    }
}

fn rules() -> FlaskSessionRules {
    FlaskSessionRules {
        subject: SubjectRule {
            claim: "_user_id".to_owned(),
            kind: SubjectKind::Id,
        },
        until: UNTIL,
        max_age: HOUR,
        salt: SessionSigner::SALT.to_owned(),
        cookie: "session".to_owned(),
    }
}

fn sessions(theirs: &FlaskKeys, rules: FlaskSessionRules) -> FlaskSessions {
    let ours = keys("our key", &["our former key"]);
    let source = FlaskSessionSource::new("flask".parse().unwrap(), theirs, &ours, rules);
    FlaskSessions::new([source])
}

fn one() -> FlaskSessions {
    sessions(&keys("their key", &["their former key"]), rules())
}

fn login() -> SessionData {
    [
        ("_user_id", SessionValue::from("7")),
        ("_fresh", true.into()),
        ("_id", "5f2e".into()),
        ("cart", SessionValue::List(vec!["tea".into()])),
    ]
    .into_iter()
    .collect()
}

fn cookie(key: &str, data: &SessionData, age: Duration) -> String {
    let secret = Secret::from_text(key.to_owned());
    let signer = SessionSigner::new(&secret, &[], HOUR);
    let signed_at = u64::try_from(NOW.as_seconds()).unwrap() - age.as_secs();
    signer.encode(data, signed_at).unwrap()
}

fn verify(
    sessions: &FlaskSessions,
    value: &str,
    now: Timestamp,
) -> Result<VerifiedSession, SessionRefusal> {
    sessions.verify(|name| (name == "session").then_some(value), now)
}

#[test]
fn every_key_of_the_application_and_of_ours_signs_sessions_in() {
    for (key, signer) in [
        ("their key", Signer::Theirs),
        ("their former key", Signer::Theirs),
        ("our key", Signer::Ours),
        ("our former key", Signer::Ours),
    ] {
        let found = verify(&one(), &cookie(key, &login(), Duration::ZERO), NOW).unwrap();
        assert_eq!(found.subject, Subject::Id(UserId::new(7)), "{key}");
        assert_eq!(found.signer, signer, "{key}");
    }
}

#[test]
fn what_is_altered_or_of_another_key_or_salt_is_refused() {
    let good = cookie("their key", &login(), Duration::ZERO);
    let another: SessionData = [("_user_id", "1")].into_iter().collect();
    let another = cookie("a stranger", &another, Duration::ZERO);
    let swapped = {
        let (_, signature) = good.rsplit_once('.').unwrap();
        format!("{}.{signature}", another.rsplit_once('.').unwrap().0)
    };
    let salted = {
        let secret = Secret::from_text("their key".to_owned());
        let signer = SessionSigner::with_salt(&secret, &[], HOUR, "email-confirm");
        signer.encode(&login(), 1_800_000_000 - 60).unwrap()
    };
    let nobody: SessionData = [("framework", "Flask")].into_iter().collect();
    let nobody = cookie("their key", &nobody, Duration::ZERO);
    let stranger = cookie("a stranger", &login(), Duration::ZERO);
    let cut = &good[..good.len() - 1];
    for value in [
        "", ".", "..", "x.y.z", cut, &swapped, &salted, &nobody, &stranger,
    ] {
        assert!(
            matches!(verify(&one(), value, NOW), Err(SessionRefusal::Invalid(_))),
            "{value}"
        );
    }
    assert_eq!(
        one().verify(|_| None, NOW).unwrap_err(),
        SessionRefusal::Missing
    );
}

#[test]
fn what_is_too_old_is_refused_and_theirs_is_counted() {
    let sessions = one();
    let late = Timestamp::from_seconds(1_800_000_000 + 3601);
    let theirs = cookie("their key", &login(), Duration::ZERO);
    let ours = cookie("our key", &login(), Duration::ZERO);
    assert_eq!(
        verify(&sessions, &theirs, late).unwrap_err(),
        SessionRefusal::Expired
    );
    assert_eq!(
        verify(&sessions, &ours, late).unwrap_err(),
        SessionRefusal::OwnExpired
    );
    assert_eq!(sessions.tallies().next().unwrap().reading().expired, 1);
}

#[test]
fn from_the_end_on_theirs_are_refused_and_ours_go_on() {
    let mut rules = rules();
    rules.until = NOW;
    let sessions = sessions(&keys("their key", &[]), rules);
    let theirs = cookie("their key", &login(), Duration::ZERO);
    assert_eq!(
        verify(&sessions, &theirs, NOW).unwrap_err(),
        SessionRefusal::Retired
    );
    let before = Timestamp::from_millis(NOW.as_millis() - 1);
    let earlier = cookie("their key", &login(), Duration::from_mins(1));
    assert!(verify(&sessions, &earlier, before).is_ok());
    let ours = cookie("our key", &login(), Duration::ZERO);
    assert!(verify(&sessions, &ours, NOW).is_ok());
    assert_eq!(sessions.tallies().next().unwrap().reading().retired, 1);
}

#[test]
fn a_key_that_is_theirs_and_ours_ends_with_theirs() {
    let mut rules = rules();
    rules.until = NOW;
    for shared in ["our key", "our former key"] {
        let sessions = sessions(&keys(shared, &[]), rules.clone());
        let value = cookie(shared, &login(), Duration::ZERO);
        assert_eq!(
            verify(&sessions, &value, NOW).unwrap_err(),
            SessionRefusal::Retired
        );
    }
}

#[test]
fn an_exchange_keeps_all_of_the_session_and_its_age_under_our_newest_key() {
    let age = Duration::from_mins(30);
    for key in ["their key", "their former key", "our former key", "our key"] {
        let sessions = one();
        let found = verify(&sessions, &cookie(key, &login(), age), NOW).unwrap();
        let (name, value) = sessions.resign(&found).unwrap();
        assert_eq!(name, "session");
        let newest = Secret::from_text("our key".to_owned());
        let reader = SessionSigner::new(&newest, &[], HOUR);
        let read = reader.open(&value, 1_800_000_000).unwrap();
        assert_eq!(read.data, login(), "{key}");
        assert_eq!(read.signed_at, 1_800_000_000 - 1800, "{key}");
        let again = verify(&sessions, &value, NOW).unwrap();
        assert_eq!(again.signer, Signer::Ours);
    }
}

#[test]
fn a_source_has_its_own_cookie_and_salt() {
    let mut rules = rules();
    rules.cookie = "app".to_owned();
    rules.salt = "app-session".to_owned();
    let sessions = sessions(&keys("their key", &[]), rules);
    let secret = Secret::from_text("their key".to_owned());
    let signer = SessionSigner::with_salt(&secret, &[], HOUR, "app-session");
    let value = signer.encode(&login(), 1_800_000_000).unwrap();
    let find = |wanted: &'static str, value| move |name: &str| (name == wanted).then_some(value);
    let found = sessions.verify(find("app", value.as_str()), NOW).unwrap();
    assert_eq!(sessions.resign(&found).unwrap().0, "app");
    assert_eq!(
        sessions
            .verify(find("session", value.as_str()), NOW)
            .unwrap_err(),
        SessionRefusal::Missing
    );
    let flask = cookie("their key", &login(), Duration::ZERO);
    assert!(sessions.verify(find("app", flask.as_str()), NOW).is_err());
}

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    caller::Client,
    clock::Timestamp,
    flask_session::{SessionData, SessionSigner},
    foreign::{
        FlaskKeys, FlaskSessionRules, FlaskSessionSource, ForeignTokenSource, ForeignTokens,
        SubjectKind, SubjectRule,
    },
    password::Password,
    role::Role,
    secret::Secret,
    token::{Algorithm, Hs256Key, InvalidReason, KeyVerifier, Validation},
};

const OURS: &str = "192b9bdd22ab9ed4d12e236c78afcb9a";
const THEIRS: &str = "the secret of the Flask application";
const MONTH: Duration = Duration::from_hours(24 * 30);

fn secret(text: &str) -> Secret {
    Secret::from_text(text.to_owned())
}

/// An authenticator with two users (1 is an administrator) and a source of tokens and of sessions.
struct Scene {
    authenticator: Authenticator,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn new(claim: &str, kind: SubjectKind) -> Self {
        Self::ending(claim, kind, MONTH, THEIRS).await
    }

    async fn ending(claim: &str, kind: SubjectKind, ends_in: Duration, key: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("a.db").display());
        let authenticator = Authenticator::open(&url, &secret(OURS)).await.unwrap();
        for (name, role) in [("Ada", Role::admin()), ("bob", Role::user())] {
            let username = Username::parse(name).unwrap();
            let password = Password::parse("violet otter 42").unwrap();
            let hash = authenticator.hashes().hash(password).await.unwrap();
            let now = authenticator.now();
            let store = authenticator.store();
            store.add_user(&username, &hash, &role, now).await.unwrap();
        }
        let subject = SubjectRule {
            claim: claim.to_owned(),
            kind,
        };
        let until = authenticator.now().after(ends_in);
        let rules = Validation::new().allow_integer_subject(true);
        let verifier = KeyVerifier::with_secret(&secret(key), &[Algorithm::Hs256], rules).unwrap();
        let source =
            ForeignTokenSource::new("flask".parse().unwrap(), verifier, subject.clone(), until);
        let keys = |text: &str| FlaskKeys {
            current: secret(text),
            fallbacks: Vec::new(),
        };
        let session = FlaskSessionRules {
            subject,
            until,
            max_age: MONTH,
            salt: SessionSigner::SALT.to_owned(),
            cookie: "session".to_owned(),
        };
        let sessions =
            FlaskSessionSource::new("flask".parse().unwrap(), &keys(key), &keys(OURS), session);
        let foreign = Foreign {
            tokens: ForeignTokens::new([source], Some(Authenticator::DEFAULT_ISSUER.to_owned())),
            sessions: FlaskSessions::new([sessions]),
        };
        Self {
            authenticator: authenticator.with_foreign(foreign),
            _folder: folder,
        }
    }

    fn exp(&self) -> i64 {
        self.authenticator.now().after(MONTH * 2).as_seconds()
    }

    /// What a route with a token answers.
    async fn present(&self, token: &str) -> Result<Principal, ForeignTokenError> {
        match self.authenticator.verify_token(token) {
            Ok(principal) => Ok(principal),
            Err(ours) => self.authenticator.foreign_principal(token, ours).await,
        }
    }

    async fn claims(&self, mut claims: Value) -> Result<Principal, ForeignTokenError> {
        claims["exp"] = json!(self.exp());
        self.present(&signed(THEIRS, None, &claims)).await
    }

    fn cookie(&self, key: &str, values: &[(&str, &str)]) -> String {
        let data: SessionData = values.iter().map(|(name, value)| (*name, *value)).collect();
        let signer = SessionSigner::new(&secret(key), &[], MONTH);
        let now = u64::try_from(self.authenticator.now().as_seconds()).unwrap();
        signer.encode(&data, now).unwrap()
    }

    async fn counted(&self) -> Vec<(String, [u64; 4])> {
        self.authenticator.flush_foreign_logins().await.unwrap();
        let rows = self.authenticator.store().foreign_logins().await.unwrap();
        let row = |row: &crate::store::ForeignLogins| {
            let name = format!("{} {}", row.kind.as_str(), row.source);
            (name, Outcome::ALL.map(|outcome| row.counts.get(outcome)))
        };
        rows.iter().map(row).collect()
    }
}

fn signed(key: &str, id: Option<&str>, claims: &Value) -> String {
    let id = id.map(|id| crate::token::KeyId::parse(id).unwrap());
    let token = Hs256Key::new(&secret(key), id).sign(claims).unwrap();
    token.as_str().to_owned()
}

fn is_invalid(result: &Result<Principal, ForeignTokenError>) -> bool {
    matches!(
        result,
        Err(ForeignTokenError::Token(TokenError::Invalid(_)))
    )
}

#[tokio::test]
async fn name_and_role_come_from_the_database_and_not_from_the_token() {
    let scene = Scene::new("user_id", SubjectKind::Id).await;
    for claims in [
        json!({"user_id": 2, "username": "root", "role": "admin"}),
        json!({"user_id": "2", "username": "root", "role": "admin"}),
    ] {
        let principal = scene.claims(claims).await.unwrap();
        assert_eq!(principal.username, "bob");
        assert_eq!(principal.role, Role::user());
    }
}

#[tokio::test]
async fn a_deleted_and_a_disabled_user_do_not_come_back_through_an_old_credential() {
    let scene = Scene::new("user_id", SubjectKind::Id).await;
    let store = scene.authenticator.store();
    let bob = crate::user::UserId::new(2);
    assert!(scene.claims(json!({"user_id": 2})).await.is_ok());
    store
        .disable_user(bob, scene.authenticator.now())
        .await
        .unwrap();
    assert!(is_invalid(&scene.claims(json!({"user_id": 2})).await));
    store.enable_user(bob).await.unwrap();
    assert!(scene.claims(json!({"user_id": 2})).await.is_ok());
    store
        .delete_user(bob, scene.authenticator.now())
        .await
        .unwrap();
    assert!(is_invalid(&scene.claims(json!({"user_id": 2})).await));
    assert!(is_invalid(&scene.claims(json!({"user_id": 99})).await));
    let cookie = scene.cookie(THEIRS, &[("user_id", "2")]);
    let session = scene
        .authenticator
        .session_principal(|_| Some(cookie.as_str()))
        .await;
    assert!(matches!(session, Err(SessionLoginError::UnknownUser)));
}

/// Two people there may be one name here: `Ａda` in full width is `Ada` by our key, and was somebody else.
#[tokio::test]
async fn a_name_counts_as_the_database_spells_it() {
    let scene = Scene::new("sub", SubjectKind::Username).await;
    let principal = scene.claims(json!({"sub": "Ada"})).await.unwrap();
    assert_eq!(principal.role, Role::admin());
    for name in ["ada", "ADA", "Ａda", "Ada ", "Ada\u{200b}", "nobody"] {
        assert!(
            is_invalid(&scene.claims(json!({"sub": name})).await),
            "{name}"
        );
    }
}

/// What we refuse must not come back as somebody else's, even where the application's key is our own.
#[tokio::test]
async fn a_token_that_names_our_key_is_ours_whatever_is_wrong_with_it() {
    let mut scene = Scene::ending("user_id", SubjectKind::Id, MONTH, OURS).await;
    // The default authenticator's key has no id; the server's has.
    scene.authenticator.parts.tokens = crate::access::AccessTokens::new(
        Hs256Key::new(
            &secret(OURS),
            Some(crate::token::KeyId::parse("ours").unwrap()),
        ),
        crate::access::AccessTokenPolicy::new(Authenticator::DEFAULT_ISSUER),
    );
    let good = json!({"user_id": 2, "exp": scene.exp()});
    assert!(scene.present(&signed(OURS, None, &good)).await.is_ok());
    assert!(
        scene
            .present(&signed(OURS, Some("theirs"), &good))
            .await
            .is_ok()
    );
    let refused = scene.present(&signed(OURS, Some("ours"), &good)).await;
    assert!(is_invalid(&refused), "{refused:?}");
    let mut claims = good.clone();
    claims["iss"] = json!(Authenticator::DEFAULT_ISSUER);
    let refused = scene.present(&signed(OURS, None, &claims)).await;
    assert!(is_invalid(&refused), "{refused:?}");
}

#[tokio::test]
async fn the_application_s_token_is_exchanged_and_ours_is_not() {
    let scene = Scene::new("user_id", SubjectKind::Id).await;
    let token = signed(THEIRS, None, &json!({"user_id": 1, "exp": scene.exp()}));
    let logged_in = scene
        .authenticator
        .exchange_token(&token, &Client::default())
        .await
        .unwrap();
    let issued = logged_in.issued;
    let ours = issued.token.as_str();
    let principal = scene.authenticator.verify_token(ours).unwrap();
    assert_eq!(principal.username, "Ada");
    assert_eq!(issued.expires_in, Duration::from_hours(1));
    assert!(matches!(
        scene
            .authenticator
            .exchange_token(ours, &Client::default())
            .await,
        Err(ExchangeError::OwnToken)
    ));
    assert!(matches!(
        scene
            .authenticator
            .exchange_token("a.b.c", &Client::default())
            .await,
        Err(ExchangeError::Token(ForeignTokenError::Token(
            TokenError::Invalid(InvalidReason::Encoding)
        )))
    ));
}

#[tokio::test]
async fn every_outcome_is_counted_once_and_two_writers_add_up() {
    let scene = Scene::new("user_id", SubjectKind::Id).await;
    let token = signed(THEIRS, None, &json!({"user_id": 1, "exp": scene.exp()}));
    let expired = signed(THEIRS, None, &json!({"user_id": 1, "exp": 1_700_000_000}));
    for _ in 0..3 {
        scene.present(&token).await.unwrap();
    }
    scene
        .authenticator
        .exchange_token(&token, &Client::default())
        .await
        .unwrap();
    scene.present(&expired).await.unwrap_err();
    scene.present("a.b.c").await.unwrap_err();
    let expected = vec![("token flask".to_owned(), [3, 1, 1, 0])];
    assert_eq!(scene.counted().await, expected);
    // Written once, however often it is asked for.
    assert_eq!(scene.counted().await, expected);
    let name = "flask".parse().unwrap();
    let more = crate::foreign::TallyReading {
        accepted: 10,
        ..Default::default()
    };
    let long_ago = Timestamp::from_seconds(1);
    let store = scene.authenticator.store();
    store
        .add_foreign_logins(crate::foreign::ForeignKind::Token, &name, &more, long_ago)
        .await
        .unwrap();
    scene.present(&token).await.unwrap();
    let cookie = scene.cookie(THEIRS, &[("user_id", "2")]);
    let find = |_: &str| Some(cookie.as_str());
    scene.authenticator.session_principal(find).await.unwrap();
    assert_eq!(
        scene.counted().await,
        [
            ("session flask".to_owned(), [1, 0, 0, 0]),
            ("token flask".to_owned(), [14, 1, 1, 0])
        ]
    );
    let rows = store.foreign_logins().await.unwrap();
    assert!(rows.iter().all(|row| row.last_seen_at > long_ago));
}

#[tokio::test]
async fn after_the_end_neither_tokens_nor_sessions_count() {
    let scene = Scene::ending("user_id", SubjectKind::Id, Duration::ZERO, THEIRS).await;
    let token = signed(THEIRS, None, &json!({"user_id": 1, "exp": scene.exp()}));
    assert!(matches!(
        scene.present(&token).await,
        Err(ForeignTokenError::Retired)
    ));
    assert!(matches!(
        scene
            .authenticator
            .exchange_token(&token, &Client::default())
            .await,
        Err(ExchangeError::Token(ForeignTokenError::Retired))
    ));
    let cookie = scene.cookie(THEIRS, &[("user_id", "1")]);
    let find = |_: &str| Some(cookie.as_str());
    assert!(matches!(
        scene
            .authenticator
            .exchange_session(find, &Client::default())
            .await,
        Err(SessionLoginError::Refused(SessionRefusal::Retired))
    ));
    let exchanged_before = scene.cookie(OURS, &[("user_id", "1")]);
    let find = |_: &str| Some(exchanged_before.as_str());
    assert!(scene.authenticator.session_principal(find).await.is_ok());
}

#[tokio::test]
async fn a_session_is_exchanged_for_a_token_and_for_itself_under_our_key() {
    let scene = Scene::new("_user_id", SubjectKind::Id).await;
    let cookie = scene.cookie(THEIRS, &[("_user_id", "2"), ("cart", "tea")]);
    let find = |_: &str| Some(cookie.as_str());
    let exchanged = scene
        .authenticator
        .exchange_session(find, &Client::default())
        .await
        .unwrap();
    let token = exchanged.logged_in.issued.token.as_str();
    assert_eq!(
        scene.authenticator.verify_token(token).unwrap().username,
        "bob"
    );
    assert_eq!(exchanged.cookie, "session");
    let now = u64::try_from(scene.authenticator.now().as_seconds()).unwrap();
    let reader = SessionSigner::new(&secret(OURS), &[], MONTH);
    let data = reader.decode(&exchanged.value, now).unwrap();
    assert_eq!(data.get("cart").unwrap().as_str(), Some("tea"));
    let again = |_: &str| Some(exchanged.value.as_str());
    let principal = scene.authenticator.session_principal(again).await.unwrap();
    assert_eq!(principal.username, "bob");
}

#[tokio::test]
async fn without_sources_nothing_foreign_is_accepted() {
    let mut scene = Scene::new("user_id", SubjectKind::Id).await;
    scene.authenticator = scene.authenticator.with_foreign(Foreign::default());
    assert!(is_invalid(&scene.claims(json!({"user_id": 1})).await));
    let cookie = scene.cookie(OURS, &[("_user_id", "1")]);
    let find = |_: &str| Some(cookie.as_str());
    assert!(matches!(
        scene.authenticator.session_principal(find).await,
        Err(SessionLoginError::Refused(SessionRefusal::Missing))
    ));
}

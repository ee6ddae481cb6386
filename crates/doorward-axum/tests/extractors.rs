//! The extractors that say who is calling, in a small application over a real database.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test may stop at the first surprise"
)]

use std::{net::SocketAddr, num::NonZeroUsize, sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::FromRef, routing::get};
use doorward::{
    access::{AccessTokenPolicy, AccessTokens},
    authenticator::{Authenticator, NewUser, Parts, RegistrationRule},
    clock::{Clock, SystemClock},
    flask_session::SessionSigner,
    password::{AcceptedForms, HashPool, HashPoolConfig, Password, PasswordPolicy, Rehash},
    permission::Rights,
    random::OsRandom,
    role::Role,
    secret::Secret,
    session::{RefreshKeys, SessionPolicy},
    store::{Database, DatabaseUrl, Store},
    throttle::{Throttle, ThrottlePolicy},
    token::Hs256Key,
    user::User,
    username::Username,
};
use doorward_axum::{
    Admin, App, Basic, Bearer, PeerAddr, RequireRole, Session, SessionCookies, ShellConfig, app,
};
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use tower::Service as _;

const SECRET: &str = "3f9a1c7e5b8d2046f1a3c5e7092b4d6f8a1c3e507294b6d8fa0c2e4061837a5b";
const PASSWORD: &str = "violet otter 42";

#[derive(Clone, FromRef)]
struct State {
    authenticator: Arc<Authenticator>,
    cookies: SessionCookies,
}

struct Fixture {
    authenticator: Arc<Authenticator>,
    app: App,
    _folder: tempfile::TempDir,
}

impl Fixture {
    async fn new(https: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        let database = Database::connect(&DatabaseUrl::parse(&url).unwrap(), 4)
            .await
            .unwrap();
        database.migrate().await.unwrap();
        let store = Store::new(database);
        let secret = Secret::from_text(SECRET.to_owned());
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let authenticator = Authenticator::new(Parts {
            throttle: Throttle::new(store.clone(), Some(ThrottlePolicy::default())),
            store,
            hashes: HashPool::start(HashPoolConfig::with_threads(NonZeroUsize::MIN)).unwrap(),
            accepted_forms: AcceptedForms::default(),
            rehash: Rehash::default(),
            password_policy: PasswordPolicy::default(),
            registration: RegistrationRule::Users,
            failure_quantum: Duration::ZERO,
            tokens: AccessTokens::new(Hs256Key::new(&secret, None), AccessTokenPolicy::new("test")),
            sessions: SessionPolicy::default(),
            refresh_keys: RefreshKeys::new(&secret, &[]),
            clock: clock.clone(),
            random: Arc::new(OsRandom),
        });
        let authenticator = Arc::new(authenticator.unwrap());
        let signer = SessionSigner::new(&secret, &[], Duration::from_hours(1));
        let state = State {
            authenticator: Arc::clone(&authenticator),
            cookies: SessionCookies::new(signer, clock, https),
        };
        let router = Router::new()
            .route(
                "/bearer",
                get(async |Bearer(caller): Bearer| caller.username),
            )
            .route("/optional", get(optional))
            .route(
                "/basic",
                get(async |Basic(caller): Basic| format!("{} {}", caller.username, caller.role)),
            )
            .route(
                "/admin",
                get(async |caller: RequireRole<Admin>| caller.username.clone()),
            )
            .route("/read", get(read))
            .route("/write", get(write))
            .route("/clear", get(clear))
            .with_state(state);
        Self {
            authenticator,
            app: app(router, ShellConfig::default()),
            _folder: folder,
        }
    }

    async fn user(&self, name: &str, role: &str) -> User {
        let new = NewUser {
            username: Username::parse(name).unwrap(),
            password: Password::parse(PASSWORD).unwrap(),
            role: Role::parse_assignable(role).unwrap(),
        };
        self.authenticator.create_user(new).await.unwrap()
    }

    fn token(&self, user: &User) -> String {
        let issued = self
            .authenticator
            .tokens()
            .issue(
                user,
                &Rights::default(),
                None,
                &OsRandom,
                self.authenticator.now(),
            )
            .unwrap();
        format!("Bearer {}", issued.token.as_str())
    }

    async fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).unwrap();
        let peer = PeerAddr(SocketAddr::from(([192, 0, 2, 1], 4711)));
        request.extensions_mut().insert(peer);
        let response = self.app.clone().call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Response::from_parts(parts, String::from_utf8(bytes.to_vec()).unwrap()).into()
    }

    async fn basic(&self, name: &str, password: &str) -> Answer {
        self.get("/basic", &[("authorization", &basic(name, password))])
            .await
    }

    /// How many hashes were computed or verified.
    fn hashes(&self) -> u64 {
        let counters = self.authenticator.hashes().counters();
        counters.hashed + counters.verified
    }
}

struct Answer(Response<String>);

impl From<Response<String>> for Answer {
    fn from(response: Response<String>) -> Self {
        Self(response)
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        Some(self.0.headers().get(name)?.to_str().unwrap())
    }

    #[track_caller]
    fn assert(&self, status: u16, body: &str) {
        let expected = (StatusCode::from_u16(status).unwrap(), body);
        assert_eq!((self.0.status(), self.0.body().as_str()), expected);
    }

    #[track_caller]
    fn assert_challenge(&self, status: u16, error: &str, challenge: &str) {
        self.assert(status, &format!(r#"{{"error":"{error}"}}"#));
        assert_eq!(self.header("www-authenticate"), Some(challenge));
    }

    /// `session=…` of `Set-Cookie`.
    fn cookie(&self) -> String {
        let cookie = self.header("set-cookie").expect("a cookie");
        cookie.split(';').next().unwrap().to_owned()
    }
}

async fn optional(caller: Option<Bearer>) -> String {
    caller.map_or_else(|| "nobody".to_owned(), |Bearer(caller)| caller.username)
}

async fn read(session: Session) -> (Session, String) {
    let colour = session.get("colour").and_then(|value| value.as_str());
    let colour = colour.unwrap_or("none").to_owned();
    (session, colour)
}

async fn write(mut session: Session) -> (Session, &'static str) {
    session.insert("colour", "blue");
    (session, "set")
}

async fn clear(mut session: Session) -> (Session, &'static str) {
    session.clear();
    (session, "cleared")
}

/// Base64 with padding (RFC 4648 section 4), for `Authorization: Basic`.
fn basic(name: &str, password: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = "Basic ".to_owned();
    for three in format!("{name}:{password}").as_bytes().chunks(3) {
        let bits = (0..3).fold(0, |bits, n| {
            (bits << 8) | usize::from(three.get(n).copied().unwrap_or(0))
        });
        for n in 0..4 {
            text.push(if n <= three.len() {
                char::from(ALPHABET[(bits >> (18 - 6 * n)) & 63])
            } else {
                '='
            });
        }
    }
    text
}

#[tokio::test]
async fn a_bearer_token_names_its_user_and_everything_else_is_challenged() {
    let fixture = Fixture::new(false).await;
    let user = fixture.user("una", "user").await;
    let token = fixture.token(&user);
    let get = async |value: &str| fixture.get("/bearer", &[("authorization", value)]).await;
    get(&token).await.assert(200, "una");
    get(&token.replace("Bearer", "bEARER"))
        .await
        .assert(200, "una");
    let missing = "Bearer realm=\"doorward\"";
    fixture.get("/bearer", &[]).await.assert_challenge(
        401,
        "Authentication token is missing",
        missing,
    );
    for malformed in ["Bearer", "Bearer a b", "Token x", &basic("una", PASSWORD)] {
        get(malformed).await.assert_challenge(
            401,
            "Invalid token header. Use Bearer <token>",
            &format!("{missing}, error=\"invalid_request\""),
        );
    }
    for invalid in ["Bearer a.b.c", &format!("{token}x"), &format!("{token}=")] {
        get(invalid).await.assert_challenge(
            401,
            "Invalid token",
            &format!("{missing}, error=\"invalid_token\""),
        );
    }
    let twice = [("authorization", token.as_str()), ("authorization", &token)];
    fixture
        .get("/bearer", &twice)
        .await
        .assert(400, r#"{"error":"Authorization header is repeated"}"#);
}

#[tokio::test]
async fn an_optional_token_may_be_absent_but_not_bad() {
    let fixture = Fixture::new(false).await;
    let user = fixture.user("una", "user").await;
    let token = fixture.token(&user);
    fixture.get("/optional", &[]).await.assert(200, "nobody");
    fixture
        .get("/optional", &[("authorization", &token)])
        .await
        .assert(200, "una");
    for bad in ["Bearer a.b.c", "Bearer", "Basic x"] {
        let answer = fixture.get("/optional", &[("authorization", bad)]).await;
        assert_eq!(answer.0.status(), 401, "{bad}");
    }
}

#[tokio::test]
async fn a_role_is_looked_up_and_a_lost_one_is_lost_at_once() {
    let fixture = Fixture::new(false).await;
    let admin = fixture.user("root", "admin").await;
    fixture.user("second", "admin").await;
    let user = fixture.user("una", "user").await;
    let tokens = [fixture.token(&admin), fixture.token(&user)];
    let get = async |token: &str| fixture.get("/admin", &[("authorization", token)]).await;
    get(&tokens[0]).await.assert(200, "root");
    get(&tokens[1])
        .await
        .assert(403, r#"{"error":"Admin access required"}"#);
    assert_eq!(fixture.get("/admin", &[]).await.0.status(), 401);
    let store = fixture.authenticator.store();
    let now = fixture.authenticator.now();
    store.disable_user(admin.id, now).await.unwrap();
    get(&tokens[0])
        .await
        .assert(401, r#"{"error":"Invalid token"}"#);
    assert!(store.enable_user(admin.id).await.unwrap());
    get(&tokens[0]).await.assert(200, "root");
    store.delete_user(admin.id, now).await.unwrap();
    get(&tokens[0])
        .await
        .assert(401, r#"{"error":"Invalid token"}"#);
}

#[tokio::test]
async fn basic_credentials_cost_one_hash_while_they_stay_right() {
    let fixture = Fixture::new(false).await;
    fixture.user("una", "user").await;
    fixture.basic("una", PASSWORD).await.assert(200, "una user");
    let after_the_first = fixture.hashes();
    for _ in 0..20 {
        fixture.basic("una", PASSWORD).await.assert(200, "una user");
        // Another spelling of the name is the same user.
        fixture.basic("UNA", PASSWORD).await.assert(200, "una user");
    }
    assert_eq!(fixture.hashes(), after_the_first);
    let refused = fixture.basic("una", "violet otter 43").await;
    refused.assert_challenge(
        401,
        "Invalid username or password",
        "Basic realm=\"Login Required\", charset=\"UTF-8\"",
    );
    assert_eq!(
        fixture.hashes(),
        after_the_first + 1,
        "a wrong one is hashed"
    );
}

#[tokio::test]
async fn a_changed_password_and_a_disabled_user_end_basic_at_once() {
    let fixture = Fixture::new(false).await;
    let user = fixture.user("una", "user").await;
    fixture.basic("una", PASSWORD).await.assert(200, "una user");
    let name = Username::parse("una").unwrap();
    let new = Password::parse("amber heron 17").unwrap();
    fixture
        .authenticator
        .reset_password(&name, new)
        .await
        .unwrap();
    assert_eq!(fixture.basic("una", PASSWORD).await.0.status(), 401);
    let right = fixture.basic("una", "amber heron 17").await;
    right.assert(200, "una user");
    let store = fixture.authenticator.store();
    let now = fixture.authenticator.now();
    store.disable_user(user.id, now).await.unwrap();
    assert_eq!(fixture.basic("una", "amber heron 17").await.0.status(), 401);
    store.enable_user(user.id).await.unwrap();
    fixture
        .basic("una", "amber heron 17")
        .await
        .assert(200, "una user");
    store
        .delete_user(user.id, fixture.authenticator.now())
        .await
        .unwrap();
    assert_eq!(fixture.basic("una", "amber heron 17").await.0.status(), 401);
}

#[tokio::test]
async fn basic_goes_through_the_throttle() {
    let fixture = Fixture::new(false).await;
    fixture.user("una", "user").await;
    let mut statuses = Vec::new();
    for _ in 0..9 {
        let answer = fixture.basic("una", "wrong password").await;
        statuses.push(answer.0.status().as_u16());
        if answer.0.status() == 429 {
            assert!(answer.header("retry-after").is_some());
            break;
        }
    }
    assert_eq!(statuses[..5], [401; 5]);
    assert_eq!(statuses.last(), Some(&429));
}

#[tokio::test]
async fn malformed_basic_credentials_are_a_400_and_absent_ones_are_challenged() {
    let fixture = Fixture::new(false).await;
    let challenge = "Basic realm=\"Login Required\", charset=\"UTF-8\"";
    fixture
        .get("/basic", &[])
        .await
        .assert_challenge(401, "Authentication required", challenge);
    fixture.basic("nobody", PASSWORD).await.assert_challenge(
        401,
        "Invalid username or password",
        challenge,
    );
    fixture
        .basic("una", "")
        .await
        .assert_challenge(401, "Invalid username or password", challenge);
    for (value, error) in [
        ("Bearer x", "Invalid Authorization header format"),
        ("Basic", "Invalid Authorization header format"),
        ("Basic a b", "Invalid Authorization header format"),
        ("Basic !!!!", "Invalid Base64 credentials"),
        ("Basic /w==", "Invalid Base64 credentials"),
        ("Basic YWRtaW4=", "Invalid credential format"),
    ] {
        let answer = fixture.get("/basic", &[("authorization", value)]).await;
        answer.assert(400, &format!(r#"{{"error":"{error}"}}"#));
    }
}

#[tokio::test]
async fn a_session_is_set_read_and_cleared() {
    let fixture = Fixture::new(false).await;
    let fresh = fixture.get("/read", &[]).await;
    fresh.assert(200, "none");
    assert_eq!(fresh.header("set-cookie"), None, "only read");
    assert_eq!(fresh.header("vary"), Some("Cookie"));
    let set = fixture.get("/write", &[]).await;
    let cookie = set.cookie();
    assert_eq!(
        set.header("set-cookie").unwrap(),
        format!("{cookie}; HttpOnly; Path=/; SameSite=Lax")
    );
    let answer = fixture.get("/read", &[("cookie", &cookie)]).await;
    answer.assert(200, "blue");
    assert_eq!(answer.header("set-cookie"), None);
    let among_others = format!("a=b; {cookie}; c=d");
    fixture
        .get("/read", &[("cookie", &among_others)])
        .await
        .assert(200, "blue");
    let cleared = fixture.get("/clear", &[("cookie", &cookie)]).await;
    assert_eq!(
        cleared.header("set-cookie"),
        Some("session=; Max-Age=0; HttpOnly; Path=/; SameSite=Lax")
    );
}

#[tokio::test]
async fn a_session_that_was_altered_or_sent_twice_is_none() {
    let fixture = Fixture::new(false).await;
    let cookie = fixture.get("/write", &[]).await.cookie();
    let value = cookie.strip_prefix("session=").unwrap();
    for at in 0..value.len() {
        let mut bytes = value.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let altered = format!("session={}", String::from_utf8(bytes).unwrap());
        let answer = fixture.get("/read", &[("cookie", &altered)]).await;
        answer.assert(200, "none");
    }
    for odd in [
        format!("{cookie}="),
        format!("session={}", &value[..value.len() - 1]),
        "session=".to_owned(),
        format!("Session={value}"),
        format!("{cookie}; {cookie}"),
        format!("session=x; {cookie}"),
    ] {
        fixture
            .get("/read", &[("cookie", &odd)])
            .await
            .assert(200, "none");
    }
    let two_fields = [("cookie", cookie.as_str()), ("cookie", cookie.as_str())];
    fixture.get("/read", &two_fields).await.assert(200, "none");
}

#[tokio::test]
async fn a_session_cookie_is_no_token_and_a_token_no_session() {
    let fixture = Fixture::new(false).await;
    let user = fixture.user("una", "user").await;
    let cookie = fixture.get("/write", &[]).await.cookie();
    let value = cookie.strip_prefix("session=").unwrap();
    let as_token = format!("Bearer {value}");
    let answer = fixture
        .get("/bearer", &[("authorization", &as_token)])
        .await;
    answer.assert(401, r#"{"error":"Invalid token"}"#);
    let as_cookie = fixture.token(&user).replace("Bearer ", "session=");
    fixture
        .get("/read", &[("cookie", &as_cookie)])
        .await
        .assert(200, "none");
}

#[tokio::test]
async fn a_session_cookie_is_secure_when_the_service_is_reached_by_https() {
    let fixture = Fixture::new(true).await;
    for target in ["/write", "/clear"] {
        let cookie = fixture.get("/write", &[]).await.cookie();
        let answer = fixture.get(target, &[("cookie", &cookie)]).await;
        let set = answer.header("set-cookie").unwrap();
        assert!(
            set.ends_with("; HttpOnly; Path=/; SameSite=Lax; Secure"),
            "{set}"
        );
    }
}

//! Flask's session cookies at `/auth/session` and `/auth/exchange`.

use std::{
    io::Write as _,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{
    flask_session::{SessionData, SessionSigner, SessionValue},
    secret::Secret,
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;

use crate::{
    client::{Request, get, request},
    foreign_tokens::{OPEN, OVER, THEIRS, refusal},
    installation::{Engine, Installation, SECRET, Server, engines},
};

const MONTH: Duration = Duration::from_hours(24 * 31);

pub(crate) fn source(until: &str) -> String {
    format!(
        "[[flask_sessions]]\nname = \"flask\"\nkey = \"{THEIRS}\"\n\
         fallbacks = [\"the-key-before-that-of-the-application-1\"]\nsubject_is = \"id\"\nuntil = \"{until}\"\n"
    )
}

fn installation(engine: Engine, until: &str) -> Installation {
    Installation::new(engine)
        .with_known_secret()
        .with_file(&source(until))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

fn signer(key: &str) -> SessionSigner {
    SessionSigner::new(&Secret::from_text(key.to_owned()), &[], MONTH)
}

/// What Flask-Login keeps for a user, and a value of the application.
fn login(id: &str) -> SessionData {
    [
        ("_user_id", SessionValue::from(id)),
        ("_fresh", true.into()),
        ("_id", "0f3b".into()),
        ("cart", SessionValue::Tuple(vec!["tea".into()])),
    ]
    .into_iter()
    .collect()
}

pub(crate) fn cookie(key: &str, id: &str, age: u64) -> String {
    let value = signer(key).encode(&login(id), now() - age).unwrap();
    format!("session={value}")
}

fn who(cookie: &str) -> Request {
    get("/auth/session").header("Cookie", cookie)
}

pub(crate) fn exchange(cookie: &str) -> Request {
    request("POST", "/auth/exchange")
        .header("Cookie", cookie)
        .header("Sec-Fetch-Site", "same-origin")
}

fn code(request: &Request, server: &Server) -> (u16, String) {
    let (status, code, _) = refusal(request, server);
    (status, code)
}

#[test]
fn the_applications_cookie_says_who_it_is_and_is_exchanged() {
    for engine in engines() {
        let installation = installation(engine, OPEN);
        let server = installation.start();
        server.set_up();
        server.sign_up("una");
        let (una, _) = installation.stored("una");
        let (root, _) = installation.stored("root");
        let id = root.get().to_string();
        let body = json!({"user_id": root.get(), "username": "root", "role": "admin"});
        for key in [THEIRS, "the-key-before-that-of-the-application-1", SECRET] {
            let answer = who(&cookie(key, &id, 5)).send(server.address);
            assert_eq!((answer.status, answer.json()), (200, body.clone()), "{key}");
            assert_eq!(answer.header("vary"), Some("Cookie"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));

            let issued = now() - 100;
            let answer = exchange(&cookie(key, &id, 100)).send(server.address);
            assert_eq!(answer.status, 200, "{answer:?}");
            let token = answer.json()["token"].as_str().unwrap().to_owned();
            assert_eq!(
                get("/users").bearer(&token).send(server.address).status,
                200
            );
            let set = answer.header("set-cookie").unwrap().to_owned();
            let (value, attributes) = set.split_once("; ").unwrap();
            assert_eq!(attributes, "HttpOnly; Path=/; SameSite=Lax");
            let value = value.strip_prefix("session=").unwrap();
            // Under our key, with all that was in it, and no younger.
            let read = signer(SECRET).open(value, now()).unwrap();
            assert_eq!(read.data, login(&id));
            assert!(read.signed_at.abs_diff(issued) <= 2, "{}", read.signed_at);
            let again = who(&format!("session={value}")).send(server.address);
            assert_eq!(again.json(), body);
        }
        let id = una.get().to_string();
        let theirs = cookie(THEIRS, &id, 5);
        assert_eq!(who(&theirs).send(server.address).status, 200);
        installation.disable("una");
        assert_eq!(
            code(&who(&theirs), &server),
            (401, "session_invalid".to_owned())
        );
    }
}

#[test]
fn with_an_https_address_the_new_cookie_is_secure() {
    let installation =
        installation(Engine::Sqlite, OPEN).set("DOORWARD_PUBLIC_URL", "https://auth.example");
    let server = installation.start();
    server.set_up();
    let answer = exchange(&cookie(THEIRS, "1", 5)).send(server.address);
    let set = answer.header("set-cookie").unwrap();
    assert!(
        set.ends_with("; HttpOnly; Path=/; SameSite=Lax; Secure"),
        "{set}"
    );
}

#[test]
fn what_is_altered_expired_of_another_salt_a_bomb_or_sent_twice_is_refused() {
    let installation = installation(Engine::Sqlite, OPEN);
    let server = installation.start();
    server.set_up();
    let good = cookie(THEIRS, "1", 5);
    let salted = {
        let secret = Secret::from_text(THEIRS.to_owned());
        let signer = SessionSigner::with_salt(&secret, &[], MONTH, "email-confirm");
        format!("session={}", signer.encode(&login("1"), now()).unwrap())
    };
    let nobody: SessionData = [("framework", "Flask")].into_iter().collect();
    let nobody = format!("session={}", signer(THEIRS).encode(&nobody, now()).unwrap());
    let forged = cookie("a key that nobody has here, 0123456789", "1", 5);
    let (_, signature) = good.rsplit_once('.').unwrap();
    let another = cookie(THEIRS, "2", 5);
    let swapped = format!("{}.{signature}", another.rsplit_once('.').unwrap().0);
    let twice = format!("{good}; {good}");
    let bomb = zip_bomb();
    for (cookie, expected) in [
        (&*good.replace("session=", "session=x"), "session_invalid"),
        (&good[..good.len() - 1], "session_invalid"),
        (&swapped, "session_invalid"),
        (&forged, "session_invalid"),
        (&salted, "session_invalid"),
        (&nobody, "session_invalid"),
        (&cookie(THEIRS, "99", 5), "session_invalid"),
        (&cookie(THEIRS, "1", 31 * 86_400 + 5), "session_expired"),
        (&cookie(SECRET, "1", 31 * 86_400 + 5), "session_expired"),
        (&bomb, "session_invalid"),
        ("session=", "session_invalid"),
        (&twice, "session_missing"),
        ("sessions=x", "session_missing"),
    ] {
        let shown = cookie.get(..40).unwrap_or(cookie);
        assert_eq!(
            code(&who(cookie), &server),
            (401, expected.to_owned()),
            "{shown}"
        );
        let answer = exchange(cookie);
        assert_eq!(
            code(&answer, &server),
            (401, expected.to_owned()),
            "{shown}"
        );
    }
    // Two fields are two cookies as well.
    let two = who(&good).header("Cookie", &good);
    assert_eq!(code(&two, &server), (401, "session_missing".to_owned()));
}

/// A cookie whose signature is good and whose 3 KB become megabytes.
fn zip_bomb() -> String {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(b"{\"_user_id\":\"1\",\"x\":\"").unwrap();
    encoder.write_all(&vec![b'a'; 2_000_000]).unwrap();
    encoder.write_all(b"\"}").unwrap();
    let compressed = encoder.finish().unwrap();
    let stamp = u32::try_from(now()).unwrap().to_be_bytes();
    let signed = format!(
        ".{}.{}",
        URL_SAFE_NO_PAD.encode(compressed),
        URL_SAFE_NO_PAD.encode(stamp)
    );
    let mac = |key: &[u8], text: &str| {
        let mac = Hmac::<sha1::Sha1>::new_from_slice(key).unwrap();
        mac.chain_update(text).finalize().into_bytes().to_vec()
    };
    let signature = mac(&mac(THEIRS.as_bytes(), "cookie-session"), &signed);
    format!("session={signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn another_page_cannot_make_a_browser_exchange_its_cookie() {
    let installation =
        installation(Engine::Sqlite, OPEN).set("DOORWARD_PUBLIC_URL", "https://auth.example");
    let server = installation.start();
    server.set_up();
    let cookie = cookie(THEIRS, "1", 5);
    let plain = || request("POST", "/auth/exchange").header("Cookie", &cookie);
    for headers in [
        &[][..],
        &[("Sec-Fetch-Site", "cross-site")],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "none")],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "http://auth.example")],
        &[
            ("Sec-Fetch-Site", "same-origin"),
            ("Origin", "https://evil.example"),
        ],
        &[
            ("Sec-Fetch-Site", "cross-site"),
            ("Origin", "https://auth.example"),
        ],
    ] {
        let request = headers.iter().fold(plain(), |r, (n, v)| r.header(n, v));
        let answer = request.send(server.address);
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(
            code(&request, &server),
            (403, "cross_site".to_owned()),
            "{headers:?}"
        );
    }
    let own = plain().header("Origin", "https://auth.example");
    assert_eq!(own.send(server.address).status, 200);
    // A token in a header is not sent by a browser on its own: it needs no such proof.
    let bearer = plain().bearer("not.a.token");
    assert_eq!(code(&bearer, &server), (401, "token_invalid".to_owned()));
}

#[test]
fn after_the_end_theirs_are_refused_and_what_was_exchanged_goes_on() {
    let installation = installation(Engine::Sqlite, OVER);
    let server = installation.start();
    server.set_up();
    let theirs = cookie(THEIRS, "1", 5);
    for request in [who(&theirs), exchange(&theirs)] {
        let expected = (401, "foreign_session_retired".to_owned());
        assert_eq!(code(&request, &server), expected);
    }
    let ours = cookie(SECRET, "1", 5);
    assert_eq!(who(&ours).send(server.address).status, 200);
    assert_eq!(exchange(&ours).send(server.address).status, 200);
}

/// A Flask application beside us with a users table of its own may have our secret: its user 1 is not ours.
#[test]
fn without_a_table_no_cookie_logs_anybody_in() {
    let installation = Installation::new(Engine::Sqlite).with_known_secret();
    let server = installation.start();
    server.set_up();
    let ours = cookie(SECRET, "1", 5);
    for request in [who(&ours), exchange(&ours)] {
        let expected = (401, "session_missing".to_owned());
        assert_eq!(code(&request, &server), expected);
    }
}

/// The lecture's program 7 keeps what it likes in a session; a name there logs in only where a table says so.
#[test]
fn a_name_in_the_session_counts_where_a_table_says_so() {
    let table = source(OPEN).replace(
        "subject_is = \"id\"",
        "subject_claim = \"user\"\nsubject_is = \"username\"",
    );
    let installation = Installation::new(Engine::Sqlite).with_file(&table);
    let server = installation.start();
    server.set_up();
    let named = |name: &str| {
        let data: SessionData = [("user", name)].into_iter().collect();
        format!("session={}", signer(THEIRS).encode(&data, now()).unwrap())
    };
    assert_eq!(who(&named("root")).send(server.address).status, 200);
    for name in ["Root", "ｒoot", "nobody", "1"] {
        let expected = (401, "session_invalid".to_owned());
        assert_eq!(code(&who(&named(name)), &server), expected, "{name}");
    }
}

//! Whoever guesses has to wait; whoever owns the account does not (AU-04 to AU-08, HT-09).

use serde_json::json;

use crate::{
    client::{login, post},
    installation::{Engine, Installation, PASSWORD, Server, engines},
    wire::Answer,
};

/// Behind a proxy on loopback, so that a test can act from several addresses. Networks are not what is tested here.
fn behind_a_proxy(engine: Engine) -> Installation {
    Installation::new(engine)
        .without_quantum()
        .set("DOORWARD_HTTP_TRUSTED_PROXIES", "127.0.0.1")
        .set("DOORWARD_THROTTLE_NETWORK_BURST", "1000")
}

const HOME: &str = "198.51.100.7";
const ELSEWHERE: &str = "203.0.113.9";

fn attempt(server: &Server, name: &str, password: &str, from: &str) -> Answer {
    login(name, password)
        .forwarded_for(from)
        .send(server.address)
}

/// Five failures are free. The wait after them begins with one second, so a slow machine may get in one or two more.
fn fail_until_throttled(server: &Server, name: &str, from: &str) -> Answer {
    for number in 1..=9 {
        let answer = attempt(server, name, "wrong password", from);
        if number <= 5 {
            assert_eq!(answer.status, 401, "{number}: {answer:?}");
        }
        if answer.status != 401 {
            return answer;
        }
    }
    panic!("nobody had to wait");
}

/// Makes the wait of every bucket with failures long enough for any machine.
fn lengthen(installation: &Installation) {
    installation.execute(
        "UPDATE login_failures SET failures = 14 WHERE failures < 1000",
        &[],
    );
}

fn assert_throttled(answer: &Answer) {
    assert_eq!(answer.status, 429, "{answer:?}");
    let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert_eq!(answer.text(), r#"{"error":"Too many requests"}"#);
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[test]
fn the_sixth_wrong_password_has_to_wait_for_a_known_and_for_an_unknown_name() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        server.sign_up("una");
        let known = fail_until_throttled(&server, "una", ELSEWHERE);
        let unknown = fail_until_throttled(&server, "nobody", ELSEWHERE);
        assert_throttled(&known);
        assert_throttled(&unknown);
        lengthen(&installation);
        // The right password does not help whoever has to wait; the owner is elsewhere and does not.
        assert_throttled(&attempt(&server, "una", PASSWORD, ELSEWHERE));
        assert_eq!(attempt(&server, "una", PASSWORD, HOME).status, 200);
        // Nor does the owner's success free the guesser.
        assert_throttled(&attempt(&server, "una", PASSWORD, ELSEWHERE));
        assert_eq!(attempt(&server, "vera", "wrong", ELSEWHERE).status, 401);
    }
}

#[test]
fn the_wait_survives_a_restart() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        server.sign_up("una");
        fail_until_throttled(&server, "una", ELSEWHERE);
        lengthen(&installation);
        server.stop();
        let server = installation.start();
        assert_throttled(&attempt(&server, "una", PASSWORD, ELSEWHERE));
        assert_eq!(attempt(&server, "una", PASSWORD, HOME).status, 200);
    }
}

#[test]
fn a_success_forgets_the_failures_before_it() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        server.sign_up("una");
        for _ in 0..3 {
            for _ in 0..4 {
                let answer = attempt(&server, "una", "wrong password", HOME);
                assert_eq!(answer.status, 401, "{answer:?}");
            }
            assert_eq!(attempt(&server, "una", PASSWORD, HOME).status, 200);
        }
    }
}

/// Answers CVE-2025-24806, CVE-2025-6004.
#[test]
fn spellings_of_one_name_share_a_bucket() {
    let installation = behind_a_proxy(Engine::Sqlite);
    let server = installation.start();
    server.sign_up("una");
    for name in ["una", "UNA", "Una", "\u{ff55}\u{ff4e}\u{ff41}", "uNa"] {
        assert_eq!(attempt(&server, name, "wrong", ELSEWHERE).status, 401);
    }
    lengthen(&installation);
    for name in ["una", "unA", "\u{ff35}\u{ff2e}\u{ff21}"] {
        assert_throttled(&attempt(&server, name, PASSWORD, ELSEWHERE));
    }
}

/// Answers better-auth-default.
#[test]
fn a_forged_address_is_ignored_without_a_trusted_proxy() {
    let installation = Installation::new(Engine::Sqlite)
        .without_quantum()
        .set("DOORWARD_THROTTLE_NETWORK_BURST", "1000");
    let server = installation.start();
    server.sign_up("una");
    for number in 0..5 {
        let from = format!("203.0.113.{number}");
        assert_eq!(attempt(&server, "una", "wrong", &from).status, 401);
    }
    lengthen(&installation);
    assert_throttled(&attempt(&server, "una", PASSWORD, "203.0.113.77"));
    assert_throttled(&login("una", PASSWORD).send(server.address));
}

#[test]
fn only_the_hop_before_the_trusted_proxy_counts() {
    let installation = behind_a_proxy(Engine::Sqlite);
    let server = installation.start();
    server.sign_up("una");
    for number in 0..5 {
        let hops = format!("10.0.0.{number}, {ELSEWHERE}");
        assert_eq!(attempt(&server, "una", "wrong", &hops).status, 401);
    }
    lengthen(&installation);
    for hops in [
        format!("192.0.2.1, {ELSEWHERE}"),
        ELSEWHERE.to_owned(),
        format!("{HOME},{ELSEWHERE}"),
    ] {
        assert_throttled(&attempt(&server, "una", PASSWORD, &hops));
    }
    assert_eq!(attempt(&server, "una", PASSWORD, HOME).status, 200);
}

#[test]
fn one_address_that_tries_many_names_has_to_wait() {
    let installation = Installation::new(Engine::Sqlite)
        .without_quantum()
        .set("DOORWARD_HTTP_TRUSTED_PROXIES", "127.0.0.1")
        .set("DOORWARD_THROTTLE_NETWORK_BURST", "6")
        .set("DOORWARD_THROTTLE_NETWORK_PER_MINUTE", "1");
    let server = installation.start();
    server.sign_up("una");
    for number in 0..6 {
        let name = format!("name-{number}");
        // One /64 is one household.
        let from = format!("2001:db8:1:2::{number}");
        assert_eq!(attempt(&server, &name, "wrong", &from).status, 401);
    }
    assert_throttled(&attempt(&server, "una", PASSWORD, "2001:db8:1:2:ffff::1"));
    assert_eq!(
        attempt(&server, "una", PASSWORD, "2001:db8:1:3::1").status,
        200
    );
}

/// Answers CVE-2025-64102, CVE-2025-71399.
#[test]
fn every_route_that_takes_a_password_shares_one_count() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        server.sign_up("una");
        let ask = |path: &str, password: &str| {
            post(path, &json!({"username": "una", "password": password}))
                .forwarded_for(ELSEWHERE)
                .send(server.address)
        };
        for path in ["/login", "/auth/login", "/login", "/auth/login", "/login"] {
            assert_eq!(ask(path, "wrong password").status, 401, "{path}");
        }
        lengthen(&installation);
        for path in ["/login", "/auth/login"] {
            assert_throttled(&ask(path, PASSWORD));
        }
        // CVE-2025-71399: another spelling of the path reached the handler past the limiter.
        for path in [
            "//login",
            "/login/",
            "/%6cogin",
            "/%6Cogin",
            "/LOGIN",
            "/./login",
            "/auth//login",
            "/auth/../login",
            "/login;a=b",
            "/login%00",
        ] {
            let answer = ask(path, PASSWORD);
            assert!(
                [400, 404, 429].contains(&answer.status),
                "{path}: {answer:?}"
            );
            assert!(!answer.text().contains("token"), "{path}: {answer:?}");
        }
        assert_throttled(&ask("/login?x=/metrics", PASSWORD));
    }
}

#[test]
fn every_answer_to_a_login_says_how_many_failures_are_left() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        server.sign_up("una");
        let limits = |name: &str| -> Vec<String> {
            let mut limits = Vec::new();
            for _ in 0..4 {
                let answer = attempt(&server, name, "wrong password", ELSEWHERE);
                assert_eq!(answer.status, 401);
                let policy = answer.header("ratelimit-policy");
                assert_eq!(policy, Some("\"default\";q=5;w=86400"));
                let limit = answer.header("ratelimit").unwrap();
                let (left, reset) = limit.split_once(";t=").unwrap();
                assert!(
                    (1..=86_400).contains(&reset.parse::<u32>().unwrap()),
                    "{limit}"
                );
                limits.push(left.to_owned());
            }
            limits
        };
        let left = [4, 3, 2, 1].map(|left| format!("\"default\";r={left}"));
        assert_eq!(limits("una"), left);
        assert_eq!(limits("nobody"), left);
        lengthen(&installation);
        for name in ["una", "nobody"] {
            let answer = attempt(&server, name, PASSWORD, ELSEWHERE);
            assert_throttled(&answer);
            let wait = answer.header("retry-after").unwrap();
            let limit = answer.header("ratelimit").unwrap();
            let reset = limit.strip_prefix("\"default\";r=0;t=").unwrap();
            let [wait, reset] = [wait, reset].map(|text| text.parse::<u64>().unwrap());
            assert!(wait.abs_diff(reset) <= 2, "{wait} {reset}");
        }
        let answer = attempt(&server, "una", PASSWORD, HOME);
        assert_eq!(answer.header("ratelimit"), Some("\"default\";r=5"));
    }
}

#[test]
fn the_demo_makes_nobody_wait() {
    let (_kept, server) = Installation::demo(Engine::Sqlite)
        .without_quantum()
        .start_kept();
    for _ in 0..12 {
        let answer = login("alice", "wrong").send(server.address);
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    let answer = login("alice", "alice123").send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    for header in [
        "ratelimit",
        "ratelimit-policy",
        "doorward-device",
        "set-cookie",
    ] {
        assert_eq!(answer.header(header), None, "the lecture has no {header}");
    }
}

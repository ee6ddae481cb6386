//! The keys of tokens: what is published, and how one follows another.

use std::{collections::BTreeSet, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    client::{get, login, post},
    installation::{Engine, Installation, PASSWORD, SECRET, Server, engines, eventually},
    rotation::{self, Course},
    verifiers::Caches,
};

/// A rotation that takes seconds.
fn quick(engine: Engine) -> Installation {
    Installation::new(engine)
        .set("DOORWARD_KEYS_LEAD", "2s")
        .set("DOORWARD_TOKEN_TTL", "2s")
        .set("DOORWARD_API_KEYS_TOKEN_TTL", "2s")
}

fn header(token: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap());
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}

fn kid(token: &str) -> String {
    header(token)["kid"].as_str().unwrap().to_owned()
}

fn published(server: &Server) -> Vec<Value> {
    let answer = get("/.well-known/jwks.json").send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["keys"].as_array().unwrap().clone()
}

fn published_ids(server: &Server) -> BTreeSet<String> {
    let id = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    published(server).iter().map(id).collect()
}

fn is_good(token: &str, server: &Server) -> bool {
    get("/profile").bearer(token).send(server.address).status == 200
}

/// What `doorward key list` has: states by `kid`.
fn listed(installation: &Installation) -> Vec<Value> {
    let ran = installation.run(&["key", "list", "--json"], "");
    assert!(ran.status.success(), "{ran:?}");
    let text = String::from_utf8(ran.stdout).unwrap();
    let lines = text.lines().map(serde_json::from_str);
    lines.collect::<Result<_, _>>().unwrap()
}

fn key_command(installation: &Installation, arguments: &[&str]) -> String {
    let ran = installation.run(&[&["key"], arguments].concat(), "");
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
fn a_fresh_server_signs_with_es256_and_publishes_the_key_for_a_browser_and_a_cache() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let server = installation.start();
        let token = server.sign_up("una");
        let signed = header(&token);
        assert_eq!(signed["alg"], "ES256");
        let answer = get("/.well-known/jwks.json").send(server.address);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(
            answer.header("cache-control"),
            Some("public, max-age=300"),
            "longer than a lead would break verifiers"
        );
        let keys = published(&server);
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0]["kid"], signed["kid"]);
        assert_eq!(
            (&keys[0]["use"], &keys[0]["alg"], &keys[0]["crv"]),
            (&json!("sig"), &json!("ES256"), &json!("P-256"))
        );
        assert_eq!(keys[0].get("d"), None, "the private half");

        let tag = answer.header("etag").unwrap();
        let again = get("/.well-known/jwks.json")
            .header("If-None-Match", tag)
            .send(server.address);
        assert_eq!((again.status, again.text()), (304, ""));

        let pem = get(&format!("/.well-known/keys/{}", kid(&token))).send(server.address);
        assert!(pem.text().starts_with("-----BEGIN PUBLIC KEY-----\n"));
        server.stop();
        let server = installation.start();
        assert!(is_good(&token, &server), "the key outlives the process");
        assert_eq!(kid(&server.token("una", PASSWORD)), kid(&token));
    }
}

#[test]
fn each_algorithm_signs_what_the_server_accepts_and_a_secret_is_never_published() {
    for (algorithm, kty) in [
        ("EdDSA", Some("OKP")),
        ("RS256", Some("RSA")),
        ("HS256", None),
    ] {
        let installation = Installation::new(Engine::Sqlite)
            .with_known_secret()
            .set("DOORWARD_TOKEN_ALGORITHM", algorithm);
        let server = installation.start();
        let token = server.sign_up("una");
        assert_eq!(header(&token)["alg"], algorithm);
        assert!(is_good(&token, &server));
        let answer = get("/.well-known/jwks.json").send(server.address);
        assert!(!answer.text().contains("oct") && !answer.text().contains(SECRET));
        let keys = published(&server);
        assert_eq!(
            keys.first().map(|key| &key["kty"]),
            kty.map(Value::from).as_ref()
        );
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(
                keys.iter().all(|key| key.get(private).is_none()),
                "{private}"
            );
        }
    }
}

#[test]
fn a_server_with_an_applications_secret_signs_with_it_until_it_is_told_otherwise() {
    let installation = Installation::new(Engine::Sqlite).with_known_secret();
    let server = installation.start();
    assert_eq!(header(&server.sign_up("una"))["alg"], "HS256");
    assert_eq!(published(&server), Vec::<Value>::new());
}

#[test]
fn the_metadata_say_where_the_keys_are_and_nothing_without_a_public_url() {
    let installation =
        Installation::new(Engine::Sqlite).set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
    let server = installation.start();
    let both = ["oauth-authorization-server", "openid-configuration"].map(|name| {
        let answer = get(&format!("/.well-known/{name}")).send(server.address);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        answer.json()
    });
    assert_eq!(both[0], both[1]);
    assert_eq!(both[0]["issuer"], "https://auth.example.org");
    assert_eq!(
        both[0]["jwks_uri"],
        "https://auth.example.org/.well-known/jwks.json"
    );
    assert_eq!(
        both[0]["id_token_signing_alg_values_supported"],
        json!(["ES256"])
    );
    assert_eq!(both[0].get("authorization_endpoint"), None);
    // What it names is there, whatever it answers.
    let endpoint = both[0]["token_endpoint"].as_str().unwrap();
    let path = endpoint.strip_prefix("https://auth.example.org").unwrap();
    let answer = post(path, &json!({})).send(server.address);
    assert_eq!(answer.status, 400);
}

#[test]
fn a_key_takes_over_on_two_nodes_without_one_token_refused() {
    for engine in engines() {
        let installation = quick(engine);
        let nodes = [installation.start(), installation.start()];
        let old = kid(&nodes[0].sign_up("una"));
        key_command(&installation, &["rotate"]);
        for node in &nodes {
            eventually("both keys are published", || published(node).len() == 2);
        }
        let mut seen = BTreeSet::new();
        eventually("the old key is retired on both", || {
            // A token of either node is good at both, whatever signs now.
            for issuer in &nodes {
                let token = issuer.token("una", PASSWORD);
                seen.insert(kid(&token));
                for verifier in &nodes {
                    let answer = get("/profile").bearer(&token).send(verifier.address);
                    let expired = answer.json()["error"] == "Token expired";
                    assert!(answer.status == 200 || expired, "{answer:?}");
                }
            }
            nodes.iter().all(|node| !published_ids(node).contains(&old))
        });
        assert_eq!(seen.len(), 2, "both keys have signed");
        let states: Vec<_> = listed(&installation)
            .iter()
            .map(|key| key["state"].clone())
            .collect();
        assert_eq!(states, [json!("active"), json!("retired")]);
    }
}

#[test]
fn a_key_that_is_old_enough_is_followed_by_itself_and_once_for_all_nodes() {
    for engine in engines() {
        let installation = quick(engine).set("DOORWARD_KEYS_ROTATE_AFTER", "1s");
        let nodes = [installation.start(), installation.start()];
        let first = kid(&nodes[0].sign_up("una"));
        eventually("another key signs", || {
            kid(&nodes[1].token("una", PASSWORD)) != first
        });
        // Each key has one successor.
        let keys = listed(&installation);
        let follows: BTreeSet<_> = keys.iter().map(|key| key["follows"].to_string()).collect();
        assert_eq!(follows.len(), keys.len(), "{keys:?}");
    }
}

#[test]
fn a_rotation_goes_on_when_the_node_that_began_it_is_killed() {
    for engine in engines() {
        let installation = quick(engine);
        let mut first = installation.start();
        let old = kid(&first.sign_up("una"));
        key_command(&installation, &["rotate"]);
        eventually("the next key is published", || published(&first).len() == 2);
        let other = installation.start();
        first.signal("KILL");
        first.ended();
        assert_eq!(published(&other).len(), 2);
        eventually("the other node completes it", || {
            kid(&other.token("una", PASSWORD)) != old && !published_ids(&other).contains(&old)
        });
    }
}

#[test]
fn a_server_moves_from_its_secret_to_a_pair_and_both_are_accepted_meanwhile() {
    for engine in engines() {
        let installation = Installation::new(engine)
            .with_known_secret()
            .set("DOORWARD_KEYS_LEAD", "2s");
        let server = installation.start();
        let of_secret = server.sign_up("una");
        server.stop();
        let installation = installation.set("DOORWARD_TOKEN_ALGORITHM", "ES256");
        let server = installation.start();
        assert!(is_good(&of_secret, &server));
        eventually("the pair is published", || published(&server).len() == 1);
        eventually("the pair signs", || {
            header(&server.token("una", PASSWORD))["alg"] == "ES256"
        });
        assert!(is_good(&of_secret, &server), "its hour has not passed");
    }
}

#[test]
fn the_tokens_of_a_retired_key_are_refused_on_every_node_and_sessions_go_on() {
    for engine in engines() {
        let installation = Installation::new(engine);
        let nodes = [installation.start(), installation.start()];
        let token = nodes[0].sign_up("una");
        let login = login("una", PASSWORD).send(nodes[0].address);
        let refresh = login.json()["refresh_token"].clone();
        let ran = installation.run(&["key", "retire", &kid(&token), "--yes"], "");
        assert!(ran.status.success(), "{ran:?}");
        let told = String::from_utf8(ran.stderr).unwrap();
        assert!(told.contains("2 sessions have an access token"), "{told}");
        for node in &nodes {
            eventually("it is refused", || !is_good(&token, node));
            assert!(!published_ids(node).contains(&kid(&token)));
        }
        let answer = post("/auth/refresh", &json!({"refresh_token": refresh}));
        let answer = answer.send(nodes[1].address);
        assert_eq!(answer.status, 200, "{answer:?}");
        let next = answer.json()["token"].as_str().unwrap().to_owned();
        assert!(is_good(&next, &nodes[0]) && is_good(&next, &nodes[1]));
    }
}

#[test]
fn a_server_without_the_secret_that_its_keys_are_encrypted_under_says_so_and_how_to_go_on() {
    let installation = Installation::new(Engine::Sqlite);
    let server = installation.start();
    let token = server.sign_up("una");
    server.stop();
    std::fs::remove_file(installation.folder().join("data/secret.key")).unwrap();
    let refused = installation.run_to_end();
    let told = String::from_utf8(refused.stderr).unwrap();
    let command = format!("doorward key retire {}", kid(&token));
    assert!(told.contains(&command), "{told}");
    key_command(&installation, &["retire", &kid(&token), "--yes"]);
    let server = installation.start();
    assert!(!is_good(&token, &server));
    assert!(is_good(&server.token("una", PASSWORD), &server));
}

#[test]
fn another_secret_encrypts_the_keys_anew_and_the_former_one_can_go() {
    let secret = "5d1c0a4be7f2936884aa1b0cfe3d927743d0e65c1fb8a2947e6d05b3c8f19a20";
    let installation = Installation::new(Engine::Sqlite)
        .with_known_secret()
        .set("DOORWARD_TOKEN_ALGORITHM", "ES256");
    let server = installation.start();
    let token = server.sign_up("una");
    let session = login("una", PASSWORD).send(server.address).json();
    server.stop();
    let installation = installation
        .set("DOORWARD_SECRET_KEY", secret)
        .set("DOORWARD_SECRET_KEY_FALLBACKS", SECRET);
    let server = installation.start();
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let answer = post("/auth/refresh", &refresh).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    server.stop();
    let installation = installation.set("DOORWARD_SECRET_KEY_FALLBACKS", "");
    let server = installation.start();
    assert!(is_good(&token, &server));
    assert_eq!(kid(&server.token("una", PASSWORD)), kid(&token));
}

#[test]
fn a_key_of_ones_own_takes_over_and_another_nodes_private_half_is_never_printed() {
    let installation = quick(Engine::Sqlite);
    let server = installation.start();
    server.sign_up("una");
    let path = installation.folder().join("own.pem");
    let made = std::process::Command::new("openssl")
        .args(["genpkey", "-algorithm", "ed25519", "-out"])
        .arg(&path)
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{made:?}");
    let pem = std::fs::read_to_string(&path).unwrap();
    let printed = key_command(&installation, &["import", path.to_str().unwrap()]);
    assert!(!printed.contains(pem.lines().nth(1).unwrap()));
    eventually("it signs", || {
        header(&server.token("una", PASSWORD))["alg"] == "EdDSA"
    });
    let public = std::process::Command::new("openssl")
        .args(["pkey", "-pubout", "-in"])
        .arg(&path)
        .output()
        .unwrap();
    let id = kid(&server.token("una", PASSWORD));
    let answer = get(&format!("/.well-known/keys/{id}")).send(server.address);
    assert_eq!(answer.text(), String::from_utf8(public.stdout).unwrap());
}

/// The lead and what verifiers keep stand to each other as 15 minutes, 10 (`jose`) and 5 (`PyJWT`) do by default, or closer.
#[test]
fn no_verifier_refuses_a_token_while_keys_follow_each_other_and_the_node_that_makes_them_is_killed()
{
    for engine in engines() {
        let course = Course {
            lead: Duration::from_secs(4),
            token_life: Duration::from_secs(6),
            rotate_after: Duration::from_secs(1),
            caches: Caches {
                pyjwt: Duration::from_secs(2),
                jose: Duration::from_secs(2),
                ours: Duration::from_secs(2),
            },
            pause: Duration::from_millis(20),
            keys: 4,
        };
        let Some(outcome) = rotation::run(Installation::new(engine), course) else {
            return;
        };
        assert!(outcome.keys >= course.keys, "{outcome:?}");
        for seen in &outcome.seen {
            assert!(seen.refused.is_empty(), "{outcome:?}");
            assert_eq!(seen.good, outcome.made + outcome.again, "{outcome:?}");
        }
    }
}

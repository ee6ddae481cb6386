//! What every service must answer to every kind of token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{
    secret::Secret,
    token::{Hs256Key, KeyId, KeyPair, PairAlgorithm},
};
use serde_json::{Value, json};

use crate::{
    client::{get, request},
    installation::{PASSWORD, eventually},
    scene::{Scene, claims_of, header_of},
};

/// All of it, in the order in which a day has it.
pub(crate) fn judges_every_token_rightly(scene: &Scene) {
    lets_good_tokens_in(scene);
    refuses_forgeries(scene);
    refuses_the_revoked(scene);
    goes_on_through_a_rotation(scene);
}

fn lets_good_tokens_in(scene: &Scene) {
    let token = scene.server.token("una", PASSWORD);
    let answer = scene.ask("/whoami", Some(&token));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.json(), json!({"user": "una", "role": "user"}));
    // Signed by the test with the server's key, so that only what is changed below can be what is refused.
    let own = scene.sign(&claims_of(&token));
    assert_eq!(scene.ask("/whoami", Some(&own)).status, 200);

    assert_eq!(scene.ask("/edit", Some(&token)).status, 403);
    scene.run(&["role", "set", "editor", "--permission", "notes:write"]);
    scene.run(&["user", "roles", "una", "--set", "editor"]);
    let token = scene.server.token("una", PASSWORD);
    let answer = scene.ask("/edit", Some(&token));
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"edited": true}))
    );
    assert_eq!(scene.ask("/edit", None).status, 401);
}

fn refuses_forgeries(scene: &Scene) {
    let token = scene.server.token("una", PASSWORD);
    let good = claims_of(&token);
    let but = |changed: Value| {
        let mut claims = good.clone();
        for (name, value) in changed.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
    };
    let mut without_audience = good.clone();
    without_audience.as_object_mut().unwrap().remove("aud");
    let mut without_end = good.clone();
    without_end.as_object_mut().unwrap().remove("exp");
    let issued = good["iat"].as_i64().unwrap();
    for (what, claims) in [
        (
            "expired",
            but(json!({"iat": issued - 3700, "exp": issued - 100})),
        ),
        (
            "wrong issuer",
            but(json!({"iss": "https://auth.example.com"})),
        ),
        ("wrong audience", but(json!({"aud": "payments"}))),
        ("no audience", without_audience),
        ("no end", without_end),
    ] {
        refused(scene, what, &scene.sign(&claims));
    }

    let (header, rest) = token.split_once('.').unwrap();
    let (payload, signature) = rest.split_once('.').unwrap();
    let with_header = |header: &Value| {
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{payload}.{signature}")
    };
    let kid = header_of(&token)["kid"].as_str().unwrap().to_owned();
    for alg in ["none", "None", "nOnE"] {
        let unsigned = with_header(&json!({"alg": alg, "typ": "JWT", "kid": kid}));
        refused(scene, alg, &unsigned);
        let empty = unsigned.rsplit_once('.').unwrap().0.to_owned() + ".";
        refused(scene, alg, &empty);
    }
    let altered = URL_SAFE_NO_PAD.encode(but(json!({"role": "admin"})).to_string());
    refused(scene, "altered", &format!("{header}.{altered}.{signature}"));

    // Another key, under its own name and under the server's.
    let foreign =
        doorward::token::SigningKey::from(KeyPair::generate(PairAlgorithm::Es256).unwrap());
    let by_foreign = foreign.sign(&good).unwrap();
    refused(scene, "foreign key", by_foreign.as_str());
    let its_signature = by_foreign.as_str().rsplit_once('.').unwrap().1.to_owned();
    refused(
        scene,
        "foreign key, our kid",
        &format!("{header}.{payload}.{its_signature}"),
    );
    // The published key as a shared secret.
    let pem = get(&format!("/.well-known/keys/{kid}")).send(scene.server.address);
    let secret = Secret::from_text(pem.text().to_owned());
    let confused = Hs256Key::new(&secret, Some(KeyId::parse(&kid).unwrap()));
    refused(
        scene,
        "HS256 with the public key",
        confused.sign(&good).unwrap().as_str(),
    );

    let list = get("/auth/revocations").send(scene.server.address);
    refused(scene, "a list of revocations", list.text());
    for text in ["", "x", "a.b.c", "a.b.c.d"] {
        refused(scene, text, text);
    }
}

#[track_caller]
fn refused(scene: &Scene, what: &str, token: &str) {
    for path in ["/whoami", "/edit"] {
        let answer = scene.ask(path, Some(token));
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
    }
}

fn refuses_the_revoked(scene: &Scene) {
    let token = scene.server.token("una", PASSWORD);
    let other = scene.server.token("una", PASSWORD);
    assert_eq!(scene.ask("/whoami", Some(&token)).status, 200);
    let out = request("POST", "/auth/logout")
        .bearer(&token)
        .send(scene.server.address);
    assert_eq!(out.status, 204, "{out:?}");
    eventually("the logged-out session is refused", || {
        scene.ask("/whoami", Some(&token)).status == 401
    });
    assert_eq!(scene.ask("/whoami", Some(&other)).status, 200);
    // Everything that a user has.
    scene.run(&["user", "end-sessions", "una"]);
    eventually("all of the user's sessions are refused", || {
        scene.ask("/whoami", Some(&other)).status == 401
    });
    let token = scene.server.token("una", PASSWORD);
    assert_eq!(scene.ask("/whoami", Some(&token)).status, 200);
}

fn goes_on_through_a_rotation(scene: &Scene) {
    let before = scene.server.token("una", PASSWORD);
    let old = header_of(&before)["kid"].clone();
    scene.run(&["key", "rotate"]);
    let mut asked = 0;
    eventually("another key signs", || {
        let token = scene.server.token("una", PASSWORD);
        for token in [&token, &before] {
            let answer = scene.ask("/whoami", Some(token));
            assert_eq!(answer.status, 200, "after {asked}: {answer:?}");
        }
        asked += 1;
        header_of(&token)["kid"] != old
    });
    assert_eq!(scene.ask("/whoami", Some(&before)).status, 200);
}

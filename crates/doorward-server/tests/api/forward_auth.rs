//! `/forward-auth`, as a reverse proxy asks it, and signing in with a browser.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    client::{Request, get, post, request, send_json},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
    wire::Answer,
};

const ORIGIN: &str = "https://auth.example.org";
const WIKI: &str = "https://wiki.example.org";

/// A server that a proxy on this machine asks.
pub(crate) fn behind_a_proxy(engine: Engine) -> Installation {
    Installation::new(engine)
        .without_quantum()
        .set("DOORWARD_PUBLIC_URL", ORIGIN)
        .set("DOORWARD_FORWARD_AUTH_REDIRECTS", WIKI)
        .set("DOORWARD_FORWARD_AUTH_COOKIE_DOMAIN", "example.org")
        .set("DOORWARD_HTTP_TRUSTED_PROXIES", "127.0.0.1/32")
}

fn from_the_page(path: &str, body: &Value) -> Request {
    post(path, body).header("Origin", ORIGIN)
}

/// The cookies that an answer sets, without what stands behind their values.
fn cookies(answer: &Answer) -> Vec<(String, String)> {
    let fields = answer
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    fields
        .map(|(_, field)| {
            let pair = field.split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        })
        .collect()
}

fn cookie(answer: &Answer, name: &str) -> String {
    let all = cookies(answer);
    let found = all.into_iter().find(|(found, _)| found == name);
    found.unwrap_or_else(|| panic!("no {name} in {answer:?}")).1
}

/// The ticket and the session of a browser that signs in.
fn signed_in(server: &Server, name: &str) -> (String, String) {
    let body = json!({"username": name, "password": PASSWORD});
    let answer = from_the_page("/signin", &body).send(server.address);
    assert_eq!(answer.status, 200, "{answer:?}");
    (
        cookie(&answer, "doorward_ticket"),
        cookie(&answer, "doorward_session"),
    )
}

fn with_ticket(target: &str, ticket: &str) -> Request {
    get(target).header("Cookie", &format!("theme=dark; doorward_ticket={ticket}"))
}

fn for_a_page(target: &str) -> Request {
    get(target)
        .header("Accept", "text/html,*/*")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "wiki.example.org")
        .header("X-Forwarded-Uri", "/start?a=b&c")
        .header("X-Forwarded-Method", "GET")
}

fn remote(answer: &Answer) -> [Option<&str>; 4] {
    [
        "remote-user",
        "remote-groups",
        "remote-name",
        "remote-email",
    ]
    .map(|name| answer.header(name))
}

#[test]
fn a_good_token_passes_and_all_four_headers_say_whose_it_is_even_when_empty() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        let admin = server.set_up();
        let token = server.sign_up("una");
        for (token, name, role) in [(&admin, "root", "admin"), (&token, "una", "user")] {
            for method in ["GET", "POST", "PUT", "DELETE", "PROPFIND"] {
                let answer = request(method, "/forward-auth")
                    .bearer(token)
                    // What a client sends is answered over, not repeated.
                    .header("Remote-User", "mallory")
                    .header("Remote-Email", "mallory@example.org")
                    .send_to_another(server.address);
                assert_eq!(answer.status, 200, "{method}: {answer:?}");
                let expected = [Some(name), Some(role), Some(name), Some("")];
                assert_eq!(remote(&answer), expected);
                assert_eq!(answer.text(), "");
                assert_eq!(answer.header("cache-control"), Some("no-store"));
            }
        }
    }
}

#[test]
fn whoever_brings_nothing_good_does_not_pass() {
    let installation = behind_a_proxy(Engine::Sqlite);
    let server = installation.start();
    let token = server.sign_up("una");
    let (ticket, session) = signed_in(&server, "una");
    let bearer = |text: &str| get("/forward-auth").header("Authorization", text);
    let jar = |text: &str| get("/forward-auth").header("Cookie", text);
    let unsigned = format!("{}.", token.rsplit_once('.').unwrap().0);
    let none = format!("eyJhbGciOiJub25lIn0.{}.", token.split('.').nth(1).unwrap());
    for request in [
        get("/forward-auth"),
        bearer("Bearer"),
        bearer("Bearer nonsense"),
        bearer(&format!("Bearer {unsigned}")),
        bearer(&format!("Bearer {none}")),
        bearer(&format!("Bearer {token} {token}")),
        bearer(&format!("Token {token}")),
        bearer(&format!(
            "Basic {}",
            STANDARD.encode(format!("una:{PASSWORD}"))
        )),
        // A ticket is no token, and a token no ticket.
        bearer(&format!("Bearer {ticket}")),
        jar(&format!("doorward_ticket={token}")),
        jar(&format!("doorward_ticket={session}")),
        jar(&format!("doorward_session={session}")),
        jar("doorward_ticket="),
        jar("doorward_ticket"),
        jar(&format!("doorward_ticket={ticket}x")),
        jar(&format!("doorward_ticket=\"{ticket}\"")),
        jar(&format!(
            "doorward_ticket={ticket}; doorward_ticket={ticket}"
        )),
        jar(&format!("doorward_ticket={ticket}")).header("Cookie", "doorward_ticket=x"),
        jar(&format!("DOORWARD_TICKET={ticket}")),
        jar(&format!("x=\"; doorward_ticket={ticket}")).header("Authorization", "Bearer x"),
    ] {
        let answer = request.clone().send(server.address);
        assert_eq!(answer.status, 401, "{request:?}");
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Bearer"), "{challenge}");
        assert_eq!(remote(&answer), [None; 4]);
        assert_eq!(answer.header("location"), None);
    }
    assert_eq!(
        with_ticket("/forward-auth", &ticket)
            .send(server.address)
            .status,
        200
    );
    let twice = get("/forward-auth").bearer(&token).bearer(&token);
    assert_eq!(twice.send(server.address).status, 400);
    // Nor does a ticket open anything else.
    for target in ["/profile", "/users", "/auth/sessions", "/auth/keys"] {
        let answer = with_ticket(target, &ticket).send(server.address);
        assert_eq!(answer.status, 401, "{target}");
        let answer = get(target).bearer(&ticket).send(server.address);
        assert_eq!(answer.status, 401, "{target}");
    }
}

#[test]
fn roles_and_permissions_that_the_proxy_asks_for_are_needed() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        let admin = server.set_up();
        server.sign_up("una");
        let id = installation.stored("una").0;
        let editor = json!({"permissions": ["wiki:write"]});
        let answer = send_json("PUT", "/roles/editor", &editor).bearer(&admin);
        assert_eq!(answer.send(server.address).status, 201);
        let roles = json!({"roles": ["editor"]});
        let answer = send_json("PUT", &format!("/users/{id}/roles"), &roles).bearer(&admin);
        assert_eq!(answer.send(server.address).status, 200);
        let una = server.token("una", PASSWORD);
        let (ticket, _) = signed_in(&server, "una");
        for (query, status) in [
            ("role=editor", 200),
            ("role=admin,editor", 200),
            ("role=admin", 403),
            ("permission=wiki:write", 200),
            ("permission=wiki%3Awrite", 200),
            ("permission=wiki:write,wiki:read", 403),
            ("role=admin&permission=wiki:write", 403),
            ("role=editor&role=admin", 400),
            ("rolle=admin", 400),
            ("role=", 400),
        ] {
            let target = format!("/forward-auth?{query}");
            for request in [get(&target).bearer(&una), with_ticket(&target, &ticket)] {
                let answer = request.send(server.address);
                assert_eq!(answer.status, status, "{query}");
                if status != 200 {
                    assert_eq!(remote(&answer), [None; 4], "{query}");
                }
            }
        }
        let answer = get("/forward-auth").bearer(&una).send(server.address);
        assert_eq!(answer.header("remote-groups"), Some("user,editor"));
        // Administrators may do what an application has defined.
        let answer = get("/forward-auth?permission=wiki:write").bearer(&admin);
        assert_eq!(answer.send(server.address).status, 200);

        // What was taken away is gone, for the ticket too.
        let roles = json!({"roles": []});
        let answer = send_json("PUT", &format!("/users/{id}/roles"), &roles).bearer(&admin);
        assert_eq!(answer.send(server.address).status, 200);
        for request in [
            get("/forward-auth").bearer(&una),
            with_ticket("/forward-auth", &ticket),
        ] {
            assert_eq!(request.send(server.address).status, 401);
        }
    }
}

#[test]
fn envoy_asks_by_a_path_that_its_client_cannot_change() {
    let installation = behind_a_proxy(Engine::Sqlite);
    let server = installation.start();
    let admin = server.set_up();
    let una = server.sign_up("una");
    for (target, of_una, of_admin) in [
        ("/ext-authz/any", 200, 200),
        ("/ext-authz/any/", 200, 200),
        ("/ext-authz/any/a/b?role=admin", 200, 200),
        ("/ext-authz/role=admin/", 403, 200),
        ("/ext-authz/role=admin/a?role=user", 403, 200),
        ("/ext-authz/role=admin/../any", 403, 200),
        ("/ext-authz/role=admin/%2e%2e/any", 403, 200),
        ("/ext-authz/role=admin//any", 403, 200),
        ("/ext-authz/role=admin/..%2f..%2fext-authz%2fany", 403, 200),
        ("/ext-authz/permission=users:read&role=admin/a", 403, 200),
        ("/ext-authz/all/", 400, 400),
        ("/ext-authz", 404, 404),
        ("/ext-authz/", 404, 404),
        ("/forward-auth/", 404, 404),
        ("/forward-auth/any", 404, 404),
    ] {
        for (token, status) in [(&una, of_una), (&admin, of_admin)] {
            let answer = get(target).bearer(token).send_to_another(server.address);
            assert_eq!(answer.status, status, "{target}");
        }
    }
}

#[test]
fn a_program_passes_with_its_key_and_an_application_keeps_its_own_basic() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        let admin = server.set_up();
        let body =
            json!({"name": "ci", "permissions": ["users:read"], "current_password": PASSWORD});
        let made = post("/auth/keys", &body)
            .bearer(&admin)
            .send(server.address)
            .json();
        let key = made["key"].as_str().unwrap();
        let exchanged = crate::api_keys::exchanged(&server, made["id"].as_str().unwrap(), key);
        let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
        let as_name = get("/forward-auth").header("Authorization", &basic(&format!("{key}:")));
        for request in [
            get("/forward-auth").bearer(key),
            get("/forward-auth").bearer(&exchanged),
            as_name,
            get("/forward-auth?permission=users:read").bearer(key),
        ] {
            let answer = request.send(server.address);
            // What a key may do is its scope, not its user's roles.
            let expected = [Some("root"), Some(""), Some("root"), Some("")];
            assert_eq!(
                (answer.status, remote(&answer)),
                (200, expected),
                "{request:?}"
            );
        }
        for query in ["role=admin", "permission=users:write"] {
            let answer = get(&format!("/forward-auth?{query}")).bearer(key);
            assert_eq!(answer.send(server.address).status, 403, "{query}");
        }
        let (ticket, _) = signed_in(&server, "root");
        let answer = with_ticket("/forward-auth", &ticket)
            .header("Authorization", &basic("somebody:of the application"))
            .send(server.address);
        assert_eq!(answer.status, 200);
    }
}

#[test]
fn a_browser_is_shown_where_to_sign_in_and_comes_back_only_to_an_application_that_is_listed() {
    let installation = behind_a_proxy(Engine::Sqlite);
    let server = installation.start();
    server.sign_up("una");
    let location = format!("{ORIGIN}/signin?rd=https%3A%2F%2Fwiki.example.org%2Fstart%3Fa%3Db%26c");
    let answer = for_a_page("/forward-auth").send(server.address);
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some(&*location))
    );
    let answer = for_a_page("/forward-auth?unauthenticated=401").send(server.address);
    assert_eq!(
        (answer.status, answer.header("location")),
        (401, Some(&*location))
    );
    let answer = get("/forward-auth")
        .header("Accept", "text/html")
        .header("X-Original-URL", "https://wiki.example.org/start?a=b&c")
        .header("X-Original-Method", "GET")
        .send(server.address);
    assert_eq!(answer.header("location"), Some(&*location));

    let plain = |headers: &[(&str, &str)]| {
        let request = get("/forward-auth");
        headers.iter().fold(request, |request, (name, value)| {
            request.header(name, value)
        })
    };
    let page = [
        ("Accept", "text/html"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "wiki.example.org"),
        ("X-Forwarded-Uri", "/"),
        ("X-Forwarded-Method", "GET"),
    ];
    assert_eq!(plain(&page).send(server.address).status, 302);
    for (at, other) in [
        (0, "application/json"),
        (1, "http"),
        (2, "evil.example"),
        (2, "wiki.example.org.evil.example"),
        (2, "wiki.example.org, evil.example"),
        (3, "@evil.example/"),
        (4, "POST"),
    ] {
        let mut headers = page;
        headers[at].1 = other;
        let answer = plain(&headers).send(server.address);
        assert_eq!(
            (answer.status, answer.header("location")),
            (401, None),
            "{other}"
        );
    }
    for field in &page[1..4] {
        let answer = plain(&page).header(field.0, field.1).send(server.address);
        assert_eq!(
            (answer.status, answer.header("location")),
            (401, None),
            "{field:?}"
        );
    }
    for (rd, expected) in [
        (
            "https://wiki.example.org/a",
            json!("https://wiki.example.org/a"),
        ),
        ("https://evil.example/", Value::Null),
        ("//evil.example/", Value::Null),
        ("javascript:alert(1)", Value::Null),
    ] {
        let body = json!({"username": "una", "password": PASSWORD, "rd": rd});
        let answer = from_the_page("/signin", &body).send(server.address);
        assert_eq!(answer.json()["location"], expected, "{rd}");
    }
}

#[test]
fn forwarded_headers_of_a_stranger_are_not_believed() {
    let installation =
        behind_a_proxy(Engine::Sqlite).set("DOORWARD_HTTP_TRUSTED_PROXIES", "192.0.2.1/32");
    let server = installation.start();
    let answer = for_a_page("/forward-auth").send(server.address);
    assert_eq!((answer.status, answer.header("location")), (401, None));
}

#[test]
fn signing_in_is_for_our_own_page_and_its_cookies_are_as_narrow_as_can_be() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        server.sign_up("Ünal Öz");
        let body = json!({"username": "Ünal Öz", "password": PASSWORD});
        for request in [
            post("/signin", &body),
            post("/signin", &body).header("Origin", WIKI),
            from_the_page("/signin", &body).header("Sec-Fetch-Site", "same-site"),
            post("/signin/renew", &json!({})),
            request("POST", "/signin/end").header("Origin", WIKI),
        ] {
            let answer = request.send(server.address);
            assert_eq!(answer.status, 403, "{request:?}");
            assert_eq!(cookies(&answer), []);
        }
        let wrong = json!({"username": "Ünal Öz", "password": "another one"});
        let answer = from_the_page("/signin", &wrong).send(server.address);
        assert_eq!(answer.status, 401);
        assert_eq!(cookies(&answer), []);

        let answer = from_the_page("/signin", &body).send(server.address);
        let field = |name: &str| {
            let mut fields = answer.headers.iter();
            let found = fields.find(|(_, value)| value.starts_with(name));
            let value = &found.unwrap().1;
            value.split_once(';').unwrap().1.trim().to_owned()
        };
        assert_eq!(
            field("doorward_ticket"),
            "Max-Age=3600; Domain=example.org; Path=/; SameSite=Lax; HttpOnly; Secure"
        );
        assert_eq!(
            field("doorward_session"),
            "Max-Age=2592000; Path=/signin; SameSite=Strict; HttpOnly; Secure"
        );
        let ticket = cookie(&answer, "doorward_ticket");
        let answer = with_ticket("/forward-auth", &ticket).send(server.address);
        // Names are visible ASCII, and no two of them are written alike.
        assert_eq!(answer.header("remote-user"), Some("%C3%9Cnal%20%C3%96z"));
    }
}

#[test]
fn a_ticket_says_the_address_only_when_it_is_proved() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let server = installation.start();
        server.sign_up("una");
        let email = || {
            let (ticket, _) = signed_in(&server, "una");
            let answer = with_ticket("/forward-auth", &ticket).send(server.address);
            answer.header("remote-email").unwrap().to_owned()
        };
        installation.execute("UPDATE accounts SET email = 'una@example.org'", &[]);
        assert_eq!(email(), "");
        installation.execute("UPDATE accounts SET email_verified_at_ms = 1", &[]);
        assert_eq!(email(), "una@example.org");
    }
}

#[test]
fn a_browser_goes_on_with_its_session_and_is_out_everywhere_once_it_signs_out() {
    for engine in engines() {
        let installation = behind_a_proxy(engine);
        let nodes = [installation.start(), installation.start()];
        nodes[0].sign_up("una");
        let (ticket, session) = signed_in(&nodes[0], "una");
        let renew = |session: &str| {
            from_the_page("/signin/renew", &json!({"rd": format!("{WIKI}/a")}))
                .header("Cookie", &format!("doorward_session={session}"))
                .send(nodes[1].address)
        };
        let answer = renew(&session);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.json()["location"], format!("{WIKI}/a"));
        let next = cookie(&answer, "doorward_session");
        let next_ticket = cookie(&answer, "doorward_ticket");
        assert_ne!(next, session);
        for node in &nodes {
            for ticket in [&ticket, &next_ticket] {
                assert_eq!(
                    with_ticket("/forward-auth", ticket)
                        .send(node.address)
                        .status,
                    200
                );
            }
        }
        let answer = request("POST", "/signin/end")
            .header("Origin", ORIGIN)
            .header("Cookie", &format!("doorward_session={next}"))
            .send(nodes[0].address);
        assert_eq!(answer.status, 204, "{answer:?}");
        let cleared = [("doorward_ticket", ""), ("doorward_session", "")];
        assert_eq!(
            cookies(&answer),
            cleared.map(|(n, v)| (n.to_owned(), v.to_owned()))
        );
        for node in &nodes {
            eventually("the tickets are refused", || {
                [&ticket, &next_ticket].iter().all(|ticket| {
                    with_ticket("/forward-auth", ticket)
                        .send(node.address)
                        .status
                        == 401
                })
            });
        }
        assert_eq!(renew(&next).status, 401);
    }
}

#[test]
fn settings_that_would_send_browsers_round_in_circles_are_refused_at_start() {
    let refused = |variables: &[(&str, &str)]| {
        let installation = Installation::new(Engine::Sqlite);
        let installation = variables
            .iter()
            .fold(installation, |installation, (name, value)| {
                installation.set(name, value)
            });
        let output = installation.run_to_end();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let redirects = ("DOORWARD_FORWARD_AUTH_REDIRECTS", WIKI);
    let url = ("DOORWARD_PUBLIC_URL", ORIGIN);
    let domain = "DOORWARD_FORWARD_AUTH_COOKIE_DOMAIN";
    assert!(refused(&[redirects]).contains("`public_url` is not"));
    assert!(refused(&[redirects, url]).contains("no cookie of auth.example.org reaches"));
    assert!(refused(&[url, (domain, "example.com")]).contains("no parent"));
    assert!(refused(&[url, (domain, "org")]).contains("no parent"));
    let insecure = ("DOORWARD_FORWARD_AUTH_REDIRECTS", "http://wiki.example.org");
    assert!(refused(&[insecure, url, (domain, "example.org")]).contains("`Secure`"));
}

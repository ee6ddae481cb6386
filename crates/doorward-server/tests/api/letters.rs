//! Letters, links that work once, and new passwords, with a real mail server.

use serde_json::{Value, json};

use crate::{
    client::{Request, login, post, request, send_json},
    installation::{Engine, Installation, PASSWORD, Server, engines, eventually},
    mail_server::MailServer,
    wire::Answer,
};

const NEW_PASSWORD: &str = "amber walrus 77";
const EMAIL: &str = "una@example.org";

fn sign_up_with_email(server: &Server, name: &str, email: &str) -> String {
    let body = json!({"username": name, "password": PASSWORD, "role": "user", "email": email});
    let answer = post("/register", &body).send(server.address);
    assert_eq!(answer.status, 201, "{answer:?}");
    server.token(name, PASSWORD)
}

fn forgot(body: &Value) -> Request {
    post("/auth/password/forgot", body)
}

fn reset(token: &str, password: &str) -> Request {
    let body = json!({"token": token, "new_password": password});
    post("/auth/password/reset", &body)
}

fn verify(token: &str) -> Request {
    post("/auth/email/verify", &json!({"token": token}))
}

fn put_email(token: &str, email: &str, password: &str) -> Request {
    let body = json!({"email": email, "password": password}).to_string();
    request("PUT", "/auth/email")
        .header("Content-Type", "application/json")
        .body(body)
        .bearer(token)
}

fn assert_no_link(answer: &Answer) {
    assert_eq!(answer.status, 404, "{answer:?}");
    assert_eq!(answer.error(), "This link is not valid any more");
}

fn waiting_letters(installation: &Installation) -> i64 {
    count(
        installation,
        "SELECT COUNT(*) FROM mail_queue WHERE next_attempt_at_ms IS NOT NULL",
    )
}

fn count(installation: &Installation, text: &str) -> i64 {
    installation.with_store(async |store| {
        let sql = crate::installation::sql(text);
        let row: Option<(i64,)> = store.database().fetch_optional(sql, &[]).await.unwrap();
        row.unwrap().0
    })
}

/// Answers CVE-2026-18963, CVE-2023-49097, GHSA-93m4-mfpg-c3xf, CVE-2025-64101, GHSA-pfrf-9r5f-73f5.
#[test]
fn a_forgotten_password_is_replaced_by_a_link_that_works_once_and_leads_where_it_is_configured() {
    let Some(first) = MailServer::started() else {
        return;
    };
    drop(first);
    for engine in engines() {
        let mail = MailServer::started().unwrap();
        let installation = mail.installation(engine);
        let server = installation.start();
        sign_up_with_email(&server, "una", EMAIL);
        let proof = mail.wait_for(1).remove(0);
        assert_eq!(proof.recipient, EMAIL);
        assert!(proof.text.contains("multipart/alternative"));
        assert!(proof.text.contains("Content-Type: text/plain"));
        assert!(proof.text.contains("Content-Type: text/html"));
        let verification = proof.token("verify");

        // What a request says of hosts goes nowhere.
        let asked = forgot(&json!({"username": "una"}))
            .header("X-Forwarded-Host", "evil.example")
            .header("X-Forwarded-Proto", "http")
            .header("Forwarded", "host=evil.example;proto=http")
            .send(server.address);
        assert_eq!(asked.status, 202, "{asked:?}");
        let letter = mail.wait_for(2).remove(1);
        assert!(!letter.text.contains("evil") && !letter.text.contains("doorward.test"));
        let token = letter.token("reset");

        // Nothing has changed for the owner, and no link does another's work.
        server.token("una", PASSWORD);
        assert_no_link(&verify(&token).send(server.address));
        assert_no_link(&reset(&verification, NEW_PASSWORD).send(server.address));
        for forged in ["", "x", &"A".repeat(43), &format!("{token}A")] {
            assert_no_link(&reset(forged, NEW_PASSWORD).send(server.address));
        }
        // A password that may not be does not use the link up.
        let weak = reset(&token, "password").send(server.address);
        assert_eq!(weak.status, 400, "{weak:?}");

        let done = reset(&token, NEW_PASSWORD).send(server.address);
        assert_eq!(done.status, 200, "{done:?}");
        assert!(
            done.json().get("token").is_none(),
            "nobody is logged in by it"
        );
        server.token("una", NEW_PASSWORD);
        assert_eq!(login("una", PASSWORD).send(server.address).status, 401);
        assert_no_link(&reset(&token, PASSWORD).send(server.address));
        // The address is proved by the link that came there; the older link is void with the old password.
        assert_no_link(&verify(&verification).send(server.address));
        let verified = "SELECT COUNT(*) FROM accounts WHERE email_verified_at_ms IS NOT NULL";
        assert_eq!(count(&installation, verified), 1);
        let told = mail.wait_for(3).remove(2);
        assert!(told.text.contains("password was changed"), "{told:?}");

        let (screen, log) = server.stop();
        for secret in [&token, &verification, EMAIL] {
            assert!(!screen.contains(secret) && !log.contains(secret));
        }
    }
}

#[test]
fn a_password_that_an_administrator_sets_keeps_to_the_rules_and_its_user_is_told() {
    for engine in engines() {
        let Some(mail) = MailServer::started() else {
            return;
        };
        let installation = mail.installation(engine);
        let server = installation.start();
        let admin = server.set_up();
        sign_up_with_email(&server, "vera", "teapot.collector@example.org");
        let id = installation.stored("vera").0;
        mail.wait_for(1);
        let set = |password: &str| {
            send_json(
                "PUT",
                &format!("/users/{id}/password"),
                &json!({"password": password}),
            )
            .bearer(&admin)
            .send(server.address)
        };
        // What is before the `@` is a part of the rule for everybody.
        let refused = set("teapot.collector1");
        assert_eq!(refused.status, 400, "{refused:?}");
        server.token("vera", PASSWORD);
        assert_eq!(waiting_letters(&installation), 0);

        assert_eq!(set(NEW_PASSWORD).status, 204);
        server.token("vera", NEW_PASSWORD);
        let told = mail.wait_for(2).remove(1);
        assert_eq!(told.recipient, "teapot.collector@example.org");
        assert!(told.text.contains("password was changed"), "{told:?}");

        let reset = ["admin", "reset-password", "vera", "--password-stdin"];
        let refused = installation.run(&reset, "teapot.collector1\n");
        assert!(!refused.status.success(), "{refused:?}");
        let done = installation.run(&reset, "indigo heron 5\n");
        assert!(done.status.success(), "{done:?}");
        assert_eq!(mail.wait_for(3).remove(2).recipient, told.recipient);
    }
}

#[test]
fn a_newer_link_makes_the_older_void_and_an_expired_one_does_nothing() {
    for engine in engines() {
        let Some(mail) = MailServer::started() else {
            return;
        };
        let installation = mail.installation(engine);
        let server = installation.start();
        sign_up_with_email(&server, "una", EMAIL);
        mail.wait_for(1);
        forgot(&json!({"email": "UNA@example.org"})).send(server.address);
        let older = mail.wait_for(2).remove(1).token("reset");
        forgot(&json!({"username": "UNA"})).send(server.address);
        let newer = mail.wait_for(3).remove(2).token("reset");
        assert_no_link(&reset(&older, NEW_PASSWORD).send(server.address));
        installation.execute("UPDATE one_time_links SET expires_at_ms = 1", &[]);
        assert_no_link(&reset(&newer, NEW_PASSWORD).send(server.address));
        server.token("una", PASSWORD);
    }
}

#[test]
fn letters_wait_for_a_mail_server_that_is_down_and_are_sent_once_by_two_nodes() {
    for engine in engines() {
        let Some(mut mail) = MailServer::prepared() else {
            return;
        };
        let installation = mail.installation(engine);
        let server = installation.start();
        let second = installation.start();
        // The letters wait; whoever asks does not.
        let recipients: Vec<String> = (0..8).map(|n| format!("una{n}@example.org")).collect();
        for (number, recipient) in recipients.iter().enumerate() {
            sign_up_with_email(&server, &format!("una{number}"), recipient);
        }
        eventually("one was tried", || {
            server.log().contains("letter_put_off") || second.log().contains("letter_put_off")
        });
        assert_eq!(waiting_letters(&installation), 8);
        mail.start();
        eventually("all are sent", || waiting_letters(&installation) == 0);
        // What is being sent a second time would be finished before the end.
        server.stop();
        second.stop();
        let mut received: Vec<String> = mail.letters().into_iter().map(|l| l.recipient).collect();
        received.sort();
        assert_eq!(received, recipients);
        let sent = "SELECT COUNT(*) FROM mail_queue WHERE sent_at_ms IS NOT NULL";
        assert_eq!(count(&installation, sent), 8);
    }
}

#[test]
fn letters_are_as_the_operator_wrote_them() {
    let Some(mail) = MailServer::started() else {
        return;
    };
    let installation = mail
        .installation(Engine::Sqlite)
        .set("DOORWARD_MAIL_TEMPLATE_DIR", "letters");
    let folder = installation.folder().join("letters");
    std::fs::create_dir(&folder).unwrap();
    let text = "Subject: Willkommen, {{username}}\n\nAuf {{site}}: {{link}} ({{valid_for}})\n";
    std::fs::write(folder.join("verify_email.txt"), text).unwrap();
    let server = installation.start();
    sign_up_with_email(&server, "una", EMAIL);
    let letter = mail.wait_for(1).remove(0).text;
    assert!(letter.contains("Subject: Willkommen, una\r\n"), "{letter}");
    let begin = "Auf https://auth.example.org: https://auth.example.org/verify#";
    assert!(letter.contains(begin), "{letter}");
    assert!(letter.contains(" (24 hours)"), "{letter}");
    // Only the text is another; the page is as compiled in.
    assert!(letter.contains("<p>"), "{letter}");
}

#[test]
fn asking_for_a_link_is_answered_alike_whoever_is_asked_for_and_counted() {
    for engine in engines() {
        let Some(mail) = MailServer::started() else {
            return;
        };
        let installation = mail
            .installation(engine)
            .set("DOORWARD_HTTP_TRUSTED_PROXIES", "127.0.0.1")
            .set("DOORWARD_THROTTLE_ENABLED", "true");
        let server = installation.start();
        sign_up_with_email(&server, "una", EMAIL);
        mail.wait_for(1);
        let ask = |body: &Value, from: &str| forgot(body).forwarded_for(from).send(server.address);
        let known = json!({"username": "una"});
        let unknown = json!({"username": "nobody"});
        let others = [
            unknown.clone(),
            json!({"username": "\u{0}"}),
            json!({"email": "nobody@example.org"}),
            json!({"email": "no address"}),
            json!({"email": EMAIL}),
        ];
        // All but the id and the time of the request.
        let reads = |answer: &Answer| {
            let mut answer = answer.clone();
            let passing = ["x-request-id", "date", "ratelimit"];
            answer
                .headers
                .retain(|(name, _)| !passing.contains(&name.as_str()));
            answer
        };
        let first = ask(&known, "203.0.113.1");
        assert_eq!(first.status, 202, "{first:?}");
        for (number, other) in others.iter().enumerate() {
            let answer = ask(other, &format!("203.0.113.{}", number + 2));
            assert_eq!(reads(&answer), reads(&first), "{other}");
        }
        for neither in [
            json!({}),
            json!([]),
            json!({"username": "una", "email": EMAIL}),
        ] {
            assert_eq!(forgot(&neither).send(server.address).status, 400);
        }

        // Three an hour for a network, whoever is asked for.
        let here = "198.51.100.7";
        for left in [2, 1, 0] {
            let answer = ask(&unknown, here);
            assert_eq!(answer.status, 202);
            let policy = answer.header("ratelimit-policy");
            assert_eq!(policy, Some("\"default\";q=3;w=3600"));
            let limit = answer.header("ratelimit").unwrap();
            assert!(
                limit.starts_with(&format!("\"default\";r={left};t=")),
                "{limit}"
            );
        }
        for body in [&known, &unknown] {
            let answer = ask(body, here);
            assert_eq!(answer.status, 429, "{answer:?}");
            let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
            assert!((3000..=3600).contains(&wait), "{wait}");
            assert!(answer.header("ratelimit").unwrap().contains("r=0;"));
        }

        // Three an hour for an account, wherever one asks from; nobody is told, but the trail.
        for from in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
            assert_eq!(reads(&ask(&known, from)), reads(&first));
        }
        let letters = "SELECT COUNT(*) FROM mail_queue WHERE kind = 'reset_password'";
        let events =
            "SELECT COUNT(*) FROM audit_events WHERE kind = 'reset_requested' AND outcome = ";
        let denied = format!("{events}'denied' AND subject_id IS NOT NULL");
        eventually("the last are refused", || {
            count(&installation, &denied) == 2
        });
        assert_eq!(count(&installation, &format!("{events}'success'")), 3);
        assert_eq!(count(&installation, letters), 3);
    }
}

#[test]
fn another_address_needs_the_password_and_a_link_and_the_old_address_is_told() {
    for engine in engines() {
        let Some(mail) = MailServer::started() else {
            return;
        };
        let server_and_installation = mail.installation(engine).start_kept();
        let (installation, server) = &server_and_installation;
        let token = sign_up_with_email(server, "una", EMAIL);
        let proof = mail.wait_for(1).remove(0).token("verify");
        let done = verify(&proof).send(server.address);
        assert_eq!(done.status, 200, "{done:?}");
        assert_no_link(&verify(&proof).send(server.address));

        let wrong = put_email(&token, "new@example.org", "wrong").send(server.address);
        assert_eq!(wrong.status, 403, "{wrong:?}");
        assert_eq!(wrong.error(), "The current password is wrong");
        let bad = put_email(&token, "new@example.org\r\nBcc: x@y.zz", PASSWORD);
        assert_eq!(bad.send(server.address).status, 400);

        let asked = put_email(&token, "new@example.org", PASSWORD).send(server.address);
        assert_eq!(asked.status, 202, "{asked:?}");
        let letters = mail.wait_for(3);
        let to = |address: &str| letters.iter().skip(1).find(|l| l.recipient == address);
        assert!(to(EMAIL).unwrap().text.contains("another e-mail address"));
        // The old one counts until the new one is proved.
        let current = || {
            let (id, _) = installation.stored("una");
            installation.with_store(async |store| store.find_email(id).await.unwrap().unwrap())
        };
        assert_eq!(current().address.as_str(), EMAIL);
        let proof = to("new@example.org").unwrap().token("verify");
        assert_eq!(verify(&proof).send(server.address).status, 200);
        assert_eq!(current().address.as_str(), "new@example.org");
    }
}

#[test]
fn without_a_mail_server_nobody_can_ask_for_a_letter() {
    let (_installation, server) = Installation::new(Engine::Sqlite).start_kept();
    sign_up_with_email(&server, "una", EMAIL);
    for who in ["una", "nobody"] {
        let answer = forgot(&json!({"username": who})).send(server.address);
        assert_eq!(answer.status, 503, "{answer:?}");
        assert_eq!(answer.error(), "This server sends no mail");
    }
}

#[test]
fn mail_settings_that_would_leak_or_lead_nowhere_are_refused_at_start() {
    let with = |variables: &[(&str, &str)]| {
        let installation = Installation::new(Engine::Sqlite)
            .set("DOORWARD_SMTP_HOST", "127.0.0.1")
            .set("DOORWARD_MAIL_FROM", "accounts@example.org")
            .set("DOORWARD_PUBLIC_URL", "https://auth.example.org");
        let installation = variables
            .iter()
            .fold(installation, |made, (name, value)| made.set(name, value));
        let folder = installation.folder().join("letters");
        std::fs::create_dir(&folder).unwrap();
        let letter = "Subject: x\n\n{{link}} {{password}}";
        std::fs::write(folder.join("reset_password.txt"), letter).unwrap();
        let output = installation.run_to_end();
        assert_eq!(output.status.code(), Some(2), "{variables:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    let clear = [
        ("DOORWARD_SMTP_HOST", "smtp.example.org"),
        ("DOORWARD_SMTP_SECURITY", "none"),
    ];
    assert!(with(&clear).contains("not on this machine"));
    assert!(with(&[("DOORWARD_SMTP_USERNAME", "una")]).contains("belong together"));
    assert!(with(&[("DOORWARD_MAIL_FROM", "nobody")]).contains("mail.from"));
    let template = with(&[("DOORWARD_MAIL_TEMPLATE_DIR", "letters")]);
    assert!(
        template.contains("`{{password}}` is no value"),
        "{template}"
    );
}

#[test]
fn letters_go_over_tls_to_a_server_with_a_certificate_that_is_trusted_and_to_no_other() {
    for security in ["starttls", "tls"] {
        let Some(mail) = MailServer::secured(security) else {
            return;
        };
        let (_kept, server) = mail.installation(Engine::Sqlite).start_kept();
        sign_up_with_email(&server, "una", EMAIL);
        assert_eq!(mail.wait_for(1).remove(0).recipient, EMAIL);

        // A password that is wrong, another name than in the certificate, an authority that nobody trusts.
        for (variable, value) in [
            ("DOORWARD_SMTP_PASSWORD", "wrong"),
            ("DOORWARD_SMTP_HOST", "127.0.0.1"),
            (
                "DOORWARD_SMTP_TRUSTED_CERTIFICATES",
                concat!(env!("CARGO_MANIFEST_DIR"), "/tests/smtp/server.pem"),
            ),
        ] {
            let installation = mail.installation(Engine::Sqlite).set(variable, value);
            let server = installation.start();
            sign_up_with_email(&server, "una", EMAIL);
            eventually("the letter is put off", || {
                server.log().contains("letter_put_off")
            });
            assert_eq!(waiting_letters(&installation), 1, "{security} {variable}");
            assert_eq!(mail.letters().len(), 1, "{security} {variable}");
        }
    }
}

#[test]
fn a_mail_server_without_tls_gets_no_letter_that_is_to_be_protected() {
    for security in ["starttls", "tls"] {
        let Some(mail) = MailServer::started() else {
            return;
        };
        let installation = mail
            .installation(Engine::Sqlite)
            .set("DOORWARD_SMTP_SECURITY", security);
        let server = installation.start();
        sign_up_with_email(&server, "una", EMAIL);
        eventually("the letter is put off", || {
            server.log().contains("letter_put_off")
        });
        assert_eq!(mail.letters().len(), 0, "{security}");
    }
}

#[test]
fn a_letter_that_nobody_takes_for_a_day_is_given_up_and_in_the_trail() {
    for engine in engines() {
        let Some(mail) = MailServer::prepared() else {
            return;
        };
        let installation = mail.installation(engine);
        let server = installation.start();
        sign_up_with_email(&server, "una", EMAIL);
        eventually("the letter is put off", || {
            server.log().contains("letter_put_off")
        });
        installation.execute(
            "UPDATE mail_queue SET created_at_ms = created_at_ms - 86400000",
            &[],
        );
        eventually("it is given up", || waiting_letters(&installation) == 0);
        let failed = "SELECT COUNT(*) FROM audit_events WHERE kind = 'mail_failed' AND outcome = 'failure' AND actor = 'system'";
        eventually("it is in the trail", || count(&installation, failed) == 1);
    }
}

#[test]
fn an_address_gets_three_letters_an_hour_whoever_gives_it() {
    for engine in engines() {
        let Some(mail) = MailServer::started() else {
            return;
        };
        let installation = mail
            .installation(engine)
            .set("DOORWARD_THROTTLE_ENABLED", "true");
        let server = installation.start();
        let token = sign_up_with_email(&server, "una", "una@example.net");
        for _ in 0..4 {
            let again =
                json!({"username": "Una", "password": PASSWORD, "role": "user", "email": EMAIL});
            let answer = post("/register", &again).send(server.address);
            assert_eq!(answer.status, 409, "{answer:?}");
        }
        for name in ["vera", "wanda", "xenia", "zoe"] {
            sign_up_with_email(&server, name, EMAIL);
        }
        let to = |address: &str| {
            count(
                &installation,
                &format!("SELECT COUNT(*) FROM mail_queue WHERE recipient = '{address}'"),
            )
        };
        assert_eq!(to(EMAIL), 3);
        let full = put_email(&token, "UNA@example.org", PASSWORD).send(server.address);
        assert_eq!(full.status, 429, "{full:?}");
        assert!(full.header("retry-after").is_some());
        for (number, expected) in [(2, 202), (3, 202), (4, 429), (5, 429)] {
            let address = format!("una{number}@example.org");
            let answer = put_email(&token, &address, PASSWORD).send(server.address);
            assert_eq!(answer.status, expected, "{answer:?}");
            assert_eq!(to(&address), i64::from(expected == 202));
        }
    }
}

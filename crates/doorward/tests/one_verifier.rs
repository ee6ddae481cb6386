//! A password is checked in one place, whichever way it comes (ASVS 6.3.4).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at once"
)]

use doorward::{
    authenticator::{Authenticator, LoginAttempt, LoginError, NewUser},
    password::Password,
    role::Role,
    secret::Secret,
    username::Username,
};

const PASSWORD: &str = "correct horse battery staple";

fn attempt(password: &str) -> LoginAttempt {
    LoginAttempt {
        username: "una".to_owned(),
        password: Password::parse(password).unwrap(),
        client: doorward::caller::Client::at([192, 0, 2, 1].into()),
    }
}

#[tokio::test]
async fn logins_and_credentials_with_a_request_share_one_count() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("app.db").display());
    let secret = Secret::from_text("192b9bdd22ab9ed4d12e236c78afcb9a".to_owned());
    let authenticator = Authenticator::open(&url, &secret).await.unwrap();
    let new = NewUser {
        username: Username::parse("una").unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
        role: Role::user(),
    };
    authenticator.register(new, None).await.unwrap();
    for number in 0..6 {
        let refused = if number % 2 == 0 {
            authenticator.log_in(attempt("wrong")).await
        } else {
            authenticator.verify_credentials(attempt("wrong")).await
        };
        if number < 5 {
            assert!(
                matches!(refused, Err(LoginError::InvalidCredentials)),
                "{number}"
            );
        } else {
            assert!(matches!(refused, Err(LoginError::Throttled(_))));
        }
    }
}

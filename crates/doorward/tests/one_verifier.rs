//! A password is checked in one place, whichever way it comes (ASVS 6.3.4).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may stop at once"
)]

use doorward::{
    authenticator::{
        Authenticator, ChangePasswordError, LoginAttempt, LoginError, NewUser, PasswordChange,
    },
    caller::Client,
    password::Password,
    principal::Principal,
    role::Role,
    secret::Secret,
    username::Username,
};

const PASSWORD: &str = "correct horse battery staple";

fn attempt(password: &str) -> LoginAttempt {
    LoginAttempt {
        username: "una".to_owned(),
        password: Password::parse(password).unwrap(),
        client: Client::at([192, 0, 2, 1].into()),
    }
}

#[tokio::test]
async fn logins_credentials_with_a_request_and_password_changes_share_one_count() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("app.db").display());
    let secret = Secret::from_text("192b9bdd22ab9ed4d12e236c78afcb9a".to_owned());
    let authenticator = Authenticator::open(&url, &secret).await.unwrap();
    let new = NewUser {
        username: Username::parse("una").unwrap(),
        password: Password::parse(PASSWORD).unwrap(),
        role: Role::user(),
    };
    let user = authenticator
        .register(new, None, Client::default())
        .await
        .unwrap();
    let principal = Principal::without_session(user);
    let client = Client::at([192, 0, 2, 1].into());
    for number in 0..6 {
        let refused = match number % 3 {
            0 => authenticator.log_in(attempt("wrong")).await.map(drop),
            1 => authenticator
                .verify_credentials(attempt("wrong"))
                .await
                .map(drop),
            _ => {
                let change = PasswordChange {
                    current: Password::parse("wrong").unwrap(),
                    new: Password::parse("violet otter 42").unwrap(),
                    ends_other_sessions: true,
                };
                let changed = authenticator.change_password(&principal, change, &client);
                match changed.await {
                    Err(ChangePasswordError::Login(error)) => Err(error),
                    other => panic!("{other:?}"),
                }
            }
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

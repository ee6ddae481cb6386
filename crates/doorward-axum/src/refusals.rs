//! The core's refusals as answers: one match each, so that a new refusal has no answer until it is given one here.

use std::time::Duration;

use doorward::{
    access::IssueError,
    authenticator::{
        AdministrationError, ChangePasswordError, EmailError, ForgotError, LoginError,
        MakeLinkError, RefreshError, RegistrationError, ResetError, SessionError,
    },
    authority::Overreach,
    email::InvalidEmail,
    password::{HashError, HashPoolError, PasswordError, PolicyViolation},
    store::{ChangeUserError, RemoveUserError, StoreError},
    throttle::AdmissionError,
    username::InvalidUsername,
};
use http::{HeaderValue, StatusCode};

use crate::ApiError;

/// When to try again after the database failed.
pub(crate) const DATABASE_RETRY: Duration = Duration::from_secs(2);

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Busy(_) | StoreError::Unreachable(_) | StoreError::Unwritable(_) => {
                Self::service_unavailable(DATABASE_RETRY)
                    .with_code("database_unavailable")
                    .with_source(error)
            }
            StoreError::AlreadyExists
            | StoreError::Corrupt { .. }
            | StoreError::Migration(_)
            | StoreError::AdoptionIncomplete
            | StoreError::Random(_)
            | StoreError::Database(_) => Self::internal().with_source(error),
        }
    }
}

impl From<HashPoolError> for ApiError {
    fn from(error: HashPoolError) -> Self {
        match error {
            HashPoolError::Busy { retry_after } => {
                Self::service_unavailable(retry_after).with_code("hashing_busy")
            }
            // The policy says so first; the lecture's routes have none.
            HashPoolError::Hash(HashError::NotForBcrypt) => {
                Self::bad_request(sentence(&error.to_string())).with_code("password_too_long")
            }
            other => Self::internal().with_source(other),
        }
    }
}

impl From<LoginError> for ApiError {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::InvalidCredentials => Self::unauthorized(
                error.to_string(),
                HeaderValue::from_static("Bearer realm=\"doorward\""),
            )
            .with_code("invalid_credentials"),
            LoginError::Throttled(throttled) => {
                Self::too_many_requests(throttled.retry_after).with_code("login_throttled")
            }
            LoginError::Busy { retry_after } => {
                Self::service_unavailable(retry_after).with_code("hashing_busy")
            }
            LoginError::Hash(error) => error.into(),
            LoginError::Store(error) => error.into(),
        }
    }
}

impl From<AdmissionError> for ApiError {
    fn from(error: AdmissionError) -> Self {
        match error {
            AdmissionError::Throttled(throttled) => {
                Self::too_many_requests(throttled.retry_after).with_code("throttled")
            }
            AdmissionError::Store(error) => error.into(),
        }
    }
}

/// A login that confirms who is logged in already: the token is good, so it is no 401.
fn confirmation(error: LoginError) -> ApiError {
    match error {
        LoginError::InvalidCredentials => {
            ApiError::forbidden("The current password is wrong").with_code("current_password_wrong")
        }
        other => other.into(),
    }
}

fn link_invalid() -> ApiError {
    ApiError::not_found()
        .with_message("This link is not valid any more")
        .with_code("link_invalid")
}

impl From<ChangePasswordError> for ApiError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::Login(error) => confirmation(error),
            ChangePasswordError::Password(violation) => violation.into(),
            ChangePasswordError::Session(error) => error.into(),
            ChangePasswordError::Store(error) => error.into(),
        }
    }
}

impl From<ResetError> for ApiError {
    fn from(error: ResetError) -> Self {
        match error {
            ResetError::InvalidLink => link_invalid(),
            ResetError::Password(violation) => violation.into(),
            ResetError::Hash(error) => error.into(),
            ResetError::Store(error) => error.into(),
        }
    }
}

fn no_letters() -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "mail_not_configured",
        "This server sends no mail",
    )
}

impl From<ForgotError> for ApiError {
    fn from(error: ForgotError) -> Self {
        match error {
            ForgotError::NoLetters => no_letters(),
            ForgotError::Throttled(error) => error.into(),
        }
    }
}

impl From<EmailError> for ApiError {
    fn from(error: EmailError) -> Self {
        match error {
            EmailError::NoLetters => no_letters(),
            EmailError::Login(error) => confirmation(error),
            EmailError::Throttled(throttled) => AdmissionError::Throttled(throttled).into(),
            EmailError::InvalidLink => link_invalid(),
            EmailError::Random(error) => Self::internal().with_source(error),
            EmailError::Store(error) => error.into(),
        }
    }
}

impl From<MakeLinkError> for ApiError {
    fn from(error: MakeLinkError) -> Self {
        match error {
            MakeLinkError::NoPublicUrl => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "public_url_not_configured",
                "This server makes no links: it needs the setting public_url",
            ),
            MakeLinkError::Disabled => {
                Self::conflict("The user is disabled").with_code("user_disabled")
            }
            MakeLinkError::NoUser => Self::not_found(),
            MakeLinkError::Overreach(error) => error.into(),
            MakeLinkError::Random(error) => Self::internal().with_source(error),
            MakeLinkError::Store(error) => error.into(),
        }
    }
}

impl From<InvalidEmail> for ApiError {
    fn from(error: InvalidEmail) -> Self {
        Self::bad_request(error.to_string()).with_code("email_invalid")
    }
}

impl From<RegistrationError> for ApiError {
    fn from(error: RegistrationError) -> Self {
        match error {
            RegistrationError::AdministratorRequired => {
                Self::forbidden(error.to_string()).with_code("insufficient_role")
            }
            RegistrationError::Overreach(error) => error.into(),
            RegistrationError::Password(violation) => violation.into(),
            RegistrationError::UsernameTaken => {
                Self::conflict(error.to_string()).with_code("username_taken")
            }
            RegistrationError::Hash(error) => error.into(),
            RegistrationError::Random(error) => Self::internal().with_source(error),
            RegistrationError::Store(error) => error.into(),
        }
    }
}

impl From<AdministrationError> for ApiError {
    fn from(error: AdministrationError) -> Self {
        match error {
            AdministrationError::NotFound => Self::not_found(),
            AdministrationError::Overreach(error) => error.into(),
            AdministrationError::Password(violation) => violation.into(),
            AdministrationError::Hash(error) => error.into(),
            AdministrationError::Store(error) => error.into(),
        }
    }
}

impl From<ChangeUserError> for ApiError {
    fn from(error: ChangeUserError) -> Self {
        match error {
            ChangeUserError::NotFound => Self::not_found(),
            ChangeUserError::Stale => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "user_changed",
                "The user has changed meanwhile; read it again",
            ),
            ChangeUserError::Overreach(error) => error.into(),
            ChangeUserError::LastAdministrator => last_administrator(),
            ChangeUserError::Store(error) => error.into(),
        }
    }
}

impl From<RemoveUserError> for ApiError {
    fn from(error: RemoveUserError) -> Self {
        match error {
            RemoveUserError::NotFound => Self::not_found(),
            RemoveUserError::LastAdministrator => last_administrator(),
            RemoveUserError::Store(error) => error.into(),
        }
    }
}

impl From<Overreach> for ApiError {
    fn from(error: Overreach) -> Self {
        let code = match error {
            Overreach::Granted(_) | Overreach::Taken(_) => "permission_not_held",
            Overreach::Reached(_) => "user_out_of_reach",
        };
        Self::forbidden(error.to_string()).with_code(code)
    }
}

fn last_administrator() -> ApiError {
    ApiError::conflict("This is the last administrator who can log in")
        .with_code("last_administrator")
}

impl From<PolicyViolation> for ApiError {
    fn from(violation: PolicyViolation) -> Self {
        Self::bad_request(sentence(&violation.to_string())).with_code(violation.code())
    }
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        Self::bad_request(sentence(&error.to_string())).with_code("password_invalid")
    }
}

impl From<InvalidUsername> for ApiError {
    fn from(error: InvalidUsername) -> Self {
        Self::bad_request(error.to_string()).with_code("username_invalid")
    }
}

impl From<SessionError> for ApiError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Outdated => Self::unauthorized(
                error.to_string(),
                HeaderValue::from_static("Bearer realm=\"doorward\""),
            )
            .with_code("account_changed"),
            SessionError::Random(error) => Self::internal().with_source(error),
            SessionError::Issue(error) => error.into(),
            SessionError::Store(error) => error.into(),
        }
    }
}

impl From<RefreshError> for ApiError {
    fn from(error: RefreshError) -> Self {
        let challenge =
            HeaderValue::from_static("Bearer realm=\"doorward\", error=\"invalid_token\"");
        match error {
            RefreshError::Invalid => {
                Self::unauthorized(error.to_string(), challenge).with_code("refresh_token_invalid")
            }
            RefreshError::Reused => {
                Self::unauthorized(error.to_string(), challenge).with_code("refresh_token_reused")
            }
            RefreshError::Contended => {
                Self::service_unavailable(Duration::from_secs(1)).with_code("refresh_contended")
            }
            RefreshError::Issue(error) => error.into(),
            RefreshError::Store(error) => error.into(),
        }
    }
}

impl From<IssueError> for ApiError {
    fn from(error: IssueError) -> Self {
        Self::internal().with_source(error)
    }
}

/// The core's messages start in lower case, since they stand inside others in logs; an answer is a sentence.
fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

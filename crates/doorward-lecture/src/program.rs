//! Running one program alone, or what is left of all of them in one process.

use std::{str::FromStr, sync::Arc, time::Duration};

use axum::Router;
use doorward::{
    clock::Clock,
    flask_session::SessionSigner,
    password::HashPool,
    secret::Secret,
    store::{Database, StoreError},
};
use doorward_axum::SessionCookies;

use crate::{
    program_01_basic_routing as program_01, program_02_query_and_json as program_02,
    program_03_status_codes as program_03, program_04_basic_auth as program_04,
    program_05_jwt_login as program_05, program_06_protected_routes as program_06,
    program_07_sessions as program_07, program_08_mysql_users as program_08,
    program_09_database_login as program_09, program_10_roles_and_blueprints as program_10,
    program_11_password_hashing as program_11,
    token_key::{Issuer, TokenDecoder},
};

/// Flask's `PERMANENT_SESSION_LIFETIME`.
const SESSION_MAX_AGE: Duration = Duration::from_hours(744);

/// The number of a program, 1 to 11.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Program(u8);

/// Not the number of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lecture has programs 1 to 11")]
pub struct InvalidProgram;

impl FromStr for Program {
    type Err = InvalidProgram;

    fn from_str(text: &str) -> Result<Self, InvalidProgram> {
        text.parse().map_err(|_| InvalidProgram).and_then(Self::new)
    }
}

impl Program {
    /// The program with this number.
    ///
    /// # Errors
    /// [`InvalidProgram`] for a number that is not 1 to 11.
    pub fn new(number: u8) -> Result<Self, InvalidProgram> {
        if (1..=11).contains(&number) {
            Ok(Self(number))
        } else {
            Err(InvalidProgram)
        }
    }

    /// 1 to 11.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// What the program shows, in a few words.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self.0 {
            1 => "basic routing",
            2 => "query parameters and JSON",
            3 => "status codes",
            4 => "HTTP Basic authentication",
            5 => "login with a JSON Web Token",
            6 => "routes that need a token",
            7 => "signed sessions",
            8 => "users in a database",
            9 => "login against the database",
            10 => "roles and blueprints",
            _ => "registration and password hashes",
        }
    }

    /// The program's routes with their methods.
    #[must_use]
    pub fn routes(self) -> &'static [&'static str] {
        match self.0 {
            1 => &["GET /", "GET /hello/<name>"],
            2 => &["GET /square?number=7", "POST /echo"],
            3 => &["GET /divide?a=9&b=3", "GET /item/<id>"],
            4 => &["GET /protected-basic"],
            5 | 9 => &["POST /login"],
            6 => &["GET /public", "GET /protected", "GET /admin-area"],
            7 => &["GET /set-session", "GET /get-session"],
            8 => &["GET /users"],
            10 => &["POST /auth/login", "GET /api/data", "GET /api/admin"],
            _ => &["POST /register", "POST /login", "GET /profile"],
        }
    }

    /// Whether the program keeps users in a database (8 to 11).
    #[must_use]
    pub fn needs_database(self) -> bool {
        self.0 >= 8
    }

    /// The router of a program without a database, exactly as the lecture has it; `None` for programs 8 to 11.
    #[must_use]
    pub fn without_database(self, clock: Arc<dyn Clock>) -> Option<Router> {
        Some(match self.0 {
            1 => program_01::router(),
            2 => program_02::router(),
            3 => program_03::router(),
            4 => program_04::router(),
            5 => program_05::router(clock),
            6 => program_06::router(Issuer::new(program_05::SECRET_KEY, clock).decoder()),
            7 => program_07::router(lecture_cookies(clock)),
            _ => return None,
        })
    }

    /// The router of program 8, 9, 10 or 11 after it has made its table and its users; `None` for the others.
    ///
    /// # Errors
    /// [`StoreError`] when the table cannot be made.
    pub async fn with_database(
        self,
        database: Database,
        hashes: Arc<HashPool>,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Router>, StoreError> {
        Ok(Some(match self.0 {
            8 => {
                program_08::initialize(&database).await?;
                program_08::router(database)
            }
            9 => {
                program_09::initialize(&database).await?;
                program_09::router(program_09::App::new(database, hashes, clock))
            }
            10 => {
                program_10::initialize(&database).await?;
                program_10::router(program_09::App::new(database, hashes, clock))
            }
            11 => {
                program_11::initialize(&database).await?;
                program_11::router(program_09::App::new(database, hashes, clock))
            }
            _ => return Ok(None),
        }))
    }
}

fn lecture_cookies(clock: Arc<dyn Clock>) -> SessionCookies {
    let secret = Secret::from_text(program_07::SECRET_KEY.to_owned());
    SessionCookies::new(
        SessionSigner::new(&secret, &[], SESSION_MAX_AGE),
        clock,
        false,
    )
}

/// The patterns of [`in_one_process`].
pub const PATHS: &[&str] = &[
    "/",
    "/hello/{name}",
    "/square",
    "/echo",
    "/divide",
    "/item/{item_id}",
    "/protected-basic",
    "/public",
    "/protected",
    "/admin-area",
    "/set-session",
    "/get-session",
    "/api/data",
    "/api/admin",
];

/// The routes that only the lecture has, for one process that serves all programs: 1, 2, 3, 4, 6, 7 and the API of 10.
/// They accept the server's own tokens and cookies.
pub fn in_one_process(tokens: TokenDecoder, cookies: SessionCookies) -> Router {
    Router::new()
        .merge(program_01::router())
        .merge(program_02::router())
        .merge(program_03::router())
        .merge(program_04::router())
        .merge(program_06::router(tokens.clone()))
        .merge(program_07::router(cookies))
        .merge(program_10::api_blueprint(tokens))
}

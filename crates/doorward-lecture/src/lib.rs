//! The eleven programs of the lecture, one file each.
//!
//! Each file has a `router(...)` that reads like the Flask program. [`Program`] runs one alone, exactly as the lecture
//! has it: its own accounts, secret, claims and texts. [`in_one_process`] gives the routes that only the lecture has,
//! for a server that brings the shared ones (`/login`, `/register`, `/profile`, `/users`) itself.
//!
//! | program | file | idea |
//! | --- | --- | --- |
//! | 1 | [`program_01_basic_routing`] | a route is a function |
//! | 2 | [`program_02_query_and_json`] | a query and a body are arguments |
//! | 3 | [`program_03_status_codes`] | an error is a return value |
//! | 4 | [`program_04_basic_auth`] | credentials in a header |
//! | 5 | [`program_05_jwt_login`] | a signed token instead of a password |
//! | 6 | [`program_06_protected_routes`] | a handler that takes the payload needs the token |
//! | 7 | [`program_07_sessions`] | a signed cookie |
//! | 8 | [`program_08_mysql_users`] | a table |
//! | 9 | [`program_09_database_login`] | a login against the table |
//! | 10 | [`program_10_roles_and_blueprints`] | a role in the token |
//! | 11 | [`program_11_password_hashing`] | hashes instead of passwords |
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test may stop at once"
    )
)]

mod answer;
mod login_form;
mod program;
pub mod program_01_basic_routing;
pub mod program_02_query_and_json;
pub mod program_03_status_codes;
pub mod program_04_basic_auth;
pub mod program_05_jwt_login;
pub mod program_06_protected_routes;
pub mod program_07_sessions;
pub mod program_08_mysql_users;
pub mod program_09_database_login;
pub mod program_10_roles_and_blueprints;
pub mod program_11_password_hashing;
mod token_key;

pub use program::{InvalidProgram, PATHS, Program, in_one_process};
pub use token_key::{Issuer, TokenDecoder};

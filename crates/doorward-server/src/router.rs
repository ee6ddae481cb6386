//! Every route of the server on one screen.

use axum::{
    Router,
    extract::Extension,
    routing::{get, post},
};
use doorward::clock::SystemClock;
use doorward_axum::TrustedProxies;
use doorward_lecture::TokenDecoder;
use std::sync::Arc;

use crate::{
    application::Application,
    config::Config,
    http::{account, exchange, health, setup, users},
};

/// The routes of production, or with `--demo` those of the lecture as well.
pub fn router(application: &Application, config: &Config) -> Router {
    let shared: Router<Application> = Router::new()
        .route("/register", post(account::register))
        .route("/login", post(account::log_in))
        .route("/profile", get(account::show_profile))
        .route("/auth/register", post(account::register))
        .route("/auth/login", post(account::log_in))
        .route("/auth/me", get(account::show_profile))
        .route("/auth/exchange", post(exchange::exchange))
        .route("/auth/session", get(exchange::show_session))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz));
    let own = if config.demo {
        shared.route("/users", get(users::list_users_as_in_the_lecture))
    } else {
        shared
            .route("/users", get(users::list_users))
            .route("/setup", get(setup::show_setup).post(setup::complete_setup))
    };
    let own = own.with_state(application.clone());
    let routes = if config.demo {
        own.merge(lecture(application))
    } else {
        own
    };
    routes.layer(Extension(trusted_proxies(config)))
}

fn lecture(application: &Application) -> Router {
    let tokens = TokenDecoder::new(
        application.authenticator.tokens().verifier().clone(),
        Arc::new(SystemClock),
    );
    doorward_lecture::in_one_process(tokens, application.cookies.clone())
}

fn trusted_proxies(config: &Config) -> TrustedProxies {
    TrustedProxies::new(config.http.trusted_proxies.iter().copied())
}

//! Every route of the server on one screen.

use axum::{Router, extract::Extension, routing::any};
use doorward_axum::TrustedProxies;
use doorward_lecture::TokenDecoder;
use std::sync::Arc;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    application::Application,
    config::Config,
    http::{
        account, api_keys, audit, documentation, email, exchange, forward_auth, health,
        introspection, jobs, password, published_keys, reset_link, revocations, roles, session,
        setup, sign_in, token, token_revocation, user, user_sessions, users,
    },
    openapi::{self, Document, also_at, any_method},
};

/// Where Envoy asks with the path that its client asked for.
const BELOW: [&str; 2] = [
    "/ext-authz/{requirement}/",
    "/ext-authz/{requirement}/{*path}",
];

/// The routes of production, or with `--demo` those of the lecture as well.
pub fn router(application: &Application, config: &Config) -> Router {
    let (own, api) = own(config.demo).split_for_parts();
    let own = own.with_state(application.clone());
    let routes = if config.demo {
        own.merge(lecture(application))
    } else {
        own
    };
    routes
        .layer(Extension(Arc::new(openapi::document(api))))
        .layer(Extension(trusted_proxies(config)))
}

/// The pattern of every route, for the metrics.
#[must_use]
pub fn patterns(demo: bool) -> Vec<String> {
    let described = own(demo).into_openapi().paths.paths.into_keys();
    let others = BELOW
        .iter()
        .chain(if demo { doorward_lecture::PATHS } else { &[] });
    described
        .chain(others.map(|pattern| (*pattern).to_owned()))
        .collect()
}

/// What `/openapi.json` answers, of production or of the demo. The lecture's own routes are not in it: they are described
/// where the lecture is.
#[must_use]
pub fn document(demo: bool) -> Document {
    openapi::document(own(demo).into_openapi())
}

/// The server's own routes. Each handler carries its path and its description.
fn own(demo: bool) -> OpenApiRouter<Application> {
    let shared = OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(account::register))
        .routes(also_at("/register", routes!(account::register)))
        .routes(routes!(account::log_in))
        .routes(also_at("/login", routes!(account::log_in)))
        .routes(routes!(account::show_profile))
        .routes(also_at("/profile", routes!(account::show_profile)))
        .routes(routes!(session::refresh))
        .routes(routes!(session::log_out))
        .routes(routes!(session::log_out_everywhere))
        .routes(routes!(session::list_sessions))
        .routes(routes!(session::end_session))
        .routes(routes!(revocations::list_revocations))
        .routes(routes!(password::change))
        .routes(routes!(password::forgot))
        .routes(routes!(password::reset))
        .routes(routes!(password::show_reset))
        .routes(routes!(email::change))
        .routes(routes!(email::verify))
        .routes(routes!(email::show_verify))
        .routes(routes!(exchange::exchange))
        .routes(routes!(exchange::show_session))
        .routes(routes!(
            user::show_user,
            user::change_user,
            user::delete_user
        ))
        .routes(routes!(user::set_password))
        .routes(routes!(reset_link::make))
        .routes(routes!(user_sessions::list, user_sessions::end_all))
        .routes(routes!(user_sessions::end_one))
        .routes(routes!(audit::list_events))
        .routes(routes!(jobs::list_jobs, jobs::start_job))
        .routes(routes!(jobs::show_job, jobs::cancel_job))
        .routes(routes!(documentation::show_openapi))
        .routes(routes!(documentation::show_docs))
        .routes(routes!(api_keys::list_own_keys, api_keys::create_own_key))
        .routes(routes!(api_keys::revoke_own_key))
        .routes(routes!(api_keys::list_keys, api_keys::create_key))
        .routes(routes!(api_keys::revoke_key))
        .routes(routes!(token::give_token))
        .routes(routes!(introspection::introspect))
        .routes(routes!(token_revocation::revoke))
        .routes(routes!(roles::list_roles))
        .routes(routes!(roles::define_role, roles::delete_role))
        .routes(routes!(roles::show_roles_of_user, roles::assign_roles))
        .routes(routes!(published_keys::list_keys))
        .routes(routes!(published_keys::show_key))
        .routes(routes!(published_keys::show_metadata))
        .routes(routes!(published_keys::show_openid_configuration))
        .routes(any_method(routes!(forward_auth::check), any(forward_auth::check)))
        .routes(any_method(
            routes!(forward_auth::check_for_envoy),
            any(forward_auth::check_for_envoy),
        ))
        // What the client asked the proxy for; described with the route above.
        .route(BELOW[0], any(forward_auth::check_for_envoy))
        .route(BELOW[1], any(forward_auth::check_below))
        .routes(routes!(sign_in::show_sign_in, sign_in::sign_in))
        .routes(routes!(sign_in::renew))
        .routes(routes!(sign_in::sign_out))
        .routes(routes!(sign_in::show_sign_out))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz));
    if demo {
        // The lecture answers 405 to every other method there.
        shared.routes(routes!(users::list_users_as_in_the_lecture))
    } else {
        shared
            .routes(routes!(users::list_users, user::add_user))
            .routes(routes!(setup::show_setup, setup::complete_setup))
    }
}

fn lecture(application: &Application) -> Router {
    let tokens = TokenDecoder::of(application.authenticator.clone());
    doorward_lecture::in_one_process(tokens, application.cookies.clone())
}

fn trusted_proxies(config: &Config) -> TrustedProxies {
    TrustedProxies::new(config.http.trusted_proxies.iter().copied())
}

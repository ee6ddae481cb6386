//! Is the process alive, and can it work?

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};
use doorward::{authenticator::Authenticator, revocation};
use doorward_axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

/// `{"status": "ok"}`
#[derive(Serialize, ToSchema)]
pub struct Health {
    status: &'static str,
}

/// `GET /healthz`: the process answers. Nothing else is looked at, so that a database that is away does not get the
/// process killed.
#[utoipa::path(
    get,
    path = "/healthz",
    tag = "health",
    summary = "Whether the process is alive",
    responses((status = 200, description = "It is", body = Health)),
)]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// What `/readyz` looked at; each is `ok` or `failed`, and nothing more is told (HT-13).
#[derive(Serialize, ToSchema)]
pub struct Readiness {
    status: &'static str,
    database: &'static str,
    migrations: &'static str,
    keys: &'static str,
    revocations: &'static str,
}

/// `GET /readyz`: 200 when the database answers, its schema is the one we know, there is a key to sign with and it is known
/// what was revoked in the last [`revocation::STALE`]; else 503 with the failing part.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    summary = "Whether it can work",
    responses(
        (status = 200, description = "It can", body = Readiness),
        (status = 503, description = "Something failed", body = Readiness),
    ),
)]
pub async fn readyz(
    State(authenticator): State<Arc<Authenticator>>,
) -> (StatusCode, Json<Readiness>) {
    let database = authenticator.store().database();
    let reachable = database.ping().await.is_ok();
    let current = reachable
        && database
            .schema_status()
            .await
            .is_ok_and(|status| status.is_current());
    let keys = authenticator.can_sign();
    let now = authenticator.now();
    let followed = authenticator.revocations().followed_at();
    let revocations = followed.is_some_and(|at| now.since(at) <= revocation::STALE);
    let ready = reachable && current && keys && revocations;
    let word = |good| if good { "ok" } else { "failed" };
    let readiness = Readiness {
        status: word(ready),
        database: word(reachable),
        migrations: word(current),
        keys: word(keys),
        revocations: word(revocations),
    };
    let status = if ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(readiness))
}

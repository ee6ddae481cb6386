//! Changes of many users at once, for administrators.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
};
use doorward::{
    authenticator::Authenticator,
    caller::Caller,
    clock::Timestamp,
    job::{Job, JobDeed, JobId, Selection},
};
use doorward_axum::{Admin, ApiError, Json, Path, PathInt, RequestClient, RequireRole};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    account::Body,
    user::{only, parse_role},
};
use crate::{commands::timestamp::rfc3339, config::parse_since};

/// Jobs in the list.
const MAX_LIST: u32 = 100;

/// A user to whom it was not done.
#[derive(Serialize, ToSchema)]
pub struct RejectView {
    user_id: i64,
    /// `last_administrator`, `own_account`, `out_of_reach`, `not_found` or `changed_meanwhile`
    reason: String,
}

/// A job and how far it is.
#[derive(Serialize, ToSchema)]
pub struct JobView {
    id: i64,
    /// `disable`, `enable`, `delete`, `end_sessions` or `set_role`
    kind: &'static str,
    /// `running`, `done` or `cancelled`
    state: &'static str,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    finished_at: Option<String>,
    /// How many users there were when it began.
    total: u64,
    /// To how many it was done.
    done: u64,
    /// To how many not.
    failed: u64,
    /// The first hundred of those.
    rejects: Vec<RejectView>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        let rejects = job.rejects.into_iter().map(|reject| RejectView {
            user_id: reject.user_id,
            reason: reject.reason,
        });
        Self {
            id: job.id.get(),
            kind: job.deed.kind(),
            state: job.state.as_str(),
            created_at: rfc3339(job.created_at),
            finished_at: job.finished_at.map(rfc3339),
            total: job.total,
            done: job.done,
            failed: job.failed,
            rejects: rejects.collect(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JobFilter {
    role: Option<String>,
    /// `active` or `disabled`
    state: Option<String>,
    /// How the names begin.
    search: Option<String>,
    /// `2027-03-31` or `2027-03-31T18:00:00Z`
    created_since: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewJob {
    /// `disable`, `enable`, `delete`, `end_sessions` or `set_role`
    kind: String,
    /// For `set_role`.
    role: Option<String>,
    /// The numbers of at most 1000 users; or `filter`.
    ids: Option<BTreeSet<i64>>,
    filter: Option<JobFilter>,
}

/// `POST /jobs` `{"kind", "role"?, "ids" or "filter"}`: 202 and where the job is.
///
/// # Errors
/// 401 and 403 for callers who are no administrators; 400 for an unknown field or kind, or a selection that selects nothing.
#[utoipa::path(
    post,
    path = "/jobs",
    tag = "users",
    summary = "Change many users",
    request_body = NewJob,
    responses(
        (status = 202, description = "The job was made and is worked on", body = JobView, headers(
            ("Location" = String, description = "Where the job is"),
        )),
        (status = 400, description = "A missing or unknown field, or one that breaks a rule: `fields_required`, `job_invalid`, `role_invalid`"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Not an administrator: `insufficient_role`"),
    ),
    security(("bearer" = [])),
)]
pub async fn start_job(
    administrator: RequireRole<Admin>,
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    body: Body,
) -> Result<(StatusCode, HeaderMap, Json<JobView>), ApiError> {
    let new: NewJob = only(body, "Kind, and ids or filter, are required")?;
    let role = new.role.as_deref().map(parse_role).transpose()?;
    let deed = JobDeed::parse(&new.kind, role).ok_or_else(|| {
        invalid("Kind must be disable, enable, delete or end_sessions, or set_role with a role")
    })?;
    let selection = selection(new.ids, new.filter)?;
    let caller = Caller::user(administrator.user_id, client);
    let id = authenticator.start_job(&deed, &selection, &caller).await?;
    let mut headers = HeaderMap::new();
    let location = HeaderValue::try_from(format!("/jobs/{id}"))
        .map_err(|error| ApiError::internal().with_source(error))?;
    headers.insert(header::LOCATION, location);
    let job = found(&authenticator, id).await?;
    Ok((StatusCode::ACCEPTED, headers, Json(job.into())))
}

/// `GET /jobs`: the newest hundred.
///
/// # Errors
/// 401 and 403 for callers who are no administrators.
#[utoipa::path(
    get,
    path = "/jobs",
    tag = "users",
    summary = "List the newest jobs",
    responses(
        (status = 200, description = "The newest first", body = Vec<JobView>),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Not an administrator: `insufficient_role`"),
    ),
    security(("bearer" = [])),
)]
pub async fn list_jobs(
    _: RequireRole<Admin>,
    State(authenticator): State<Arc<Authenticator>>,
) -> Result<Json<Vec<JobView>>, ApiError> {
    let jobs = authenticator.store().list_jobs(MAX_LIST).await?;
    Ok(Json(jobs.into_iter().map(JobView::from).collect()))
}

/// `GET /jobs/{id}`: how far it is.
///
/// # Errors
/// 401 and 403 for callers who are no administrators, 404 when there is no such job.
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    tag = "users",
    summary = "How far a job is",
    params(("id" = i64, Path, description = "The number of the job")),
    responses(
        (status = 200, description = "The job", body = JobView),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Not an administrator: `insufficient_role`"),
        (status = 404, description = "There is no such job"),
    ),
    security(("bearer" = [])),
)]
pub async fn show_job(
    _: RequireRole<Admin>,
    State(authenticator): State<Arc<Authenticator>>,
    Path(id): Path<PathInt>,
) -> Result<Json<JobView>, ApiError> {
    let job = found(&authenticator, job_id(id)?).await?;
    Ok(Json(job.into()))
}

/// `DELETE /jobs/{id}`: stops it; what was done stays done.
///
/// # Errors
/// 401 and 403 for callers who are no administrators; 404 when there is no such job; 409 when it has ended.
#[utoipa::path(
    delete,
    path = "/jobs/{id}",
    tag = "users",
    summary = "Stop a job",
    params(("id" = i64, Path, description = "The number of the job")),
    responses(
        (status = 204, description = "The job stops; what was done stays done"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Not an administrator: `insufficient_role`"),
        (status = 404, description = "There is no such job"),
        (status = 409, description = "It has ended: `job_ended`"),
    ),
    security(("bearer" = [])),
)]
pub async fn cancel_job(
    administrator: RequireRole<Admin>,
    State(authenticator): State<Arc<Authenticator>>,
    RequestClient(client): RequestClient,
    Path(id): Path<PathInt>,
) -> Result<StatusCode, ApiError> {
    let id = job_id(id)?;
    let caller = Caller::user(administrator.user_id, client);
    if authenticator.cancel_job(id, &caller).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    found(&authenticator, id).await?;
    Err(ApiError::conflict("The job has ended").with_code("job_ended"))
}

fn selection(ids: Option<BTreeSet<i64>>, filter: Option<JobFilter>) -> Result<Selection, ApiError> {
    let selection = match (ids, filter) {
        (Some(ids), None) => Selection::Ids(ids),
        (None, Some(filter)) => Selection::Filter {
            role: filter.role,
            search: filter.search,
            disabled: filter.state.as_deref().map(is_disabled).transpose()?,
            created_since_ms: filter
                .created_since
                .as_deref()
                .map(|text| {
                    parse_since(text)
                        .map(Timestamp::as_millis)
                        .ok_or_else(|| invalid("Field 'created_since' must be a date"))
                })
                .transpose()?,
        },
        _ => return Err(invalid("Either ids or filter is required")),
    };
    // A slip must not change everybody.
    if selection.selects() {
        Ok(selection)
    } else {
        Err(invalid(
            "The selection must name 1 to 1000 ids, or a filter that filters",
        ))
    }
}

fn is_disabled(state: &str) -> Result<bool, ApiError> {
    match state {
        "active" => Ok(false),
        "disabled" => Ok(true),
        _ => Err(invalid("Field 'state' must be 'active' or 'disabled'")),
    }
}

fn invalid(text: &'static str) -> ApiError {
    ApiError::bad_request(text).with_code("job_invalid")
}

fn job_id(PathInt(number): PathInt) -> Result<JobId, ApiError> {
    i64::try_from(number)
        .map(JobId::new)
        .map_err(|_| ApiError::not_found())
}

async fn found(authenticator: &Authenticator, id: JobId) -> Result<Job, ApiError> {
    let job = authenticator.store().find_job(id).await?;
    job.ok_or_else(ApiError::not_found)
}

//! Administration of users.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header::LINK},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{
    authenticator::Authenticator,
    role::Role,
    store::{UserFilter, UserState},
    user::{User, UserId},
    username::UsernameKey,
};
use doorward_axum::{ApiError, Json, Query, RequirePermission, UsersRead};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::parse_since;

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");
/// Users per page when none is asked for, and at most.
const MAX_PAGE: u32 = 1_000;

/// A row of the list, as in the lecture's program 8.
#[derive(Serialize, ToSchema)]
pub struct UserRow {
    id: i64,
    username: String,
    role: String,
}

impl From<User> for UserRow {
    fn from(user: User) -> Self {
        Self {
            id: user.id.get(),
            username: user.username,
            role: user.role.to_string(),
        }
    }
}

type Page = (HeaderMap, Json<Vec<UserRow>>);

/// `GET /users` for those who may read users.
///
/// The body is the lecture's array. `role`, `state`, `search` (how names begin) and `created_since` say which users;
/// `limit` (1 to 1000) and an opaque `cursor` page through them; the next page is in a `Link` header (RFC 8288), the
/// number of all such users in `X-Total-Count`.
///
/// # Errors
/// 401 and 403 for callers without `users:read`, 400 for a parameter that is none of ours.
#[utoipa::path(
    get,
    path = "/users",
    tag = "users",
    summary = "List the users",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Users per page; 1000 when left out"),
        ("role" = Option<String>, Query, description = "Those with this role"),
        ("state" = Option<String>, Query, description = "`active` or `disabled`"),
        ("search" = Option<String>, Query, max_length = 50, description = "Those whose names begin so, in any spelling"),
        ("created_since" = Option<String>, Query, description = "Those added then or later: `2027-03-31` or `2027-03-31T18:00:00Z`"),
        ("sort" = Option<String>, Query, description = "`id`"),
        ("cursor" = Option<String>, Query, description = "Where to go on; take it from `Link`"),
    ),
    responses(
        (status = 200, description = "The users by number", body = Vec<UserRow>, headers(
            ("Link" = String, description = "The next page, with `rel=\"next\"` (RFC 8288)"),
            ("X-Total-Count" = i64, description = "How many such users there are"),
        )),
        (status = 400, description = "`limit_invalid`, `filter_invalid`, or `bad_request` for a cursor that is none of ours"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Needs `users:read`: `insufficient_scope`"),
    ),
    security(("bearer" = [])),
)]
pub async fn list_users(
    _: RequirePermission<UsersRead>,
    State(authenticator): State<Arc<Authenticator>>,
    query: Query,
) -> Result<Page, ApiError> {
    let limit = match query.get("limit")? {
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=MAX_PAGE).contains(limit))
            .ok_or_else(|| {
                ApiError::bad_request(format!(
                    "Parameter 'limit' must be a number from 1 to {MAX_PAGE}"
                ))
                .with_code("limit_invalid")
            })?,
        None => MAX_PAGE,
    };
    let after = query
        .get("cursor")?
        .map(|text| {
            decode_cursor(text)
                .ok_or_else(|| ApiError::bad_request("Parameter 'cursor' is not valid"))
        })
        .transpose()?;
    page(&authenticator, &query, after, limit).await
}

/// Which users the parameters name. Each becomes a typed value.
fn filter(query: &Query) -> Result<UserFilter, ApiError> {
    fn invalid(name: &str, rule: &str) -> ApiError {
        ApiError::bad_request(format!("Parameter '{name}' must be {rule}"))
            .with_code("filter_invalid")
    }
    let role = query
        .get("role")?
        .map(|text| Role::parse(text).map_err(|_| invalid("role", "the name of a role")));
    let state = query.get("state")?.map(|text| match text {
        "active" => Ok(UserState::Active),
        "disabled" => Ok(UserState::Disabled),
        _ => Err(invalid("state", "'active' or 'disabled'")),
    });
    let prefix = query.get("search")?.map(|text| {
        UsernameKey::prefix(text)
            .ok_or_else(|| invalid("search", "the beginning of a name, 1 to 50 characters"))
    });
    let created_since = query.get("created_since")?.map(|text| {
        parse_since(text).ok_or_else(|| {
            invalid(
                "created_since",
                "a date such as 2027-03-31 or 2027-03-31T18:00:00Z",
            )
        })
    });
    if query.get("sort")?.is_some_and(|sort| sort != "id") {
        return Err(invalid("sort", "'id'"));
    }
    Ok(UserFilter {
        role: role.transpose()?,
        state: state.transpose()?,
        prefix: prefix.transpose()?,
        created_since: created_since.transpose()?,
    })
}

/// `GET /users` of the demo: open to all, and parameters are not looked at, as the lecture's program 8 has it.
///
/// # Errors
/// 503 when the database is away.
#[utoipa::path(
    get,
    path = "/users",
    tag = "users",
    summary = "List the users, as the lecture does",
    responses((status = 200, description = "The users by number", body = Vec<UserRow>)),
)]
pub async fn list_users_as_in_the_lecture(
    State(authenticator): State<Arc<Authenticator>>,
) -> Result<Json<Vec<UserRow>>, ApiError> {
    let users = authenticator.store().list_users(None, u32::MAX).await?;
    Ok(Json(users.into_iter().map(UserRow::from).collect()))
}

async fn page(
    authenticator: &Authenticator,
    query: &Query,
    after: Option<UserId>,
    limit: u32,
) -> Result<Page, ApiError> {
    let store = authenticator.store();
    let filter = filter(query)?;
    // One more than asked for tells whether there is a next page.
    let mut users = store
        .list_users_where(&filter, after, limit.saturating_add(1))
        .await?;
    let has_more = users.len() > limit as usize;
    users.truncate(limit as usize);
    let mut headers = HeaderMap::new();
    headers.insert(TOTAL_COUNT, store.count_users_where(&filter).await?.into());
    if let Some(last) = users.last().filter(|_| has_more) {
        let link = format!(
            "</users?limit={limit}{}&cursor={}>; rel=\"next\"",
            repeated(query)?,
            encode_cursor(last.id)
        );
        headers.insert(
            LINK,
            HeaderValue::try_from(link).map_err(|error| ApiError::internal().with_source(error))?,
        );
    }
    Ok((
        headers,
        Json(users.into_iter().map(UserRow::from).collect()),
    ))
}

/// The filter's parameters again, for the link to the next page.
fn repeated(query: &Query) -> Result<String, ApiError> {
    let mut text = String::new();
    for name in ["role", "state", "search", "created_since"] {
        if let Some(value) = query.get(name)? {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC);
            // Writing to a String cannot fail.
            let _ = write!(text, "&{name}={value}");
        }
    }
    Ok(text)
}

fn encode_cursor(id: UserId) -> String {
    URL_SAFE_NO_PAD.encode(id.get().to_be_bytes())
}

fn decode_cursor(text: &str) -> Option<UserId> {
    let bytes: [u8; 8] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    Some(UserId::new(i64::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for id in [1, 77, i64::MAX] {
            assert_eq!(
                decode_cursor(&encode_cursor(UserId::new(id))),
                Some(UserId::new(id))
            );
        }
        assert_eq!(decode_cursor("7"), None);
        assert_eq!(decode_cursor(""), None);
    }
}

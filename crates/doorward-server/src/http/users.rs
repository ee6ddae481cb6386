//! Administration of users.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header::LINK},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use doorward::{
    authenticator::Authenticator,
    user::{User, UserId},
};
use doorward_axum::{Admin, ApiError, Json, Query, RequireRole};
use serde::Serialize;
use utoipa::ToSchema;

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

/// `GET /users` for administrators.
///
/// The body is the lecture's array. `limit` (1 to 1000) and an opaque `cursor` page through it; the next page is in a
/// `Link` header (RFC 8288), the number of all users in `X-Total-Count`.
///
/// # Errors
/// 401 and 403 for callers who are no administrators, 400 for a cursor that is none of ours.
#[utoipa::path(
    get,
    path = "/users",
    tag = "users",
    summary = "List the users",
    params(
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Users per page; 1000 when left out"),
        ("cursor" = Option<String>, Query, description = "Where to go on; take it from `Link`"),
    ),
    responses(
        (status = 200, description = "The users by number", body = Vec<UserRow>, headers(
            ("Link" = String, description = "The next page, with `rel=\"next\"` (RFC 8288)"),
            ("X-Total-Count" = i64, description = "How many users there are"),
        )),
        (status = 400, description = "`limit_invalid`, or `bad_request` for a cursor that is none of ours"),
        (status = 401, description = "No token, one that is not good, or its user is disabled: `token_…`"),
        (status = 403, description = "Not an administrator: `insufficient_role`"),
    ),
    security(("bearer" = [])),
)]
pub async fn list_users(
    _: RequireRole<Admin>,
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
    page(&authenticator, after, limit).await
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
    after: Option<UserId>,
    limit: u32,
) -> Result<Page, ApiError> {
    let store = authenticator.store();
    // One more than asked for tells whether there is a next page.
    let mut users = store.list_users(after, limit.saturating_add(1)).await?;
    let has_more = users.len() > limit as usize;
    users.truncate(limit as usize);
    let mut headers = HeaderMap::new();
    headers.insert(TOTAL_COUNT, store.count_users().await?.into());
    if let Some(last) = users.last().filter(|_| has_more) {
        let link = format!(
            "</users?limit={limit}&cursor={}>; rel=\"next\"",
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

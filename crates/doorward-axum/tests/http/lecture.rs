//! The lecture's programs 1 to 3, as an application under test.

use std::time::Duration;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use doorward_axum::{
    ApiError, Json, JsonRejection, Path, PathInt, PeerAddr, Query, RawJson, RequestId,
};
use num_bigint::BigInt;
use serde::Serialize;
use serde_json::value::RawValue;

pub(crate) fn router() -> Router {
    Router::new()
        .route("/", get(home))
        .route("/hello/{name}", get(hello))
        .route("/square", get(square))
        .route("/echo", post(echo))
        .route("/divide", get(divide))
        .route("/item/{id}", get(item))
}

/// Routes that misbehave on purpose.
#[allow(dead_code, reason = "read by the serialiser alone")]
pub(crate) fn misbehaving() -> Router {
    Router::new()
        .route("/panic", get(panics))
        .route("/panic-late", get(panics_late))
        .route("/hang", get(std::future::pending::<()>))
        .route("/fail", get(fails))
        .route("/bare", get(|| async { http::StatusCode::BAD_GATEWAY }))
        .route("/slow", get(slow))
        .route("/who", get(who))
        .route(
            "/named",
            get(|| async { [("server", "x/1.0"), ("cache-control", "max-age=9")] }),
        )
        .route("/large", get(|| async { "x".repeat(32 * 1024 * 1024) }))
}

async fn home() -> &'static str {
    "Welcome to the Flask API Lecture Series!"
}

async fn hello(Path(name): Path<String>) -> String {
    format!("Hello, {name}!")
}

#[derive(Serialize)]
struct Square {
    number: Box<RawValue>,
    square: Box<RawValue>,
}

async fn square(query: Query) -> Result<Json<Square>, ApiError> {
    const INVALID: &str = "Invalid 'number' parameter, must be an integer";
    let text = query
        .require("number", "Missing 'number' query parameter")?
        .trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.is_empty()
        || unsigned.len() > 4_300
        || !unsigned.bytes().all(|b| b.is_ascii_digit())
    {
        return Err(ApiError::bad_request(INVALID));
    }
    let number: BigInt = text.parse().map_err(|_| ApiError::bad_request(INVALID))?;
    let raw = |number: &BigInt| {
        RawValue::from_string(number.to_string())
            .map_err(|error| ApiError::internal().with_source(error))
    };
    Ok(Json(Square {
        square: raw(&(&number * &number))?,
        number: raw(&number)?,
    }))
}

#[derive(Serialize)]
struct Echo {
    message: &'static str,
    received: RawJson,
}

async fn echo(body: Result<RawJson, JsonRejection>) -> Result<Json<Echo>, ApiError> {
    const NOT_JSON: &str = "Request body must be JSON";
    let received = body.map_err(|refused| refused.or_bad_request(NOT_JSON))?;
    if received.is_null() {
        return Err(ApiError::bad_request(NOT_JSON));
    }
    Ok(Json(Echo {
        message: "JSON received successfully",
        received,
    }))
}

#[derive(Serialize)]
struct Quotient {
    a: f64,
    b: f64,
    result: f64,
}

async fn divide(query: Query) -> Result<Json<Quotient>, ApiError> {
    let (Some(a), Some(b)) = (query.get("a")?, query.get("b")?) else {
        return Err(ApiError::bad_request(
            "Please provide both 'a' and 'b' parameters",
        ));
    };
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .ok()
            .filter(|number| number.is_finite())
            .ok_or_else(|| ApiError::bad_request("Parameters 'a' and 'b' must be numbers"))
    };
    let (a, b) = (number(a)?, number(b)?);
    if b == 0.0 {
        return Err(ApiError::bad_request("Division by zero is not allowed"));
    }
    let result = a / b;
    if !result.is_finite() {
        return Err(ApiError::bad_request("Result is out of range"));
    }
    Ok(Json(Quotient { a, b, result }))
}

#[derive(Serialize)]
struct Item {
    id: u64,
    name: String,
}

async fn item(Path(PathInt(id)): Path<PathInt>) -> Result<Json<Item>, ApiError> {
    if !(1..=3).contains(&id) {
        return Err(ApiError::not_found());
    }
    let name = format!("Item {id}");
    Ok(Json(Item { id, name }))
}

async fn panics() -> Response {
    panic!("the secret is hunter2");
}

async fn panics_late() -> Response {
    tokio::task::yield_now().await;
    panic!("the secret is hunter2");
}

async fn fails() -> ApiError {
    ApiError::internal().with_source("table users is gone")
}

async fn slow() -> impl IntoResponse {
    tokio::time::sleep(Duration::from_millis(300)).await;
    "done"
}

async fn who(PeerAddr(address): PeerAddr, id: RequestId) -> String {
    format!("{} {}", address.ip(), id.as_str())
}

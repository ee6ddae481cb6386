//! Program 3: several query parameters, and status codes chosen by hand.

use axum::{Router, routing::get};
use doorward_axum::{ApiError, Json, Path, PathInt, Query};
use serde::Serialize;

const NOT_NUMBERS: &str = "Parameters 'a' and 'b' must be numbers";

/// The program's routes.
pub fn router() -> Router {
    Router::new()
        .route("/divide", get(divide))
        .route("/item/{item_id}", get(get_item))
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
    let (Some(a), Some(b)) = (float(a), float(b)) else {
        return Err(ApiError::bad_request(NOT_NUMBERS));
    };
    if b == 0.0 {
        return Err(ApiError::bad_request("Division by zero is not allowed"));
    }
    let result = a / b;
    // Flask would write `Infinity`, which is not JSON.
    if !result.is_finite() {
        return Err(ApiError::bad_request(
            "The result is too large for a number",
        ));
    }
    Ok(Json(Quotient { a, b, result }))
}

/// What Python's `float()` takes, but for `nan` and `inf`, which JSON cannot say.
fn float(text: &str) -> Option<f64> {
    text.trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

#[derive(Serialize)]
struct Item {
    id: u64,
    name: String,
}

/// `<int:item_id>`: what is not digits is a 404 like an item that is not there. (`abort(404)`)
async fn get_item(Path(PathInt(item_id)): Path<PathInt>) -> Result<Json<Item>, ApiError> {
    if ![1, 2, 3].contains(&item_id) {
        return Err(ApiError::not_found());
    }
    Ok(Json(Item {
        id: item_id,
        name: format!("Item {item_id}"),
    }))
}

//! Program 1: basic routing. Two routes that answer with text.

use axum::{Router, routing::get};
use doorward_axum::Path;

/// The program's routes. (`app = Flask(__name__)` and its `@app.route`s.)
pub fn router() -> Router {
    Router::new()
        .route("/", get(home))
        .route("/hello/{name}", get(greet))
}

async fn home() -> &'static str {
    "Welcome to the Flask API Lecture Series!"
}

/// `<name>` is one segment of the path, percent-decoded once. The answer is `text/plain`: as the `text/html` that
/// Flask sends, a name could carry a script.
async fn greet(Path(name): Path<String>) -> String {
    format!("Hello, {name}!")
}

//! What a handler's signature asks for, and what the caller reads otherwise.

use axum::{Router, body::Body, routing::get};
use doorward_axum::{
    PermissionName, UsersRead, UsersWrite,
    remote::{RemoteBearer, RemoteCredential, RequireScope},
};
use http::{Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::{
    config,
    publisher::{Publisher, claims, claims_but},
    ready,
};

/// A permission that the application has defined.
struct ArticlesWrite;

impl PermissionName for ArticlesWrite {
    const NAME: &str = "articles:write";
    const REFUSAL: &'static str = "Only authors may do this";
}

async fn call(routes: &Router, path: &str, token: Option<&str>) -> (StatusCode, String, Value) {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("Authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).unwrap();
    let answer = routes.clone().oneshot(request).await.unwrap();
    let challenge = answer.headers().get("www-authenticate");
    let challenge = challenge
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, challenge, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_handler_gets_the_user_the_program_or_whoever_has_the_permission() {
    let publisher = Publisher::start().await;
    let keys = ready(config(&publisher)).await;
    let routes = Router::new()
        .route(
            "/user",
            get(async |RemoteBearer(user): RemoteBearer| axum::Json(user.username)),
        )
        .route(
            "/any",
            get(async |RemoteCredential(_): RemoteCredential| axum::Json(true)),
        )
        .route(
            "/read",
            get(async |caller: RequireScope<UsersRead>| axum::Json(caller.may("users:read"))),
        )
        .route(
            "/write",
            get(async |_: RequireScope<UsersWrite>| axum::Json(true)),
        )
        .route(
            "/articles",
            get(async |_: RequireScope<ArticlesWrite>| axum::Json(true)),
        )
        .with_state(keys);
    let user = publisher.token(&claims());
    let key = "AQEBAQEBAQEBAQEBAQEBAQ";
    let program = publisher.token(&claims_but(&json!({
        "sub": key, "client_id": key, "sid": key, "owner_id": 7, "scope": "users:read",
        "user_id": null, "username": null, "role": null, "roles": null,
    })));
    let status = async |path, token| call(&routes, path, Some(token)).await.0.as_u16();
    for (path, of_user, of_program) in [
        ("/user", 200, 401),
        ("/any", 200, 200),
        ("/read", 200, 200),
        ("/write", 403, 403),
        ("/articles", 200, 403),
    ] {
        assert_eq!(status(path, &user).await, of_user, "{path}");
        assert_eq!(status(path, &program).await, of_program, "{path}");
    }
    let (status, challenge, body) = call(&routes, "/articles", Some(&program)).await;
    assert_eq!(status, 403);
    assert_eq!(body, json!({"error": "Only authors may do this"}));
    assert!(
        challenge.contains("scope=\"articles:write\""),
        "{challenge}"
    );
    let (status, challenge, body) = call(&routes, "/user", None).await;
    assert_eq!(
        (status.as_u16(), challenge.as_str()),
        (401, "Bearer realm=\"doorward\"")
    );
    assert_eq!(body, json!({"error": "Authentication token is missing"}));
}

#[tokio::test]
async fn a_503_says_when_to_try_again() {
    let publisher = Publisher::start().await;
    publisher.answers().list_life = -60;
    let keys = doorward_axum::remote::RemoteKeys::start(config(&publisher)).unwrap();
    publisher.lists(3).await;
    let routes = Router::new()
        .route("/any", get(async |_: RemoteCredential| ()))
        .with_state(keys);
    let token = publisher.token(&claims());
    let (status, challenge, body) = call(&routes, "/any", Some(&token)).await;
    assert_eq!((status.as_u16(), challenge.as_str()), (503, ""));
    assert_eq!(body, json!({"error": "Service unavailable"}));
}

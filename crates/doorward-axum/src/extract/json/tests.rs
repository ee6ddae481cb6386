use super::*;
use axum::body::Body;
use bytes::Bytes;
use serde::Deserialize;
use std::collections::HashMap;

type Numbers = HashMap<String, u32>;

fn request(content_type: Option<&str>, body: impl Into<Body>) -> Request {
    let mut request = Request::builder().method("POST").uri("/");
    if let Some(content_type) = content_type {
        request = request.header(CONTENT_TYPE, content_type);
    }
    request.body(body.into()).unwrap()
}

async fn read<T: DeserializeOwned>(
    content_type: Option<&str>,
    body: impl Into<Body>,
) -> Result<T, JsonRejection> {
    <Json<T> as FromRequest<()>>::from_request(request(content_type, body), &())
        .await
        .map(|Json(value)| value)
}

const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn a_json_body_becomes_a_value() {
    let numbers: Numbers = read(JSON, r#"{"a":1}"#).await.unwrap();
    assert_eq!(numbers["a"], 1);
}

#[tokio::test]
async fn every_refusal_has_its_variant() {
    let deep = "[".repeat(33) + &"]".repeat(33);
    let long = format!("\"{}\"", "x".repeat(70_000));
    for (content_type, body, expected) in [
        (None, "{}", JsonRejection::MissingContentType),
        (Some("text/json"), "{}", JsonRejection::UnsupportedMediaType),
        (JSON, " \n", JsonRejection::Empty),
        (JSON, "{", JsonRejection::Syntax),
        (JSON, deep.as_str(), JsonRejection::TooDeep),
        (JSON, r#"{"a":1,"a":2}"#, JsonRejection::DuplicateName),
        (JSON, r#"{"a":"\ud800"}"#, JsonRejection::LoneSurrogate),
        (JSON, "[1]", JsonRejection::Data { line: 1, column: 0 }),
        (
            JSON,
            long.as_str(),
            JsonRejection::TooLarge { limit: 65_536 },
        ),
    ] {
        let refused = read::<Numbers>(content_type, body.to_owned()).await;
        assert_eq!(refused.unwrap_err(), expected, "{body:.40}");
    }
    let refused = read::<Numbers>(JSON, &b"\"\xff\""[..]).await;
    assert_eq!(refused.unwrap_err(), JsonRejection::NotUtf8);
}

#[tokio::test]
async fn a_body_in_pieces_is_put_together_and_still_limited() {
    let pieces = |count: usize| {
        let letters = std::iter::repeat_n("x".repeat(1_000), count);
        let all = std::iter::once("\"".to_owned())
            .chain(letters)
            .chain(std::iter::once("\"".to_owned()));
        let frames = all.map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
        Body::from_stream(futures_util::stream::iter(frames))
    };
    let text: String = read(JSON, pieces(65)).await.unwrap();
    assert_eq!(text.len(), 65_000);
    let refused = read::<String>(JSON, pieces(66)).await;
    assert_eq!(
        refused.unwrap_err(),
        JsonRejection::TooLarge { limit: 65_536 }
    );
}

#[tokio::test]
async fn a_body_that_breaks_off_tells_why() {
    for (kind, expected) in [
        (std::io::ErrorKind::TimedOut, JsonRejection::Timeout),
        (std::io::ErrorKind::InvalidData, JsonRejection::Malformed),
        (
            std::io::ErrorKind::UnexpectedEof,
            JsonRejection::Disconnected,
        ),
    ] {
        let failure = Err::<Bytes, _>(std::io::Error::from(kind));
        let body = Body::from_stream(futures_util::stream::iter([failure]));
        let refused = read::<Numbers>(JSON, body).await;
        assert_eq!(refused.unwrap_err(), expected);
    }
}

#[test]
fn refusals_answer_400_408_413_or_415() {
    for (rejection, status, message) in [
        (JsonRejection::Syntax, 400, NOT_JSON),
        (JsonRejection::Data { line: 1, column: 1 }, 400, NOT_JSON),
        (
            JsonRejection::MissingContentType,
            415,
            "Content-Type must be application/json",
        ),
        (
            JsonRejection::TooLarge { limit: 1 },
            413,
            "Request body is too large",
        ),
        (JsonRejection::Timeout, 408, "Request timed out"),
    ] {
        let error = ApiError::from(rejection);
        assert_eq!(
            (error.status().as_u16(), error.message()),
            (status, message)
        );
        assert_eq!(error.code(), rejection.code());
    }
}

#[test]
fn a_handlers_own_text_covers_what_is_not_json_and_nothing_else() {
    let own = JsonRejection::MissingContentType.or_bad_request("Username and password required");
    assert_eq!(own.status(), 400);
    assert_eq!(own.message(), "Username and password required");
    let size = JsonRejection::TooLarge { limit: 1 }.or_bad_request("Username required");
    assert_eq!(size.status(), 413);
}

#[tokio::test]
async fn a_refused_value_never_shows_in_the_refusal() {
    #[derive(Debug, Deserialize)]
    struct Login {
        #[expect(dead_code, reason = "only its type matters")]
        password: u32,
    }
    let refused = read::<Login>(JSON, r#"{"password":"hunter2"}"#).await;
    let refused = refused.unwrap_err();
    assert!(!format!("{refused} {refused:?}").contains("hunter2"));
}

#[tokio::test]
async fn an_absent_body_is_none_and_a_wrong_one_is_refused() {
    let read = |request| <Json<Numbers> as OptionalFromRequest<()>>::from_request(request, &());
    assert_eq!(read(request(None, Body::empty())).await, Ok(None));
    let refused = read(request(JSON, "{")).await;
    assert_eq!(refused, Err(JsonRejection::Syntax));
}

use super::*;
use http_body_util::BodyExt;

async fn body_of(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_plain_body_has_one_key_and_no_spaces() {
    let response = ApiError::bad_request("Say \"why\"\n").into_response();
    assert_eq!(response.status(), 400);
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    assert_eq!(body_of(response).await, r#"{"error":"Say \"why\"\n"}"#);
}

#[tokio::test]
async fn the_text_of_a_500_stays_fixed_and_its_cause_stays_inside() {
    let error = ApiError::internal()
        .with_message("table users is gone")
        .with_source("disk on fire");
    assert_eq!(error.cause().as_deref(), Some("disk on fire"));
    assert!(!format!("{error:?}").contains("fire"));
    let body = body_of(error.into_response()).await;
    assert_eq!(body, r#"{"error":"Internal server error"}"#);
}

#[test]
fn a_401_carries_its_challenges() {
    let basic = HeaderValue::from_static("Basic realm=\"x\"");
    let bearer = HeaderValue::from_static("Bearer");
    let response = ApiError::unauthorized("no", basic)
        .with_challenge(bearer)
        .into_response();
    let challenges: Vec<_> = response
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .collect();
    assert_eq!(challenges, ["Basic realm=\"x\"", "Bearer"]);
}

#[test]
fn retry_after_is_rounded_up_and_never_zero_or_repeated() {
    for (given, sent) in [(0, "1"), (1, "1"), (1_001, "2"), (90_000, "90")] {
        let error = ApiError::too_many_requests(Duration::from_secs(9))
            .with_retry_after(Duration::from_millis(given));
        let response = error.into_response();
        let sent_values: Vec<_> = response.headers().get_all(RETRY_AFTER).iter().collect();
        assert_eq!(sent_values, [sent]);
    }
}

#[test]
fn the_error_travels_in_the_extensions_of_its_response() {
    let response = ApiError::not_found().into_response();
    let found = response.extensions().get::<ApiError>().unwrap();
    assert_eq!(found.code(), "not_found");
}

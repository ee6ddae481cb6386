//! The OpenAPI document, made from what stands at the handlers.
//!
//! A handler says what is its own: its body, its answers, who may ask. What holds for every route is added here, once: the
//! two forms of an error, the refusals that any route may answer, and the headers of some statuses.

use std::collections::BTreeMap;

use axum::routing::MethodRouter;
use sha2::{Digest, Sha256};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        Content, Header, Info, OpenApi, OpenApiBuilder, PathItem, Ref, RefOr, Response, Tag,
        path::Operation,
        schema::{AnyOfBuilder, Components, Schema, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
        tag::TagBuilder,
    },
};
use utoipa_axum::router::UtoipaMethodRouter;

/// The name of the security scheme, as handlers write it: `security(("bearer" = []))`.
pub const BEARER: &str = "bearer";

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// Every failure, unless the request asks for [`Problem`].
#[derive(ToSchema)]
#[schema(example = json!({"error": "Invalid username or password"}))]
#[expect(dead_code, reason = "only its schema is used")]
struct Failure {
    /// What was wrong, as a sentence.
    error: String,
}

/// Every failure, for `Accept: application/problem+json` (RFC 9457).
#[derive(ToSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Problem {
    /// `urn:doorward:error:CODE`, or `about:blank` when the code says no more than the status.
    r#type: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What was wrong, as a sentence.
    detail: String,
    /// Stable: compare this one.
    code: String,
    /// The request's id.
    instance: Option<String>,
}

/// What any route may answer, whatever its handler does (docs/api.md, "Codes").
const ANYWHERE: [(&str, &str, &str); 9] = [
    (
        "400",
        "BadRequest",
        "The request is not well-formed, or a field is missing",
    ),
    (
        "408",
        "RequestTimeout",
        "The request did not arrive in time",
    ),
    ("413", "PayloadTooLarge", "The body is too large"),
    ("414", "UriTooLong", "The target is too long"),
    ("415", "UnsupportedMediaType", "The body is compressed"),
    ("431", "HeaderTooLarge", "The header is too large"),
    (
        "500",
        "Internal",
        "The cause is in the log, under the request's id",
    ),
    (
        "503",
        "Unavailable",
        "Too busy, the database is away, or it took too long",
    ),
    ("505", "HttpVersion", "Not HTTP/1.1 or HTTP/1.0"),
];

const DESCRIPTION: &str = "Accounts, logins, tokens, sessions and roles. Every answer has `X-Request-Id`. Every `GET` answers `HEAD` too, and every route `OPTIONS`. The routes that only the demo has are described in docs/lecture.";

/// The document, as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// JSON, indented, with a line feed at the end.
    pub json: String,
    /// A strong entity tag (RFC 9110 §8.8.3).
    pub etag: String,
}

/// What the document says before any route.
#[must_use]
pub fn head() -> OpenApi {
    let mut info = Info::new("doorward", env!("CARGO_PKG_VERSION"));
    info.description = Some(DESCRIPTION.to_owned());
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The token of a login"))
        .build();
    let mut components = Components::new();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    components
        .schemas
        .insert(Failure::name().into_owned(), Failure::schema());
    components
        .schemas
        .insert(Problem::name().into_owned(), Problem::schema());
    for (_, name, description) in ANYWHERE {
        let mut response = Response::new(description);
        complete(&mut response);
        components
            .responses
            .insert(name.to_owned(), response.into());
    }
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .build()
}

/// The same handler at one more path.
pub fn also_at<S>(
    path: &str,
    (schemas, mut paths, router): UtoipaMethodRouter<S>,
) -> UtoipaMethodRouter<S> {
    let items = std::mem::take(&mut paths.paths).into_values();
    paths.paths = items
        .map(|mut item| {
            for operation in operations(&mut item) {
                let suffix = path.trim_start_matches('/').replace(['/', '-'], "_");
                operation.operation_id = operation
                    .operation_id
                    .take()
                    .map(|id| format!("{id}_at_{suffix}"));
            }
            (path.to_owned(), item)
        })
        .collect();
    (schemas, paths, router)
}

/// The same description over a router that answers every method.
pub fn any_method<S>(
    (schemas, paths, _): UtoipaMethodRouter<S>,
    router: MethodRouter<S>,
) -> UtoipaMethodRouter<S> {
    (schemas, paths, router)
}

/// The document of these routes.
///
/// # Panics
/// Never: the model is always JSON.
#[must_use]
#[expect(
    clippy::expect_used,
    reason = "the model is maps with text as keys, lists, texts and numbers, which are always JSON"
)]
pub fn document(mut api: OpenApi) -> Document {
    let mut tags: BTreeMap<String, Tag> = BTreeMap::new();
    for item in api.paths.paths.values_mut() {
        for operation in operations(item) {
            finish(operation);
            for name in operation.tags.iter().flatten() {
                tags.entry(name.clone())
                    .or_insert_with(|| TagBuilder::new().name(name).build());
            }
        }
    }
    api.tags = Some(tags.into_values().collect());
    let mut json = api.to_pretty_json().expect("the model is JSON");
    json.push('\n');
    let digest = Sha256::digest(&json);
    let etag = digest
        .iter()
        .take(16)
        .fold(String::new(), |tag, byte| tag + &format!("{byte:02x}"));
    Document {
        json,
        etag: format!("\"{etag}\""),
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ]
    .into_iter()
    .flatten()
}

/// Adds to a route what every route has.
fn finish(operation: &mut Operation) {
    // The comment's part for those who read the code.
    operation.description = operation
        .description
        .take()
        .and_then(|text| {
            text.split("# Errors")
                .next()
                .map(|text| text.trim().to_owned())
        })
        .filter(|text| !text.is_empty());
    let responses = &mut operation.responses.responses;
    for (status, response) in responses.iter_mut() {
        let RefOr::T(response) = response else {
            continue;
        };
        if status.starts_with(['4', '5']) {
            complete(response);
        }
        let header = match status.as_str() {
            "401" => ("WWW-Authenticate", "The challenge (RFC 9110 §11.6.1)"),
            "429" => ("Retry-After", "Seconds"),
            _ => continue,
        };
        response
            .headers
            .entry(header.0.to_owned())
            .or_insert_with(|| text_header(header.1).into());
    }
    for (status, name, _) in ANYWHERE {
        responses
            .entry(status.to_owned())
            .or_insert_with(|| Ref::from_response_name(name).into());
    }
}

/// Gives a failure both forms of its body, beside one that its handler has told.
fn complete(response: &mut Response) {
    let failure = RefOr::Ref(Ref::from_schema_name(Failure::name()));
    let told = match response.content.get(JSON) {
        Some(RefOr::T(content)) => content.schema.clone(),
        _ => None,
    };
    let schema = match told {
        None => failure,
        Some(own) => {
            let either = AnyOfBuilder::new().item(own).item(failure).build();
            RefOr::T(Schema::AnyOf(either))
        }
    };
    let problem = RefOr::Ref(Ref::from_schema_name(Problem::name()));
    for (media_type, schema) in [(JSON, schema), (PROBLEM, problem)] {
        let content = Content::new(Some(schema));
        response
            .content
            .insert(media_type.to_owned(), content.into());
    }
}

fn text_header(description: &str) -> Header {
    let mut header = Header::new(utoipa::openapi::Object::with_type(Type::String));
    header.description = Some(description.to_owned());
    header
}

#[cfg(test)]
mod tests;

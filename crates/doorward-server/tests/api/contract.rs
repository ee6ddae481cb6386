//! Every answer that a test reads is held against the OpenAPI document: the status, the media type, the body.
//!
//! The validator knows the part of JSON Schema 2020-12 that our documents use, and refuses a document that uses more. It is
//! stricter than the standard in one point: an object has no members but those that are described.

use std::sync::LazyLock;

use doorward_server::router;
use serde_json::{Value, json};

use crate::wire::Answer;

/// Production's document, and the demo's.
static DOCUMENTS: LazyLock<[Value; 2]> = LazyLock::new(|| {
    [false, true].map(|demo| serde_json::from_str(&router::document(demo).json).unwrap())
});

/// Every method and path of the documents, as they write them (`/users/{id}`).
pub(crate) fn described() -> Vec<(String, String)> {
    let paths = DOCUMENTS
        .iter()
        .flat_map(|document| document["paths"].as_object().unwrap());
    paths
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

/// The names in the JSON body that a route of production takes, if it takes one.
pub(crate) fn fields(method: &str, target: &str) -> Vec<String> {
    let [document, _] = &*DOCUMENTS;
    let Some(operation) = operation(document, method, target) else {
        return Vec::new();
    };
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    let schema = match schema["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).unwrap(),
        None => schema,
    };
    let names = schema["properties"].as_object();
    names
        .map(|names| names.keys().cloned().collect())
        .unwrap_or_default()
}

/// Panics when the answer is none that a document tells of. Paths that no document has are the lecture's, or not there.
pub(crate) fn hold(method: &str, target: &str, answer: &Answer) {
    let verdicts: Vec<Result<(), String>> = DOCUMENTS
        .iter()
        .filter_map(|document| Some((document, operation(document, method, target)?)))
        .map(|(document, operation)| check(document, operation, answer))
        .collect();
    // What only one of production and the demo has is not there in the other.
    let may_be_missing = verdicts.len() < DOCUMENTS.len();
    let is_missing = answer.status == 404 && answer.body == br#"{"error":"Not found"}"#;
    if verdicts.is_empty() || may_be_missing && is_missing {
        return;
    }
    assert!(
        verdicts.iter().any(Result::is_ok),
        "the OpenAPI document does not tell of this answer to {method} {target}: {verdicts:?}\n{} {:?}\n{}",
        answer.status_line,
        answer.headers,
        String::from_utf8_lossy(&answer.body)
    );
}

/// The path of the document that a target is of, as the document writes it, and what is there.
pub(crate) fn path<'d>(document: &'d Value, target: &str) -> Option<(&'d String, &'d Value)> {
    let path = target.split(['?', '#']).next()?;
    let paths = document["paths"].as_object()?;
    let mut fitting = paths.iter().filter(|(template, _)| fits(template, path));
    let exact = paths.get_key_value(path);
    exact.or_else(|| fitting.next())
}

fn operation<'d>(document: &'d Value, method: &str, target: &str) -> Option<&'d Value> {
    let (_, item) = path(document, target)?;
    let method = match method {
        "HEAD" => "get".to_owned(),
        _ => method.to_ascii_lowercase(),
    };
    item.get(method)
}

fn fits(template: &str, path: &str) -> bool {
    let [template, path] = [template, path].map(|text| text.split('/').collect::<Vec<_>>());
    template.len() == path.len()
        && template
            .iter()
            .zip(path)
            .all(|(part, found)| *part == found || part.starts_with('{') && !found.is_empty())
}

fn check(document: &Value, operation: &Value, answer: &Answer) -> Result<(), String> {
    let status = answer.status.to_string();
    let response = operation["responses"]
        .get(&status)
        .ok_or_else(|| format!("no status {status}"))?;
    let response = resolved(document, response);
    if status == "401" && answer.header("www-authenticate").is_none() {
        return Err("401 without WWW-Authenticate".to_owned());
    }
    if answer.body.is_empty() {
        // The answer to a HEAD, or one without a body.
        return Ok(());
    }
    let media_type = answer.header("content-type").unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let content = response["content"]
        .get(media_type)
        .ok_or_else(|| format!("no {media_type:?} for {status}"))?;
    if !media_type.ends_with("json") {
        return Ok(());
    }
    let body = serde_json::from_slice(&answer.body).map_err(|why| why.to_string())?;
    valid(document, &content["schema"], &body, "body")
}

fn resolved<'d>(document: &'d Value, thing: &'d Value) -> &'d Value {
    match thing["$ref"].as_str() {
        Some(target) => {
            let pointer = target.strip_prefix('#').expect("a reference within");
            let found = document.pointer(pointer);
            resolved(document, found.unwrap_or_else(|| panic!("no {target}")))
        }
        None => thing,
    }
}

/// What says nothing about which values are valid.
const ANNOTATIONS: &[&str] = &[
    "description",
    "title",
    "example",
    "examples",
    "default",
    "deprecated",
    "format",
    "readOnly",
    "writeOnly",
    "contentMediaType",
    "propertyNames",
];

fn valid(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = resolved(document, schema);
    let Some(rules) = schema.as_object() else {
        return match schema {
            Value::Bool(false) => Err(format!("{at}: nothing may be here")),
            _ => Ok(()),
        };
    };
    for (keyword, rule) in rules {
        let holds = match keyword.as_str() {
            "type" => match rule {
                Value::Array(types) => types.iter().any(|name| is(value, name)),
                name => is(value, name),
            },
            "enum" => rule.as_array().unwrap().contains(value),
            "const" => rule == value,
            "minimum" => value.as_f64().is_none_or(|n| n >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|n| n <= rule.as_f64().unwrap()),
            "minLength" => length(value).is_none_or(|n| n >= rule.as_u64().unwrap()),
            "maxLength" => length(value).is_none_or(|n| n <= rule.as_u64().unwrap()),
            "minItems" => value
                .as_array()
                .is_none_or(|l| l.len() as u64 >= rule.as_u64().unwrap()),
            "maxItems" => value
                .as_array()
                .is_none_or(|l| l.len() as u64 <= rule.as_u64().unwrap()),
            "anyOf" => choices(document, rule, value, at) > 0,
            "oneOf" => choices(document, rule, value, at) == 1,
            "allOf" => {
                for part in rule.as_array().unwrap() {
                    valid(document, part, value, at)?;
                }
                true
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    valid(document, rule, item, &format!("{at}[{index}]"))?;
                }
                true
            }
            "required" => {
                let names = rule.as_array().unwrap().iter();
                names.filter_map(Value::as_str).all(|name| {
                    value
                        .as_object()
                        .is_none_or(|object| object.contains_key(name))
                })
            }
            "properties" => {
                members(document, rules, value, at)?;
                true
            }
            "additionalProperties" if !rules.contains_key("properties") => {
                for (name, member) in value.as_object().into_iter().flatten() {
                    valid(document, rule, member, &format!("{at}.{name}"))?;
                }
                true
            }
            "additionalProperties" => true,
            known if ANNOTATIONS.contains(&known) || known.starts_with("x-") => true,
            unknown => panic!("teach this validator {unknown:?}: {schema}"),
        };
        if !holds {
            return Err(format!("{at}: {value} breaks {keyword}: {rule}"));
        }
    }
    Ok(())
}

fn members(
    document: &Value,
    rules: &serde_json::Map<String, Value>,
    value: &Value,
    at: &str,
) -> Result<(), String> {
    let described = rules["properties"].as_object().unwrap();
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match described.get(name).or(rules.get("additionalProperties")) {
            Some(schema) => valid(document, schema, member, &at)?,
            None => return Err(format!("{at} is not described")),
        }
    }
    Ok(())
}

fn choices(document: &Value, rule: &Value, value: &Value, at: &str) -> usize {
    let schemas = rule.as_array().unwrap().iter();
    schemas
        .filter(|schema| valid(document, schema, value, at).is_ok())
        .count()
}

fn length(value: &Value) -> Option<u64> {
    value.as_str().map(|text| text.chars().count() as u64)
}

fn is(value: &Value, name: &Value) -> bool {
    match name.as_str().unwrap() {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type {other}"),
    }
}

fn answer(status: u16, media_type: &str, body: &str) -> Answer {
    Answer {
        status,
        status_line: format!("HTTP/1.1 {status}"),
        headers: vec![
            ("content-type".to_owned(), media_type.to_owned()),
            ("www-authenticate".to_owned(), "Bearer".to_owned()),
        ],
        body: body.as_bytes().to_vec(),
    }
}

/// What the validator says of an answer to `POST /login`.
fn of_a_login(status: u16, media_type: &str, body: &str) -> Result<(), String> {
    let document = &DOCUMENTS[0];
    let operation = operation(document, "POST", "/login?x=1").unwrap();
    check(document, operation, &answer(status, media_type, body))
}

#[test]
fn an_answer_as_it_is_described_is_accepted() {
    for (status, media_type, body) in [
        (
            200,
            "application/json",
            r#"{"token":"t","refresh_token":"r","token_type":"Bearer","expires_in":1}"#,
        ),
        (401, "application/json; charset=utf-8", r#"{"error":"no"}"#),
        (
            401,
            "application/problem+json",
            r#"{"type":"t","title":"t","status":401,"detail":"d","code":"c","instance":"i"}"#,
        ),
        (
            500,
            "application/json",
            r#"{"error":"Internal server error"}"#,
        ),
    ] {
        assert_eq!(of_a_login(status, media_type, body), Ok(()), "{body}");
    }
}

#[test]
fn a_wrong_body_is_refused() {
    for (body, complaint) in [
        ("{}", "required"),
        (
            r#"{"token":1,"refresh_token":"r","token_type":"Bearer","expires_in":1}"#,
            "type",
        ),
        (r#"["t"]"#, "type"),
        (
            r#"{"token":"t","refresh_token":"r","token_type":"Bearer","expires_in":1,"password":"x"}"#,
            "password is not described",
        ),
        (r#"{"token":"t""#, "EOF"),
    ] {
        let refused = of_a_login(200, "application/json", body).unwrap_err();
        assert!(refused.contains(complaint), "{body}: {refused}");
    }
}

#[test]
fn a_status_a_media_type_or_a_challenge_that_is_not_described_is_refused() {
    assert_eq!(
        of_a_login(202, "application/json", "{}"),
        Err("no status 202".to_owned())
    );
    let refused = of_a_login(200, "text/html", "<p>").unwrap_err();
    assert!(refused.contains("text/html"), "{refused}");
    let document = &DOCUMENTS[0];
    let mut without = answer(401, "application/json", r#"{"error":"no"}"#);
    without.headers.pop();
    let operation = operation(document, "POST", "/auth/login").unwrap();
    assert!(check(document, operation, &without).is_err());
}

#[test]
fn a_template_fits_whole_segments() {
    assert!(fits("/users/{id}/roles", "/users/7/roles"));
    assert!(!fits("/users/{id}", "/users/7/roles"));
    assert!(!fits("/users/{id}", "/users/"));
}

#[test]
fn choices_and_lists_are_looked_into() {
    let document = json!({"components": {"schemas": {"A": {"type": "object", "required": ["a"], "properties": {"a": {"type": ["string", "null"]}}}}}});
    let schema = json!({"type": "array", "items": {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "integer"}]}});
    let holds = |value: Value| valid(&document, &schema, &value, "body").is_ok();
    assert!(holds(json!([{"a": null}, {"a": "x"}, 7])));
    assert!(!holds(json!([{"a": 1}])));
    assert!(!holds(json!([{}])));
    assert!(!holds(json!(["text"])));
}

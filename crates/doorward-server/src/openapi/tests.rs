use serde_json::Value;

use crate::router;

fn documents() -> [Value; 2] {
    [false, true].map(|demo| serde_json::from_str(&router::document(demo).json).unwrap())
}

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let item = item.as_object().unwrap();
            item.iter()
                .map(move |(method, operation)| (format!("{method} {path}"), operation))
        })
        .collect()
}

#[test]
fn the_document_says_that_it_is_of_openapi_3_1_and_of_this_version() {
    for document in documents() {
        assert_eq!(document["openapi"], "3.1.0");
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}

#[test]
fn two_paths_of_one_handler_are_both_described_under_names_of_their_own() {
    for document in documents() {
        let mut names: Vec<&str> = operations(&document)
            .iter()
            .map(|(_, operation)| operation["operationId"].as_str().unwrap())
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "an operationId is repeated");
        let [short, long] =
            ["/login", "/auth/login"].map(|path| &document["paths"][path]["post"]["responses"]);
        assert!(short.is_object());
        assert_eq!(short, long);
    }
}

#[test]
fn every_failure_has_both_forms_of_an_error() {
    for document in documents() {
        for (name, operation) in operations(&document) {
            for (status, response) in operation["responses"].as_object().unwrap() {
                if !status.starts_with(['4', '5']) {
                    continue;
                }
                let pointer = response["$ref"].as_str().map(|target| &target[1..]);
                let response = pointer.map_or(response, |at| document.pointer(at).unwrap());
                for media_type in ["application/json", "application/problem+json"] {
                    let schema = &response["content"][media_type]["schema"];
                    assert!(schema.is_object(), "{name} {status} {media_type}");
                }
            }
        }
    }
}

#[test]
fn a_route_that_takes_a_token_says_what_a_bad_one_is_answered() {
    for document in documents() {
        for (name, operation) in operations(&document) {
            if operation["security"].is_array() {
                let response = &operation["responses"]["401"];
                assert!(
                    response["headers"]["WWW-Authenticate"].is_object(),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn every_route_has_a_summary_and_a_tag_and_shows_no_comment_for_its_programmers() {
    for document in documents() {
        for (name, operation) in operations(&document) {
            let summary = operation["summary"].as_str().unwrap_or_default();
            assert!(
                !summary.is_empty() && !summary.starts_with('`'),
                "{name}: {summary:?}"
            );
            assert_eq!(
                operation["tags"].as_array().map(Vec::len),
                Some(1),
                "{name}"
            );
            let description = operation["description"].as_str().unwrap_or_default();
            assert!(!description.contains("# Errors"), "{name}: {description}");
        }
    }
}

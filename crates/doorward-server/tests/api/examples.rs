//! Every route that the server describes is shown in the Postman collection, and held to the byte by a golden file.

use std::{collections::BTreeSet, fs, path::Path};

use serde_json::Value;

use crate::{
    client::get,
    contract, golden,
    installation::{Engine, Installation},
};

/// A method and a path as the document writes it (`/users/{id}`).
type Operation = (String, String);

/// What the running production server and the running demo say of themselves.
fn descriptions() -> Vec<Value> {
    [
        Installation::new(Engine::Sqlite),
        Installation::demo(Engine::Sqlite),
    ]
    .into_iter()
    .map(|installation| {
        get("/openapi.json")
            .send(installation.start().address)
            .json()
    })
    .collect()
}

fn described(descriptions: &[Value]) -> BTreeSet<Operation> {
    let items = descriptions
        .iter()
        .flat_map(|document| document["paths"].as_object().unwrap());
    items
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods.map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect()
}

fn path(descriptions: &[Value], target: &str) -> Option<String> {
    let mut found = descriptions
        .iter()
        .filter_map(|document| contract::path(document, target));
    found.next().map(|(path, _)| path.clone())
}

/// The requests of the collection, in whatever folder, by method and target, with the script that tests the answer.
fn requests(items: &Value) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for item in items.as_array().unwrap() {
        if item["item"].is_array() {
            found.extend(requests(&item["item"]));
            continue;
        }
        let events = item["event"].as_array().into_iter().flatten();
        let script = events
            .filter(|event| event["listen"] == "test")
            .flat_map(|event| event["script"]["exec"].as_array().unwrap())
            .fold(String::new(), |script, line| {
                script + line.as_str().unwrap() + "\n"
            });
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let url = text(&item["request"]["url"]["raw"]);
        let target = url.strip_prefix("{{baseUrl}}").expect("the server at hand");
        found.push((text(&item["request"]["method"]), target.to_owned(), script));
    }
    found
}

fn tests_the_status(line: &str) -> bool {
    let compares = ["pm.response.to.have.status(", "pm.expect(pm.response.code)"];
    line.starts_with("pm.test(") && compares.iter().any(|way| line.contains(way))
}

#[test]
fn every_route_is_in_the_postman_collection_with_a_test_of_its_status() {
    let descriptions = descriptions();
    let collection = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../postman/doorward.postman_collection.json");
    let collection: Value = serde_json::from_slice(&fs::read(collection).unwrap()).unwrap();
    let requests = requests(&collection["item"]);
    let untested: Vec<_> = requests
        .iter()
        .filter(|(_, _, script)| !script.lines().any(tests_the_status))
        .collect();
    assert!(untested.is_empty(), "{untested:?}");
    let shown: BTreeSet<Operation> = requests
        .into_iter()
        .filter_map(|(method, target, _)| Some((method, path(&descriptions, &target)?)))
        .collect();
    let described = described(&descriptions);
    let missing: Vec<_> = described.difference(&shown).collect();
    assert!(
        missing.is_empty(),
        "no request in the collection: {missing:?}"
    );
    assert!(described.len() > 50, "only {} routes", described.len());
}

#[test]
fn every_route_is_in_a_golden_file_with_an_answer_of_its_own() {
    let descriptions = descriptions();
    let held: BTreeSet<Operation> = golden::exchanges_of_all_files()
        .into_iter()
        .filter_map(|(method, target, status)| {
            let path = path(&descriptions, &target)?;
            // That there is no such route or method, the demo answers for some of production's.
            let is_its_own = descriptions.iter().any(|document| {
                let answers = &document["paths"][&path][method.to_lowercase()]["responses"];
                answers.get(&status).is_some()
            });
            is_its_own.then_some((method, path))
        })
        .collect();
    let described = described(&descriptions);
    let missing: Vec<_> = described.difference(&held).collect();
    assert!(missing.is_empty(), "in no golden file: {missing:?}");
}

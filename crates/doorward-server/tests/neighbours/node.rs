//! The services in Node.js: `examples/express-jose`, `examples/express-jwt`.
//!
//! `DOORWARD_NODE_MODULES` names a folder with the packages of `scripts/package.json`. Without it nothing runs; with
//! `DOORWARD_REQUIRE_ALL=1` that is a failure.

use std::process::Command;

use crate::{
    programs::named_by,
    scene::{Scene, example},
    verdicts::judges_every_token_rightly,
};

fn judges(folder: &str) {
    let Some(modules) = named_by("DOORWARD_NODE_MODULES") else {
        return;
    };
    judges_every_token_rightly(&Scene::new(
        |_| {
            let mut command = Command::new("node");
            command.arg(example(folder).join("app.cjs"));
            command
        },
        &[("NODE_PATH", &modules)],
    ));
}

#[test]
fn the_express_service_with_jose_judges_every_token_rightly() {
    judges("express-jose");
}

#[test]
fn the_express_service_with_express_jwt_judges_every_token_rightly() {
    judges("express-jwt");
}

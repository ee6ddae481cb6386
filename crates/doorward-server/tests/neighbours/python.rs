//! The services in Python: `examples/flask`, `examples/flask-jwt-extended`, `examples/fastapi`.
//!
//! `DOORWARD_PYTHON` names a Python with the packages of `scripts/requirements.txt`. Without it nothing runs; with
//! `DOORWARD_REQUIRE_ALL=1` that is a failure.

use std::process::Command;

use crate::{
    programs::named_by,
    scene::{Scene, example},
    verdicts::judges_every_token_rightly,
};

fn judges(folder: &str) {
    let Some(python) = named_by("DOORWARD_PYTHON") else {
        return;
    };
    judges_every_token_rightly(&Scene::new(
        |_| {
            let mut command = Command::new(python);
            command.arg(example(folder).join("app.py"));
            command
        },
        &[
            ("PYTHONPATH", example("python").to_str().unwrap()),
            ("PYTHONDONTWRITEBYTECODE", "1"),
        ],
    ));
}

#[test]
fn the_flask_service_judges_every_token_rightly() {
    judges("flask");
}

#[test]
fn the_flask_jwt_extended_service_judges_every_token_rightly() {
    judges("flask-jwt-extended");
}

#[test]
fn the_fastapi_service_judges_every_token_rightly() {
    judges("fastapi");
}

//! `examples/axum`.

use std::{path::Path, process::Command};

use crate::{scene::Scene, verdicts::judges_every_token_rightly};

#[test]
fn the_axum_service_judges_every_token_rightly() {
    let program = Path::new(env!("CARGO_BIN_EXE_doorward")).with_file_name("doorward-example-axum");
    assert!(
        program.exists(),
        "build it first: cargo build -p doorward-example-axum"
    );
    judges_every_token_rightly(&Scene::new(|_| Command::new(&program), &[]));
}

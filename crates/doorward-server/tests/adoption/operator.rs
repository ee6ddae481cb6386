//! What an operator types.

use std::{path::Path, process::Command};

use crate::service::flask_variables;

/// Runs a command that must succeed, in this folder, with the Flask deployment's own variables; what it prints.
pub(crate) fn must(folder: &Path, database_url: &str, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_doorward"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(flask_variables(database_url))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}\n{text}\n{errors}");
    text
}

//! The Python that `DOORWARD_PYTHON` names, with the originals that the tests compare with. Without it nothing runs;
//! with `DOORWARD_REQUIRE_ALL=1` that is a failure.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// The Python to ask, or `None` when this run goes without.
pub(crate) fn python() -> Option<String> {
    let python = std::env::var("DOORWARD_PYTHON").ok();
    if python.is_none() {
        let required = std::env::var("DOORWARD_REQUIRE_ALL").is_ok_and(|value| value == "1");
        assert!(
            !required,
            "DOORWARD_REQUIRE_ALL=1, but DOORWARD_PYTHON is not set"
        );
        println!("not run: set DOORWARD_PYTHON");
    }
    python
}

/// What the script of this name answers.
pub(crate) fn ask(python: &str, script: &str, request: &Value) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle");
    let mut child = Command::new(python)
        .arg(format!("{folder}/{script}"))
        .env("PYTHONUTF8", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("DOORWARD_PYTHON={python} does not start: {error}"));
    // The script reads everything before it writes, so neither side waits for the other.
    child
        .stdin
        .take()
        .unwrap()
        .write_all(request.to_string().as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "the oracle failed: {}",
        output.status
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

//! Programs that are not ours and that tests run. `DOORWARD_PYTHON` is a Python with `scripts/requirements.txt`,
//! `DOORWARD_NODE_MODULES` the folder that `npm ci` makes of `scripts/package.json`. Without them what needs them does not
//! run; with `DOORWARD_REQUIRE_ALL=1` that is a failure.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

/// What a variable names, or `None` when this run goes without.
pub(crate) fn named_by(variable: &str) -> Option<String> {
    let Ok(value) = std::env::var(variable) else {
        assert!(
            std::env::var("DOORWARD_REQUIRE_ALL").is_err(),
            "{variable} is not set, and nothing may be skipped"
        );
        eprintln!("not run: set {variable}");
        return None;
    };
    Some(value)
}

/// A Python that runs `script`, a path below `tests`.
pub(crate) fn python(script: &str) -> Option<Command> {
    let mut command = Command::new(named_by("DOORWARD_PYTHON")?);
    command.arg(below_tests(script)).env("PYTHONUTF8", "1");
    Some(command)
}

/// A Node that runs `script`, a path below `tests` of a file `.cjs`: only `require` looks into the folder of packages.
pub(crate) fn node(script: &str) -> Option<Command> {
    let modules = named_by("DOORWARD_NODE_MODULES")?;
    let mut command = Command::new("node");
    command.arg(below_tests(script)).env("NODE_PATH", modules);
    Some(command)
}

fn below_tests(script: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(script)
}

/// Runs a program that reads everything before it writes, so that neither side waits for the other.
pub(crate) fn asked(mut command: Command, input: &Value) -> Value {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|why| panic!("{command:?} does not start: {why}"));
    let mut pipe = child.stdin.take().unwrap();
    pipe.write_all(input.to_string().as_bytes()).unwrap();
    drop(pipe);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

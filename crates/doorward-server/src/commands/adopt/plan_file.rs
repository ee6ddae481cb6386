//! Reading a plan.

use std::{fs, path::Path};

use doorward::adoption::Plan;

use crate::failure::Failure;

/// A plan is a page; more is another file.
const LONGEST: u64 = 1024 * 1024;

/// Reads the plan in a file. Unknown keys are refused with their place.
///
/// # Errors
/// [`Failure`] names the line.
pub(super) fn read(path: &Path) -> Result<Plan, Failure> {
    let unreadable = || Failure::new(format!("the plan {} cannot be read", path.display())).usage();
    let length = fs::metadata(path)
        .map_err(|error| unreadable().why(error))?
        .len();
    if length > LONGEST {
        return Err(unreadable().because_text("it has more than a mebibyte"));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable().why(error))?;
    let plan: Plan = toml::from_str(&text).map_err(|error| {
        let place = error.span().map_or_else(String::new, |span| {
            let before = text.get(..span.start).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("line {line}, column {column}: ")
        });
        Failure::new(format!("the plan {} is not valid", path.display()))
            .because_text(format!("{place}{}", error.message().replace('\n', ", ")))
            .usage()
    })?;
    plan.check().map_err(|error| {
        Failure::new(format!("the plan {} is not valid", path.display()))
            .why(error)
            .usage()
    })?;
    Ok(plan)
}

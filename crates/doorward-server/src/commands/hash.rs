//! `doorward hash`: a password's hash as the server would store it, or what hashing costs here.

mod calibration;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use doorward::password::PolicyContext;

use super::{accounts, print};
use crate::{
    application, cli::HashArgs, config::Config, failure::Failure, hashing, prompt::PasswordSource,
};

pub(super) use calibration::{hash_threads, median_of_three};

/// Prints the hash, or with `--calibrate` the measurements.
///
/// # Errors
/// [`Failure`] when there is no password, or no memory to hash with.
pub async fn run(arguments: HashArgs, config: &Config) -> Result<ExitCode, Failure> {
    if arguments.calibrate {
        return print(&calibration::report(config)?);
    }
    let source = PasswordSource::from_flag(arguments.password_stdin);
    let password = accounts::new_password(source)?;
    let context = PolicyContext::for_username("");
    let form = hashing::new_hash_form(config, None)?;
    if let Err(violation) = application::password_policy(config, &form)?.check(&password, &context)
    {
        writeln!(
            io::stderr(),
            "warning: the server would not let anybody set this password: {violation}"
        )?;
    }
    let hash = hashing::pool(config, form)?
        .hash(password)
        .await
        .map_err(Failure::because("the password could not be hashed"))?;
    print(&format!("{}\n", hash.as_str()))
}

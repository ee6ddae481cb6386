//! `doorward doctor`: everything that can be wrong with an installation, looked at without changing it.

mod database;
mod files;
mod listening;
mod load;
mod report;

pub(super) use database::log_durability;

use std::process::ExitCode;

use crate::{
    cli::Cli,
    config::{self, Environment, Loaded},
    failure::Failure,
};

use report::Report;

/// Prints a line for each check and what to do about those that are not in order. Exit code 0 when there is no problem
/// (warnings are none), 1 otherwise.
///
/// # Errors
/// [`Failure`] when nothing can be printed.
pub fn run(cli: &Cli) -> Result<ExitCode, Failure> {
    let mut report = Report::default();
    if let Some(loaded) = configuration(cli, &mut report) {
        let config = &loaded.config;
        files::data_directory(config, &mut report);
        files::secret(&loaded, &mut report);
        super::block_on(async {
            database::check(config, &mut report).await;
            listening::check(config, &mut report).await;
            Ok(())
        })?;
        load::hash_cost(config, &mut report);
        load::open_files(config, &mut report);
    }
    super::print(&report.to_string())?;
    Ok(if report.has_problem() {
        ExitCode::from(Failure::FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

fn configuration(cli: &Cli, report: &mut Report) -> Option<Loaded> {
    let refused = |report: &mut Report, failure: &Failure| {
        let text = failure.to_string();
        let mut lines = text.lines().map(str::trim);
        let what = lines.next().unwrap_or_default().to_owned();
        let rest: Vec<&str> = lines.collect();
        report.problem("configuration", what, rest.join("\n"));
    };
    let environment = Environment::from_process().map_err(Failure::from);
    let loaded = environment
        .and_then(|environment| config::load(&cli.sources(environment)).map_err(Failure::from));
    match loaded {
        Ok(loaded) => {
            let file = loaded.config_file.as_ref().map_or_else(
                || "no configuration file".to_owned(),
                |path| path.display().to_string(),
            );
            let set = loaded.settings.iter().filter(|e| !e.origin.is_default());
            report.ok(
                "configuration",
                format!("{file}, {} settings given", set.count()),
            );
            for warning in &loaded.warnings {
                report.warning("configuration", &warning.what, &warning.fix);
            }
            Some(loaded)
        }
        Err(failure) => {
            refused(report, &failure);
            None
        }
    }
}

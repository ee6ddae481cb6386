//! `doorward adopt inspect`: looking at an application's users, and a plan for them.

mod origin;
mod plan_text;
mod report;

use std::{
    fs::File,
    io::{self, ErrorKind, Write as _},
    path::Path,
    process::ExitCode,
};

use doorward::{
    adoption::{
        Identifier, Plan,
        inspect::{Finding, InspectError, Options, Weight, inspect_database, inspect_file},
    },
    store::StoreError,
};

use self::origin::Origin;
use crate::{
    cli::{AdoptInspectArgs, Cli},
    commands::progress::Progress,
    config::{self, ADOPT_FROM_VARIABLE, ConfigErrorKind, Environment, Loaded},
    failure::Failure,
    hashing,
};

/// Looks, prints what it found, and writes the plan.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub(super) fn run(cli: &Cli, arguments: &AdoptInspectArgs) -> Result<ExitCode, Failure> {
    let environment = Environment::from_process()?;
    let (loaded, weak_secret) = load(cli, &environment)?;
    let given = arguments
        .source
        .as_ref()
        .map(crate::cli::SourceText::expose);
    if given.is_some_and(super::source::shows_a_password) {
        writeln!(
            io::stderr(),
            "warning: every user of this machine can read the password in the address\n  give the address in {ADOPT_FROM_VARIABLE} instead"
        )?;
    }
    let origin = Origin::new(
        given.or_else(|| environment.get(ADOPT_FROM_VARIABLE)),
        &loaded.config.db.url,
    )?;
    if let (Origin::File { .. }, Some(_)) = (&origin, &arguments.table) {
        return Err(Failure::new("a file has no tables: leave --table out").usage());
    }
    refuse_to_overwrite(&arguments.plan, arguments.force)?;
    let table = arguments
        .table
        .as_deref()
        .map(Identifier::parse)
        .transpose();
    let options = Options {
        table: table.map_err(|error| Failure::new("--table names no table").why(error).usage())?,
        accepted: hashing::accepted_forms(&loaded.config),
        is_configured: origin.is_configured(),
    };
    let mut inspection = super::super::block_on(async {
        let mut progress = Progress::new("rows read");
        let mut told = |rows| progress.tell(rows);
        let result = match &origin {
            Origin::Database { url, .. } => inspect_database(url, &options, &mut told).await,
            Origin::File { file, .. } => inspect_file(file, &options, &mut told).await,
        };
        progress.end();
        result.map_err(|error| failure(error, &origin))
    })?;
    inspection.findings.extend(weak_secret);
    inspection.findings.sort_by_key(|finding| finding.weight);
    let text = plan_text::plan_text(&inspection, &origin.to_string());
    if toml::from_str::<Plan>(&text).ok().as_ref() != Some(&inspection.plan) {
        return Err(Failure::new("the plan could not be written as TOML")
            .because_text("a name in it cannot be read back")
            .fix("rename the column, or write the plan by hand"));
    }
    write(&arguments.plan, arguments.force, &text)?;
    super::super::print(&report::report(&inspection, &origin, &arguments.plan))
}

/// The configuration. A secret that everybody knows is no reason not to look: it is what the operator has to hear.
fn load(cli: &Cli, environment: &Environment) -> Result<(Loaded, Option<Finding>), Failure> {
    let refused = match config::load(&cli.sources(environment.clone())) {
        Ok(loaded) => return Ok((super::super::quietly(loaded), None)),
        Err(error) if error.kind() == ConfigErrorKind::WeakSecret => error,
        Err(error) => return Err(error.into()),
    };
    let loaded = config::load(&cli.sources(environment.without_secrets()))?;
    let finding = Finding {
        weight: Weight::Problem,
        what: format!("{}: {}", refused.what(), refused.why()),
        advice: format!(
            "doorward does not start with it; people log in once more after the change: {}",
            refused.fix()
        ),
    };
    Ok((super::super::quietly(loaded), Some(finding)))
}

fn failure(error: InspectError, origin: &Origin) -> Failure {
    let failed = || Failure::new(format!("{origin} cannot be inspected"));
    match &error {
        InspectError::Store(StoreError::Unreachable(_)) => {
            failed().why(error).fix("check that the server runs and that address, account and password are right")
        }
        InspectError::Store(_) => failed()
            .why(error)
            .fix("the account needs SELECT on the database; the file must be a SQLite database"),
        InspectError::File { .. } | InspectError::NoRecords { .. } => failed().why(error),
        InspectError::NoTable { .. } => failed().why(error).fix("name one of them with --table").usage(),
        InspectError::NoCandidate { .. } => failed().why(error).fix(
            "name the table with --table if it is there; the account may also lack SELECT on it",
        ),
        InspectError::NoColumn { .. } => failed().why(error).fix(
            "name another table with --table, or write a plan by hand",
        ),
        InspectError::Empty { .. } => failed()
            .why(error)
            .fix("start fresh with `doorward admin create`, or name another table with --table"),
        InspectError::Ours { .. } => failed()
            .why(error)
            .fix("`doorward adopt status` tells about adoptions; name the application's table with --table, or its database as SOURCE"),
    }
}

fn refuse_to_overwrite(path: &Path, force: bool) -> Result<(), Failure> {
    if force || !path.exists() {
        return Ok(());
    }
    Err(taken(path))
}

fn taken(path: &Path) -> Failure {
    Failure::new(format!("there is a plan in {} already", path.display()))
        .fix("read it, then replace it with --force, or name another file with --plan")
        .usage()
}

/// Writes the plan, which holds no secret.
fn write(path: &Path, force: bool, text: &str) -> Result<(), Failure> {
    let mut options = File::options();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    let unwritable = |error: io::Error| {
        if error.kind() == ErrorKind::AlreadyExists {
            return taken(path);
        }
        Failure::new(format!("the plan cannot be written to {}", path.display())).why(error)
    };
    let mut file = options.open(path).map_err(unwritable)?;
    file.write_all(text.as_bytes()).map_err(unwritable)
}

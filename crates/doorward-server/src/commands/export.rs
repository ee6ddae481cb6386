//! `doorward export`: every user with the stored password, for another system or for a new doorward.

mod format;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use doorward::{
    audit::{Event, EventKind},
    caller::Caller,
    clock::{Clock as _, SystemClock},
    password::{AcceptedForms, FormGroups, PasswordHash},
    store::Store,
    user::StoredUser,
};
use serde_json::json;

use self::format::Format;
use super::{operated, output::Output, progress::Progress, terminal::visible};
use crate::{cli::ExportArgs, config::Config, failure::Failure, hashing};

/// Users that are read at once.
const PAGE: u32 = 1000;

/// Writes all users. Exit code 3 when some could not be written whole; the report names them.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(arguments: &ExportArgs, config: &Config) -> Result<ExitCode, Failure> {
    let rejects = arguments.output.as_ref().map(|path| {
        let mut name = path.clone().into_os_string();
        name.push(".rejects.jsonl");
        PathBuf::from(name)
    });
    for path in [&arguments.output, &rejects].into_iter().flatten() {
        if path.exists() && !arguments.force {
            return Err(
                Failure::new(format!("there is a file {} already", path.display()))
                    .fix("replace it with --force, or name another with --output")
                    .usage(),
            );
        }
    }
    let format = Format::new(arguments);
    let database = operated::open_current(config).await?;
    let store = operated::store(&database, config).await?;
    let result = export(&store, &format, arguments, rejects, config).await;
    database.close().await;
    let done = result?;
    let place = arguments.output.as_ref().map_or_else(
        || "standard output".to_owned(),
        |path| path.display().to_string(),
    );
    let mut summary = format!("exported {} users to {place}", done.users);
    if done.rejects > 0 {
        summary.push_str(&format_rejects(done.rejects, done.report.as_deref()));
    }
    // A summary that cannot be shown is no reason to fail.
    let _ = writeln!(io::stderr(), "{summary}");
    Ok(if done.rejects > 0 {
        ExitCode::from(Failure::PARTIAL)
    } else {
        ExitCode::SUCCESS
    })
}

fn format_rejects(count: u64, report: Option<&std::path::Path>) -> String {
    let report = report.map_or_else(
        || "named above".to_owned(),
        |path| format!("{} names them", path.display()),
    );
    format!("; {count} of them without a password there: {report}")
}

/// What was done.
struct Done {
    users: u64,
    rejects: u64,
    report: Option<PathBuf>,
}

async fn export(
    store: &Store,
    format: &Format,
    arguments: &ExportArgs,
    rejects: Option<PathBuf>,
    config: &Config,
) -> Result<Done, Failure> {
    // Before anything leaves: what was begun has been handed out.
    let format_name = clap::ValueEnum::to_possible_value(&arguments.format);
    let mut event = Event::success(EventKind::UsersExported, &Caller::operator());
    if let Some(name) = format_name {
        event = event.detail("format", name.get_name());
    }
    store
        .record_alone(&event, SystemClock.now())
        .await
        .map_err(operated::unusable(config))?;
    let mut output = Output::open(arguments.output.as_deref())?;
    let mut report = Output::report(rejects.as_deref());
    let mut progress = Progress::new("users exported");
    let mut done = Done {
        users: 0,
        rejects: 0,
        report: rejects,
    };
    // Whether this server would verify a hash is not the question.
    let every_form = AcceptedForms {
        groups: FormGroups::EVERY,
        ..hashing::accepted_forms(config)
    };
    let mut last = None;
    output.text(format.head())?;
    output.text(&format.opening())?;
    loop {
        let page = store
            .list_stored_users(last, PAGE)
            .await
            .map_err(operated::unusable(config))?;
        let Some(newest) = page.last() else { break };
        last = Some(newest.user.id);
        for stored in &page {
            let (hash, rejected) = converted(format, stored, &every_form);
            let separator = if done.users == 0 {
                ""
            } else {
                format.between()
            };
            output.text(separator)?;
            output.text(&format.entry(stored, hash.as_ref().map(|hash| hash.as_str())))?;
            done.users += 1;
            if let Some(reason) = rejected {
                done.rejects += 1;
                report.text(&reject_line(stored, &reason))?;
            }
        }
        progress.tell(done.users);
    }
    output.text(format.foot())?;
    progress.end();
    output.finish()?;
    report.finish()?;
    Ok(done)
}

/// The stored password as the format has it, and why there is none.
fn converted(
    format: &Format,
    stored: &StoredUser,
    every_form: &AcceptedForms,
) -> (Option<zeroize::Zeroizing<String>>, Option<String>) {
    let Some(target) = format.target() else {
        // As it is stored, whatever it is.
        return (Some(zeroize::Zeroizing::new(stored.password.clone())), None);
    };
    if stored.user.disabled_at.is_some() && !format.has_disabled() {
        let reason = "the user is disabled, which the format cannot say";
        return (None, Some(reason.to_owned()));
    }
    let hash = PasswordHash::parse_with(&stored.password, every_form)
        .map_err(|error| error.to_string())
        .and_then(|hash| hash.export(target).map_err(|error| error.to_string()));
    match hash {
        Ok(hash) => (
            Some(zeroize::Zeroizing::new(hash.expose().to_owned())),
            None,
        ),
        Err(reason) => (None, Some(reason)),
    }
}

fn reject_line(stored: &StoredUser, reason: &str) -> String {
    let user = &stored.user;
    let line = json!({ "id": user.id.get(), "username": user.username, "reason": reason });
    visible(&line.to_string()) + "\n"
}

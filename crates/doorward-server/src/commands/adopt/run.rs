//! `doorward adopt run`.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use doorward::{
    adoption::{Adoption, Mode, Outcome, Plan, Progress, Report, SourceAddress},
    audit::{Event, EventKind},
    caller::Caller,
    clock::{Clock as _, SystemClock},
    password::{HashPool, HashPoolConfig, Password},
    store::{Database, Store},
};
use tokio::time::Instant;

use super::super::{operated, print, timestamp};
use super::{plan_file, progress, source, stopped};
use crate::{
    application,
    cli::{AdoptRunArgs, SourceText},
    config::{ADOPT_FROM_VARIABLE, Config},
    failure::Failure,
    hashing,
};

/// Nobody waits for a hash here, so a job may wait in the queue for as long as the machine needs.
const MAX_WAIT: Duration = Duration::from_mins(10);

/// Carries out a plan. Exit code 3 when there are rejects.
pub(super) async fn run(
    arguments: &AdoptRunArgs,
    config: &Config,
    from_environment: Option<&str>,
) -> Result<ExitCode, Failure> {
    let plan = plan_file::read(&arguments.plan)?;
    let from = from(&plan, arguments, from_environment)?;
    let pool = hash_pool(&plan, config)?;
    let threads = pool.threads.get();
    let pool = HashPool::start(pool)
        .map_err(Failure::because("the hashing threads could not be started"))?;
    let database = open(&plan, arguments.dry_run, config).await?;
    let counters = Progress::default();
    let adoption = Adoption {
        database: &database,
        plan: &plan,
        accepted: hashing::accepted_forms(config),
        hashes: &pool,
        clock: &SystemClock,
        progress: &counters,
    };
    let rejects = report_path(arguments);
    let result = if arguments.dry_run {
        let work = dry_run(&adoption, from.as_ref(), &rejects, threads, config);
        Box::pin(progress::shown(&counters, work)).await
    } else {
        let work = really(&adoption, from.as_ref(), &rejects, config);
        Box::pin(progress::shown(&counters, work)).await
    };
    database.close().await;
    let (text, some_rejected) = result?;
    print(&text)?;
    Ok(if some_rejected {
        ExitCode::from(Failure::PARTIAL)
    } else {
        ExitCode::SUCCESS
    })
}

fn from(
    plan: &Plan,
    arguments: &AdoptRunArgs,
    from_environment: Option<&str>,
) -> Result<Option<SourceAddress>, Failure> {
    let flag = arguments.from.as_ref().map(SourceText::expose);
    match (plan.mode, flag.or(from_environment)) {
        (Mode::Copy, Some(text)) => {
            if flag.is_some_and(source::shows_a_password) {
                writeln!(
                    io::stderr(),
                    "warning: every user of this machine can read the password in --from; give the address as {ADOPT_FROM_VARIABLE} instead"
                )?;
            }
            source::parse(text).map(Some)
        }
        (Mode::Copy, None) => Err(Failure::new("the plan is a copy, and nothing says from where")
            .fix(format!(
                "add --from mysql://…, sqlite:PATH, PATH.csv or PATH.jsonl, or set {ADOPT_FROM_VARIABLE}"
            ))
            .usage()),
        (Mode::InPlace, _) if flag.is_some() => {
            Err(Failure::new("the plan is in place, so there is nothing to copy from")
                .fix("leave --from out; the database is the one of db.url")
                .usage())
        }
        (Mode::InPlace, _) => Ok(None),
    }
}

/// In place the database is the application's, with our tables beside; for a copy it is ours.
async fn open(plan: &Plan, dry_run: bool, config: &Config) -> Result<Database, Failure> {
    match (plan.mode, dry_run) {
        (Mode::InPlace, _) => {
            if let Some(path) = operated::missing_file(config) {
                return Err(Failure::new(format!("there is no database at {}", path.display()))
                    .fix("in place, db.url (--db-url, DOORWARD_DB_URL) is the application's database"));
            }
            application::open_database(config).await
        }
        (Mode::Copy, false) => operated::open_or_make(config).await,
        (Mode::Copy, true) => operated::open_current(config).await,
    }
}

/// The pool that hashes what is stored in the clear: in the form that the application reads, or in ours.
fn hash_pool(plan: &Plan, config: &Config) -> Result<HashPoolConfig, Failure> {
    let of_table = match plan.mode {
        Mode::InPlace => plan.passwords.write.to_write(hashing::prehashes(config)),
        Mode::Copy => None,
    };
    let mut pool = hashing::pool_config(config, hashing::new_hash_form(config, of_table)?);
    pool.max_wait = MAX_WAIT;
    Ok(pool)
}

fn report_path(arguments: &AdoptRunArgs) -> PathBuf {
    arguments
        .rejects
        .clone()
        .unwrap_or_else(|| arguments.plan.with_extension("rejects.jsonl"))
}

/// What to print, and whether some rows were rejected.
type Told = (String, bool);

async fn really(
    adoption: &Adoption<'_>,
    from: Option<&SourceAddress>,
    rejects: &Path,
    config: &Config,
) -> Result<Told, Failure> {
    let outcome = adoption.run(from).await.map_err(stopped(config))?;
    let rejected = match &outcome.record {
        Some(record) => Report::rewrite(adoption.database, record.id, rejects)
            .await
            .map_err(stopped(config))?,
        None => 0,
    };
    let mut text = String::new();
    // Writing to a String cannot fail.
    if outcome.is_nothing() {
        let _ = writeln!(text, "{} is adopted already, nothing to do", config.db.url);
    } else {
        let again = if outcome.repeated { " more" } else { "" };
        let resumed = if outcome.resumed {
            "; an interrupted run was resumed"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "adopted {}{again} users into {}{resumed}",
            outcome.counts.adopted, config.db.url
        );
    }
    if outcome.widened {
        let _ = writeln!(
            text,
            "the column {} is wider now",
            adoption.plan.users.password
        );
    }
    if let Some(record) = &outcome.record {
        let counts = record.counts;
        let event = Event::success(EventKind::UsersAdopted, &Caller::operator())
            .detail("adopted", counts.adopted)
            .detail("rejected", counts.rejected);
        Store::new(adoption.database.clone())
            .record_alone(&event, SystemClock.now())
            .await
            .map_err(operated::unusable(config))?;
        let _ = writeln!(
            text,
            "in all {} adopted, {} there before, {} passwords hashed, {} rejected",
            counts.adopted, counts.present, counts.hashed, counts.rejected
        );
    }
    if rejected > 0 {
        let _ = writeln!(text, "the rejected rows are in {}", rejects.display());
    }
    Ok((text, rejected > 0))
}

async fn dry_run(
    adoption: &Adoption<'_>,
    from: Option<&SourceAddress>,
    rejects: &Path,
    threads: usize,
    config: &Config,
) -> Result<Told, Failure> {
    let mut report = Report::create(rejects).map_err(stopped(config))?;
    let result = adoption.dry_run(from, Some(&mut report)).await;
    let rejected = report.finish().map_err(stopped(config))?;
    let outcome = result.map_err(stopped(config))?;
    let mut text = String::new();
    let Outcome {
        counts, plaintexts, ..
    } = outcome;
    let _ = writeln!(
        text,
        "would adopt {} users into {}; {} are there already, {} would be rejected",
        counts.adopted, config.db.url, counts.present, rejected
    );
    if plaintexts > 0 {
        let took = time_to_hash(adoption.hashes, threads, plaintexts).await?;
        let _ = writeln!(
            text,
            "would hash {plaintexts} passwords that are stored in the clear, which takes about {}",
            timestamp::rough(took)
        );
    }
    if rejected > 0 {
        let _ = writeln!(text, "the rejected rows are in {}", rejects.display());
    }
    let _ = writeln!(text, "nothing was changed");
    Ok((text, rejected > 0))
}

/// How long `count` hashes take on all threads, from a few of them.
async fn time_to_hash(pool: &HashPool, threads: usize, count: u64) -> Result<Duration, Failure> {
    let failed = Failure::because("hashing could not be timed");
    let jobs = 2 * u32::try_from(threads).unwrap_or(u32::MAX).min(64);
    let begun = Instant::now();
    let mut running = Vec::new();
    for _ in 0..jobs {
        let password = Password::parse("a password of usual length")
            .map_err(Failure::because("hashing could not be timed"))?;
        running.push(Box::pin(pool.hash(password)));
    }
    for result in futures_util::future::join_all(running).await {
        result.map_err(&failed)?;
    }
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Ok((begun.elapsed() / jobs).saturating_mul(count))
}

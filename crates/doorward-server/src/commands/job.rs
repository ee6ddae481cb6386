//! `doorward job …`: changes of many users at once.

use std::{
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use doorward::{
    authenticator::Authenticator,
    caller::Caller,
    clock::Timestamp,
    job::{Job, JobDeed, JobId, JobState, Selection},
    role::Role,
};

use super::{accounts, operated, print, progress::Progress, terminal, timestamp::rfc3339};
use crate::{
    cli::{JobCommand, JobStartArgs, StateArg},
    config::Config,
    failure::Failure,
};

/// Jobs in the list.
const MAX_LIST: u32 = 100;

/// Does what was asked.
///
/// # Errors
/// [`Failure`] with the exit code for it.
pub async fn run(command: &JobCommand, config: &Config) -> Result<ExitCode, Failure> {
    let database = operated::open_current(config).await?;
    let authenticator = accounts::authenticator(config, &database).await?;
    let result = with(command, &authenticator, config).await;
    database.close().await;
    result
}

async fn with(
    command: &JobCommand,
    authenticator: &Authenticator,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let store = authenticator.store();
    let unusable = operated::unusable(config);
    match command {
        JobCommand::Start(arguments) => start(arguments, authenticator, config).await,
        JobCommand::List => {
            let jobs = store.list_jobs(MAX_LIST).await.map_err(unusable)?;
            if jobs.is_empty() {
                writeln!(io::stderr(), "there are no jobs in {}", config.db.url)?;
                return Ok(ExitCode::SUCCESS);
            }
            let titles = ["ID", "KIND", "STATE", "DONE", "FAILED", "TOTAL", "CREATED"];
            let rows = jobs.iter().map(|job| {
                vec![
                    job.id.to_string(),
                    job.deed.kind().to_owned(),
                    job.state.as_str().to_owned(),
                    job.done.to_string(),
                    job.failed.to_string(),
                    job.total.to_string(),
                    rfc3339(job.created_at),
                ]
            });
            let titles = titles.map(str::to_owned).to_vec();
            let rows: Vec<_> = std::iter::once(titles).chain(rows).collect();
            print(&terminal::columns(&rows))
        }
        JobCommand::Show { id } => print(&described(&find(authenticator, *id, config).await?)),
        JobCommand::Cancel { id } => {
            let job = find(authenticator, *id, config).await?;
            let stopped = authenticator.cancel_job(job.id, &Caller::operator()).await;
            if stopped.map_err(unusable)? {
                print(&format!("stopped job {id}; what was done stays done\n"))
            } else {
                print(&format!("nothing to do: job {id} has ended\n"))
            }
        }
    }
}

async fn find(authenticator: &Authenticator, id: i64, config: &Config) -> Result<Job, Failure> {
    let job = authenticator.store().find_job(JobId::new(id)).await;
    job.map_err(operated::unusable(config))?.ok_or_else(|| {
        Failure::new(format!("there is no job {id} in {}", config.db.url))
            .fix("`doorward job list` lists the newest")
    })
}

async fn start(
    arguments: &JobStartArgs,
    authenticator: &Authenticator,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let role = arguments
        .to
        .map(|role| Role::parse_assignable(role.as_str()))
        .transpose()
        .map_err(Failure::because("there is no such role"))?;
    let deed = JobDeed::parse(arguments.kind.as_str(), role).ok_or_else(|| {
        Failure::new("set-role takes --to ROLE, and the other kinds do not").usage()
    })?;
    let selection = selection(arguments);
    if !selection.selects() {
        return Err(Failure::new("which users is not said, or cannot be")
            .fix("add --role, --state, --search or --created-since, or up to 1000 --ids")
            .usage());
    }
    let unusable = operated::unusable(config);
    let store = authenticator.store();
    if arguments.dry_run {
        let count = store.count_selected(&selection).await.map_err(unusable)?;
        let kind = deed.kind();
        return print(&format!(
            "would {kind} {count} users in {}; nothing was changed\n",
            config.db.url
        ));
    }
    let id = authenticator
        .start_job(&deed, &selection, &Caller::operator())
        .await
        .map_err(&unusable)?;
    let job = worked_on(id, authenticator, config).await?;
    print(&described(&job))?;
    Ok(if job.failed > 0 || job.state == JobState::Cancelled {
        ExitCode::from(3)
    } else {
        ExitCode::SUCCESS
    })
}

fn selection(arguments: &JobStartArgs) -> Selection {
    let filter = &arguments.filter;
    match &arguments.ids {
        Some(ids) => Selection::Ids(ids.iter().copied().collect()),
        None => Selection::Filter {
            role: filter.role.clone(),
            disabled: filter.state.map(|state| state == StateArg::Disabled),
            search: filter.search.clone(),
            created_since_ms: filter.created_since.map(Timestamp::as_millis),
        },
    }
}

/// Works until the job has ended; a server, or an older job, may be first.
async fn worked_on(
    id: JobId,
    authenticator: &Authenticator,
    config: &Config,
) -> Result<Job, Failure> {
    let mut progress = Progress::new("users");
    loop {
        let worked = authenticator
            .work_on_a_job(|job| progress.tell(job.done + job.failed))
            .await
            .map_err(operated::unusable(config))?;
        let job = find(authenticator, id.get(), config).await?;
        if job.state != JobState::Running {
            progress.end();
            return Ok(job);
        }
        if !worked {
            progress.tell(job.done + job.failed);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn described(job: &Job) -> String {
    let rows = [
        ("job", job.id.to_string()),
        ("kind", job.deed.kind().to_owned()),
        ("state", job.state.as_str().to_owned()),
        ("users", job.total.to_string()),
        ("done", job.done.to_string()),
        ("failed", job.failed.to_string()),
    ];
    let rejects = job
        .rejects
        .iter()
        .map(|reject| format!("not done to user {}: {}\n", reject.user_id, reject.reason));
    terminal::columns(&rows.map(|(title, value)| vec![title.to_owned(), value]))
        + &rejects.collect::<String>()
}

//! Whether this machine carries what the configuration promises.

use std::{fs, time::Duration};

use super::report::Report;
use crate::{
    commands::hash::{hash_threads, median_of_three},
    config::Config,
};

/// OWASP Password Storage Cheat Sheet: a hash should take less than a second.
const TOO_SLOW: Duration = Duration::from_secs(1);

/// The database, the log, the listener and what else is open besides clients' connections.
const OTHER_FILES: u64 = 64;

pub(super) fn hash_cost(config: &Config, report: &mut Report) {
    const SUBJECT: &str = "hash cost";
    match median_of_three(config) {
        Ok(time) if time < TOO_SLOW => {
            let threads = hash_threads(config);
            let ms = time.as_millis();
            report.ok(SUBJECT, format!("{ms} ms for a login, {threads} at once"));
        }
        Ok(time) => report.warning(
            SUBJECT,
            format!("a login takes {} ms of hashing", time.as_millis()),
            "`doorward hash --calibrate` recommends settings for this machine",
        ),
        Err(failure) => {
            report.problem(SUBJECT, failure.to_string(), "doorward hash --calibrate");
        }
    }
}

pub(super) fn open_files(config: &Config, report: &mut Report) {
    const SUBJECT: &str = "open files";
    // Linux tells it here; elsewhere there is no way without unsafe code.
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(limit) = soft_limit(&limits) else {
        return;
    };
    let connections = u64::try_from(config.http.max_connections).unwrap_or(u64::MAX);
    let needed = connections
        .saturating_add(u64::from(config.db.max_connections))
        .saturating_add(OTHER_FILES);
    if limit >= needed {
        report.ok(SUBJECT, format!("{limit} may be open, {needed} are enough"));
    } else {
        report.warning(
            SUBJECT,
            format!("{limit} may be open, and http.max_connections ({connections}) needs {needed}"),
            format!("ulimit -n {needed}, or LimitNOFILE={needed} in the systemd unit, or lower http.max_connections"),
        );
    }
}

/// The soft limit in the text of `/proc/self/limits`.
fn soft_limit(limits: &str) -> Option<u64> {
    let rest = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    match rest.split_whitespace().next()? {
        "unlimited" => Some(u64::MAX),
        number => number.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read_from_the_kernels_table() {
        let table = "Limit                     Soft Limit           Hard Limit           Units\n\
                     Max processes             15503                15503                processes\n\
                     Max open files            1024                 524288               files\n";
        assert_eq!(soft_limit(table), Some(1024));
        assert_eq!(
            soft_limit(&table.replace("1024 ", "unlimited ")),
            Some(u64::MAX)
        );
        assert_eq!(soft_limit(""), None);
    }
}

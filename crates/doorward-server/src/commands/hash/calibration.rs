//! Measuring hashes on this machine, to choose their cost.

use std::{fmt::Write as _, time::Duration};

use doorward::password::{Argon2idParams, HashPoolConfig, measure};

use crate::{commands::terminal, config::Config, failure::Failure, hashing};

/// Memory in KiB and passes, from the least that may be configured (OWASP Password Storage Cheat Sheet) to RFC 9106's
/// second recommendation with one pass more. Each fits the automatic memory budget of one thread.
const CANDIDATES: [(u32, u32); 6] = [
    (19_456, 2),
    (47_104, 1),
    (32_768, 3),
    (65_536, 2),
    (65_536, 3),
    (65_536, 4),
];

/// A login waits about this long for its hash: unnoticed by a person, and ten logins a second for each core.
const COMFORTABLE: Duration = Duration::from_millis(100);

struct Measured {
    params: Argon2idParams,
    time: Duration,
}

impl Measured {
    /// KiB written, which is what an attacker pays too.
    fn cost(&self) -> u64 {
        u64::from(self.params.memory_kib()) * u64::from(self.params.iterations())
    }
}

/// The measurements as a table, and the lines for `doorward.toml` that they recommend.
///
/// # Errors
/// [`Failure`] when there is not enough memory, or the configured parameters do not fit.
pub(super) fn report(config: &Config) -> Result<String, Failure> {
    let threads = hash_threads(config);
    let configured = hashing::argon2id_params(config)?;
    let mut measured = vec![measured(configured)?];
    for (memory_kib, iterations) in CANDIDATES {
        let params = Argon2idParams::new(memory_kib, iterations, 1)
            .map_err(Failure::because("the parameters cannot be measured"))?;
        if params != configured {
            measured.push(self::measured(params)?);
        }
    }
    measured.sort_by_key(Measured::cost);
    let titles = [
        "MEMORY",
        "PASSES",
        "LANES",
        "MS/HASH",
        "HASHES/S",
        "MEMORY IN USE",
        "",
    ];
    let mut rows = vec![titles.map(str::to_owned).to_vec()];
    rows.extend(measured.iter().map(|m| row(m, threads, configured)));
    let mut text = terminal::columns(&rows);
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "\nMeasured one at a time, the median of three; hashes/s and memory in use are for {threads} hashing threads, each on a core of its own."
    );
    let best = measured
        .iter()
        .filter(|m| m.time <= COMFORTABLE && m.params.lanes() == 1)
        .max_by_key(|m| m.cost());
    let (params, reason) = best.map_or_else(
        || {
            (
                Argon2idParams::default(),
                "the least that is safe; this machine is slow or busy".to_owned(),
            )
        },
        |m| {
            (
                m.params,
                format!(
                    "the strongest that takes at most {} ms",
                    COMFORTABLE.as_millis()
                ),
            )
        },
    );
    let _ = writeln!(
        text,
        "\nRecommended for doorward.toml: {reason}\n\n[hash]\nmemory_kib = {}\niterations = {}\nlanes = {}",
        params.memory_kib(),
        params.iterations(),
        params.lanes()
    );
    Ok(text)
}

fn row(m: &Measured, threads: usize, configured: Argon2idParams) -> Vec<String> {
    let mib = f64::from(m.params.memory_kib()) / 1024.0;
    #[expect(clippy::cast_precision_loss, reason = "a number of threads is small")]
    let threads = threads as f64;
    let seconds = m.time.as_secs_f64().max(f64::EPSILON);
    vec![
        format!("{mib:.0} MiB"),
        m.params.iterations().to_string(),
        m.params.lanes().to_string(),
        format!("{:.0}", seconds * 1000.0),
        format!("{:.0}", threads / seconds),
        format!("{:.0} MiB", mib * threads),
        if m.params == configured {
            "configured now".to_owned()
        } else {
            String::new()
        },
    ]
}

/// The parameters of new hashes.
///
/// # Errors
/// [`Failure`] when they are too weak or too costly.
fn measured(params: Argon2idParams) -> Result<Measured, Failure> {
    let mut times = Vec::new();
    for _ in 0..3 {
        times.push(measure(&params).map_err(Failure::because("a hash could not be measured"))?);
    }
    times.sort();
    Ok(Measured {
        params,
        time: times.get(1).copied().unwrap_or_default(),
    })
}

/// How long one hash with the configured parameters takes here.
///
/// # Errors
/// [`Failure`] when the parameters do not fit or there is not enough memory.
pub(in crate::commands) fn median_of_three(config: &Config) -> Result<Duration, Failure> {
    measured(hashing::argon2id_params(config)?).map(|measured| measured.time)
}

/// How many threads hash.
pub(in crate::commands) fn hash_threads(config: &Config) -> usize {
    let automatic = || HashPoolConfig::default().threads.get();
    config.hash.threads.unwrap_or_else(automatic)
}

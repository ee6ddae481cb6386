//! Showing how far long work is: a bar on a terminal, a line every five seconds elsewhere.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use doorward::adoption::{Progress, Snapshot};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::commands::timestamp;

/// How often a bar moves.
const BAR: Duration = Duration::from_millis(200);
/// How often a line is written where there is no terminal.
const LINE: Duration = Duration::from_secs(5);
/// Characters of the bar.
const WIDTH: usize = 30;

/// Waits for `work`, and shows on standard error how far it is.
pub(super) async fn shown<T>(progress: &Progress, work: impl Future<Output = T>) -> T {
    let terminal = io::stderr().is_terminal();
    let every = if terminal { BAR } else { LINE };
    let begun = Instant::now();
    let mut ticks = interval_at(begun + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => {
                if terminal {
                    write("\r\u{1b}[K");
                }
                return result;
            }
            _ = ticks.tick() => {
                let line = described(progress.snapshot(), begun.elapsed());
                if terminal {
                    write(&format!("\r{}{line}\u{1b}[K", bar(progress.snapshot())));
                } else {
                    write(&format!("{line}\n"));
                }
            }
        }
    }
}

/// Progress is no reason to fail.
fn write(text: &str) {
    let mut screen = io::stderr().lock();
    let _ = screen.write_all(text.as_bytes());
    let _ = screen.flush();
}

/// How much is done, in thousandths.
fn thousandths(now: Snapshot) -> u64 {
    let total = now.total.max(1);
    (now.read.min(total) * 1000) / total
}

fn bar(now: Snapshot) -> String {
    let filled = usize::try_from(thousandths(now)).unwrap_or_default() * WIDTH / 1000;
    let empty = WIDTH - filled.min(WIDTH);
    format!("[{}{}] ", "#".repeat(filled.min(WIDTH)), ".".repeat(empty))
}

/// `12.5 %, 25000 rows, 50000 rows/s, 3 rejected, 3 seconds left`.
fn described(now: Snapshot, elapsed: Duration) -> String {
    let done = thousandths(now);
    let rate = per_second(now.rows, elapsed);
    let mut parts = vec![
        format!("{}.{} %", done / 10, done % 10),
        format!("{} rows", now.rows),
        format!("{rate} rows/s"),
    ];
    if now.hashed > 0 {
        let rate = per_second(now.hashed * 10, elapsed);
        parts.push(format!(
            "{} hashed ({}.{}/s)",
            now.hashed,
            rate / 10,
            rate % 10
        ));
    }
    if now.rejected > 0 {
        parts.push(format!("{} rejected", now.rejected));
    }
    let read = now.read.saturating_sub(now.begun_at);
    if read > 0 && now.total > now.read {
        let left = elapsed.as_millis() * u128::from(now.total - now.read) / u128::from(read);
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX));
        parts.push(format!("{} left", timestamp::rough(left)));
    }
    parts.join(", ")
}

fn per_second(count: u64, elapsed: Duration) -> u128 {
    u128::from(count) * 1000 / elapsed.as_millis().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_from_what_this_run_has_read() {
        let now = Snapshot {
            rows: 1000,
            rejected: 2,
            hashed: 0,
            read: 600,
            begun_at: 500,
            total: 1000,
        };
        assert_eq!(
            described(now, Duration::from_secs(2)),
            "60.0 %, 1000 rows, 500 rows/s, 2 rejected, 8 seconds left"
        );
        assert_eq!(bar(now), format!("[{}{}] ", "#".repeat(18), ".".repeat(12)));
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        assert_eq!(
            described(Snapshot::default(), Duration::ZERO),
            "0.0 %, 0 rows, 0 rows/s"
        );
    }
}

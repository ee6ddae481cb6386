//! A timer that is cheap to move later, as every request does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Instant, Sleep, sleep_until};

/// Wakes the task at a deadline. Moving the deadline later costs nothing: the
/// timer goes off at the old time, finds that it is early and sets itself anew.
#[derive(Debug, Default)]
pub(crate) struct Deadline {
    // Made at the first wait, so that a connection that never waits has none.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Ready at or after `at`.
    pub(crate) fn poll(&mut self, at: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if at < sleep.deadline() {
            sleep.as_mut().reset(at);
        }
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= at {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn it_can_be_moved_both_ways() {
        let start = Instant::now();
        let mut deadline = Deadline::default();
        for (at, reached) in [(10, false), (60, false), (20, true), (40, true)] {
            let at = start + Duration::from_secs(at);
            let first = std::future::poll_fn(|cx| Poll::Ready(deadline.poll(at, cx))).await;
            assert!(first.is_pending());
            if reached {
                std::future::poll_fn(|cx| deadline.poll(at, cx)).await;
                assert!(Instant::now() >= at);
                assert!(Instant::now() < at + Duration::from_secs(1));
            }
        }
    }
}

//! When to stop.

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Ctrl-C and SIGTERM, noticed from the moment this is made: whoever has been told that the server listens may stop it.
#[derive(Debug)]
pub struct Shutdown {
    #[cfg(unix)]
    signals: Option<(Signal, Signal)>,
}

impl Shutdown {
    /// Begins to listen for signals.
    #[must_use]
    pub fn listen() -> Self {
        Self {
            #[cfg(unix)]
            signals: signal(SignalKind::interrupt())
                .ok()
                .zip(signal(SignalKind::terminate()).ok()),
        }
    }

    /// Ends at the first signal. A second one, while requests are drained, ends the process at once.
    pub async fn asked(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            std::process::exit(130);
        });
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some((interrupt, terminate)) = &mut self.signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the signal's default ends the process; there is nothing to wait for.
            std::future::pending::<()>().await;
        }
    }
}

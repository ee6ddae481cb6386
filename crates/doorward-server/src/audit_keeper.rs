//! What a running server does for its audit trail: it seals new events, deletes old ones and tells the log how far the
//! chain is.

use std::time::Duration;

use doorward::{
    authenticator::Authenticator,
    store::{SealReach, StoreError},
};

/// How often new events are sealed.
const SEALING: Duration = Duration::from_secs(1);
/// How often old events are deleted, and the log is told of the end of the chain: in sealings.
const HOUR: u32 = 3_600;

/// Keeps the trail until it is dropped. Events stay for `retention`.
pub async fn keep(authenticator: &Authenticator, retention: Duration) {
    let mut every = tokio::time::interval(SEALING);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut number: u32 = 0;
    let mut has_failed = false;
    loop {
        every.tick().await;
        let result = if number == 0 {
            hourly(authenticator, retention).await
        } else {
            let newest = authenticator.store().seal_audit_events(SealReach::Newest);
            newest.await.map(drop)
        };
        match result {
            Ok(()) => {
                number = (number + 1) % HOUR;
                has_failed = false;
            }
            // Once for a database that is away, not once a second.
            Err(error) if !has_failed => {
                tracing::warn!(target: "doorward::audit", %error, "the audit trail could not be sealed; it is tried again");
                has_failed = true;
            }
            Err(_) => {}
        }
    }
}

async fn hourly(authenticator: &Authenticator, retention: Duration) -> Result<(), StoreError> {
    let store = authenticator.store();
    store.seal_audit_events(SealReach::All).await?;
    while store
        .purge_audit_events(authenticator.now(), retention)
        .await?
        > 0
    {}
    seal_and_tell(authenticator).await
}

/// Seals all events and tells the log of the end of the chain: whoever keeps the log elsewhere can later prove that the
/// trail was not cut.
///
/// # Errors
/// [`StoreError`].
pub async fn seal_and_tell(authenticator: &Authenticator) -> Result<(), StoreError> {
    let store = authenticator.store();
    store.seal_audit_events(SealReach::All).await?;
    let head = store.audit_head().await?;
    tracing::info!(target: "doorward::audit", event = "audit_head", seq = head.seq, hash = head.hash_text());
    Ok(())
}

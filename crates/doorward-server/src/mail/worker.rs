//! The task that works off the queue of letters.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use doorward::{
    audit::{Event, EventKind},
    authenticator::Authenticator,
    caller::Caller,
    clock::Timestamp,
    letter::{DueLetter, LetterKind},
    store::StoreError,
};

use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::{LetterOutcome, LetterTally, Mailer};

/// How often the queue is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How many looks at the queue it is counted after.
const COUNT_EVERY: u64 = 5;
/// How long a node has for the letter that it took; past it, another takes it. The mailer's patience twice.
const LEASE: Duration = Duration::from_mins(2);
/// The first wait after a failure; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_mins(30);
/// A letter that could not be sent for so long is given up.
const GIVE_UP_AFTER: Duration = Duration::from_hours(24);
/// How long the letter that is being sent may take once the server stops.
const STOPPING: Duration = Duration::from_secs(10);
/// How long the queue remembers what it sent.
const REMEMBERED: Duration = Duration::from_hours(7 * 24);

/// The task that sends letters.
#[derive(Debug)]
pub struct Mailing {
    stopping: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Mailing {
    /// Sends letters as they come, until [`Self::stop`]. A letter is sent once, unless the node is killed between the mail
    /// server's "yes" and the note that it was sent.
    #[must_use]
    pub fn start(
        authenticator: Arc<Authenticator>,
        mailer: Mailer,
        tally: Arc<LetterTally>,
    ) -> Self {
        let stopping = Arc::new(AtomicBool::new(false));
        let sending = send_letters(authenticator, mailer, tally, stopping.clone());
        let task = tokio::spawn(sending);
        Self { stopping, task }
    }

    /// Finishes the letter that is being sent, for a while at most.
    pub async fn stop(mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if tokio::time::timeout(STOPPING, &mut self.task)
            .await
            .is_err()
        {
            self.task.abort();
        }
    }
}

async fn send_letters(
    authenticator: Arc<Authenticator>,
    mailer: Mailer,
    tally: Arc<LetterTally>,
    stopping: Arc<AtomicBool>,
) {
    let mut every = tokio::time::interval(EVERY);
    let mut ticks: u64 = 0;
    while !stopping.load(Ordering::Relaxed) {
        every.tick().await;
        if let Err(error) = work_off(&authenticator, &mailer, &tally, &stopping).await {
            tracing::warn!(%error, "the queue of letters could not be worked off");
        }
        if ticks.is_multiple_of(COUNT_EVERY)
            && let Ok(waiting) = authenticator.store().count_waiting_letters().await
        {
            tally.note_waiting(waiting);
        }
        if ticks.is_multiple_of(3600) {
            purge(&authenticator).await;
        }
        ticks += 1;
    }
}

async fn work_off(
    authenticator: &Authenticator,
    mailer: &Mailer,
    tally: &LetterTally,
    stopping: &AtomicBool,
) -> Result<(), StoreError> {
    while !stopping.load(Ordering::Relaxed) {
        let lease = authenticator.new_lease()?;
        let now = authenticator.now();
        let store = authenticator.store();
        let Some(letter) = store.lease_letters(1, lease, LEASE, now).await?.pop() else {
            break;
        };
        let outcome = send(authenticator, mailer, &letter).await?;
        tally.attempts.count(outcome);
    }
    Ok(())
}

async fn send(
    authenticator: &Authenticator,
    mailer: &Mailer,
    letter: &DueLetter,
) -> Result<LetterOutcome, StoreError> {
    let store = authenticator.store();
    let now = authenticator.now();
    let Some(user) = store.find_user_by_id(letter.user_id, now).await? else {
        let error = "the user is gone";
        store.letter_failed(letter, None, error).await?;
        return Ok(LetterOutcome::GivenUp);
    };
    let link = match letter.kind {
        LetterKind::ResetPassword | LetterKind::VerifyEmail => {
            if let Some(link) = authenticator.link_of_letter(letter).await? {
                link
            } else {
                let error = "the link is not good any more";
                store.letter_failed(letter, None, error).await?;
                return Ok(LetterOutcome::GivenUp);
            }
        }
        LetterKind::PasswordChanged | LetterKind::EmailChanged => Zeroizing::default(),
    };
    let number = format!("{}.{}", letter.created_at.as_millis(), letter.id);
    let sent = mailer
        .send(
            &number,
            &letter.recipient,
            letter.kind,
            &user.user.username,
            &link,
        )
        .await;
    let Err(error) = sent else {
        tracing::info!(
            event = "letter_sent",
            letter = letter.id,
            kind = letter.kind.as_str()
        );
        store.letter_sent(letter, authenticator.now()).await?;
        return Ok(LetterOutcome::Sent);
    };
    let next = next_attempt(letter, authenticator.now());
    if next.is_some() {
        tracing::warn!(event = "letter_put_off", letter = letter.id, attempts = letter.attempts, %error);
    } else {
        tracing::error!(event = "letter_given_up", letter = letter.id, attempts = letter.attempts, %error);
        let event = Event::failure(EventKind::MailFailed, &Caller::system());
        let event = event.subject(letter.user_id);
        let event = event.detail("letter", letter.kind.as_str());
        authenticator.audit(event).await;
    }
    store
        .letter_failed(letter, next, &error.to_string())
        .await?;
    Ok(if next.is_some() {
        LetterOutcome::PutOff
    } else {
        LetterOutcome::GivenUp
    })
}

/// When to try again: after 1, 2, 4, … seconds, at most half an hour, for a day.
fn next_attempt(letter: &DueLetter, now: Timestamp) -> Option<Timestamp> {
    let exponent = letter.attempts.saturating_sub(1).min(16);
    let wait = FIRST_WAIT.saturating_mul(1 << exponent).min(LONGEST_WAIT);
    let next = now.after(wait);
    (next.since(letter.created_at) <= GIVE_UP_AFTER).then_some(next)
}

async fn purge(authenticator: &Authenticator) {
    let store = authenticator.store();
    let now = authenticator.now();
    let remembered = i64::try_from(REMEMBERED.as_millis()).unwrap_or(i64::MAX);
    let before = Timestamp::from_millis(now.as_millis().saturating_sub(remembered));
    let letters = store.purge_letters(before).await;
    let links = store.purge_links(now).await;
    for error in [letters.err(), links.err()].into_iter().flatten() {
        tracing::warn!(%error, "old letters and links could not be deleted");
    }
}

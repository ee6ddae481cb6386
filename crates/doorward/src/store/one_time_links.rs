//! The table `one_time_links`: links to set a new password or to prove an address.

use super::{
    AsStoreError, PasswordSetting, Sql, Store, StoreError, Transaction, rights::ReachError,
};
use crate::{
    audit::Event,
    authority::{Authority, Overreach},
    clock::Timestamp,
    email::EmailAddress,
    letter::LetterKind,
    one_time_link::{LinkId, LinkPurpose},
    user::UserId,
};

/// One row for an account and purpose: the newest link replaces the one before (RC-02).
const SET: Sql = Sql::each(
    "INSERT INTO one_time_links (user_id, purpose, id, token_sha256, password_changed_at_ms, epoch, email, expires_at_ms) \
     SELECT user_id, ?, ?, ?, password_changed_at_ms, epoch, NULLIF(?, ''), ? FROM accounts WHERE user_id = ? \
     ON CONFLICT (user_id, purpose) DO UPDATE SET id = excluded.id, token_sha256 = excluded.token_sha256, \
     password_changed_at_ms = excluded.password_changed_at_ms, epoch = excluded.epoch, email = excluded.email, expires_at_ms = excluded.expires_at_ms",
    "INSERT INTO one_time_links (user_id, purpose, id, token_sha256, password_changed_at_ms, epoch, email, expires_at_ms) \
     SELECT user_id, ?, ?, ?, password_changed_at_ms, epoch, NULLIF(?, ''), ? FROM accounts WHERE user_id = ? \
     ON DUPLICATE KEY UPDATE id = VALUES(id), token_sha256 = VALUES(token_sha256), \
     password_changed_at_ms = VALUES(password_changed_at_ms), epoch = VALUES(epoch), email = VALUES(email), expires_at_ms = VALUES(expires_at_ms)",
);
const FIND: Sql = Sql::both(
    "SELECT user_id, email FROM one_time_links WHERE token_sha256 = ? AND purpose = ? AND expires_at_ms > ?",
);
const FIND_BY_ID: Sql = Sql::both(
    "SELECT user_id, email FROM one_time_links WHERE user_id = ? AND purpose = ? AND id = ? AND token_sha256 = ? AND expires_at_ms > ?",
);
/// The row count of this statement decides who used the link first (RC-03). The account must be as it was when the link
/// was made; for a new password that goes for its rights too, which may have grown beyond those of whoever handed the link
/// over (AZ-07).
const TAKE: Sql = Sql::both(
    "DELETE FROM one_time_links WHERE user_id = ? AND purpose = ? AND token_sha256 = ? AND expires_at_ms > ? \
     AND password_changed_at_ms = (SELECT a.password_changed_at_ms FROM accounts a WHERE a.user_id = one_time_links.user_id) \
     AND (purpose <> 'reset_password' OR epoch = (SELECT a.epoch FROM accounts a WHERE a.user_id = one_time_links.user_id))",
);
const DROP: Sql = Sql::both("DELETE FROM one_time_links WHERE user_id = ?");
const PURGE: Sql = Sql::each(
    "DELETE FROM one_time_links WHERE (user_id, purpose) IN (SELECT user_id, purpose FROM one_time_links WHERE expires_at_ms < ? LIMIT 500)",
    "DELETE FROM one_time_links WHERE expires_at_ms < ? LIMIT 500",
);

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("one_time_links.SET", SET),
    ("one_time_links.FIND", FIND),
    ("one_time_links.FIND_BY_ID", FIND_BY_ID),
    ("one_time_links.TAKE", TAKE),
    ("one_time_links.DROP", DROP),
    ("one_time_links.PURGE", PURGE),
];

/// Why a link did nothing.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The link is unknown, used, replaced by a newer one, for something else, too old, or of an account that has changed.
    #[error("This link is not valid any more")]
    InvalidLink,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AsStoreError for LinkError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::InvalidLink => None,
            Self::Store(error) => Some(error),
        }
    }
}

/// Why no link was made for somebody to hand over.
#[derive(Debug, thiserror::Error)]
pub enum HandOverError {
    /// There is no such user.
    #[error("there is no such user")]
    NoUser,
    /// The user may do what whoever asks may not (AZ-07).
    #[error(transparent)]
    Overreach(Overreach),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReachError> for HandOverError {
    fn from(error: ReachError) -> Self {
        match error {
            ReachError::NoUser => Self::NoUser,
            ReachError::Overreach(error) => Self::Overreach(error),
            ReachError::Store(error) => Self::Store(error),
        }
    }
}

impl AsStoreError for HandOverError {
    fn as_store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

/// A link to be made.
#[derive(Debug)]
pub struct NewLink<'a> {
    /// Whose.
    pub user: UserId,
    /// What for.
    pub purpose: LinkPurpose,
    /// Its number.
    pub id: LinkId,
    /// The SHA-256 of its token.
    pub token_sha256: [u8; 32],
    /// Where it is sent; `None` when somebody hands it over.
    pub email: Option<&'a EmailAddress>,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// What a link that is good says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundLink {
    /// Whose it is.
    pub user_id: UserId,
    /// Where it was sent.
    pub email: Option<EmailAddress>,
}

impl FoundLink {
    fn of((user_id, email): (i64, Option<String>)) -> Result<Self, StoreError> {
        let email = email.map(|text| EmailAddress::parse(&text)).transpose();
        Ok(Self {
            user_id: UserId::new(user_id),
            email: email.map_err(|_| StoreError::Corrupt {
                table: "one_time_links",
                column: "email",
            })?,
        })
    }
}

impl Store {
    /// Makes a link, the letter that carries it, and the line in the trail: all or nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_link(
        &self,
        link: &NewLink<'_>,
        letter: LetterKind,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                self.set_link_in(&mut tx, link, Some(letter), now).await?;
                self.record(&mut tx, event, now).await?;
                tx.commit().await
            })
            .await
    }

    /// Makes a link to set a new password for who hands it over, and the line in the trail. The user may do no more than they
    /// may: when the link is used, it is for the rights that were compared here, or void (AZ-08).
    ///
    /// # Errors
    /// [`HandOverError`]; then there is no link.
    pub async fn hand_over_link(
        &self,
        link: &NewLink<'_>,
        authority: &Authority,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), HandOverError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                // First: it holds the account as it is, and the link to its epoch.
                self.set_link_in(&mut tx, link, None, now).await?;
                self.require_reach_in(&mut tx, link.user, authority).await?;
                self.record(&mut tx, event, now).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    pub(super) async fn set_link_in(
        &self,
        tx: &mut Transaction,
        link: &NewLink<'_>,
        letter: Option<LetterKind>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [
            link.purpose.as_str().into(),
            link.id.as_bytes().into(),
            (&link.token_sha256).into(),
            link.email.map_or("", EmailAddress::as_str).into(),
            link.expires_at.into(),
            link.user.get().into(),
        ];
        tx.execute(SET, &args).await?;
        if let (Some(kind), Some(email)) = (letter, link.email) {
            self.enqueue_letter(tx, link.user, email.as_str(), kind, Some(link.id), now)
                .await?;
        }
        Ok(())
    }

    /// The link whose token has this SHA-256, if it is good for `purpose` now. (Using it decides again.)
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_link(
        &self,
        token_sha256: &[u8; 32],
        purpose: LinkPurpose,
        now: Timestamp,
    ) -> Result<Option<FoundLink>, StoreError> {
        let args = [token_sha256.into(), purpose.as_str().into(), now.into()];
        let row = self.database().fetch_optional(FIND, &args).await?;
        row.map(FoundLink::of).transpose()
    }

    /// Whether the link of a letter is still the newest of its account, and good.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn is_newest_link(
        &self,
        user: UserId,
        purpose: LinkPurpose,
        id: LinkId,
        token_sha256: &[u8; 32],
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let args = [
            user.get().into(),
            purpose.as_str().into(),
            id.as_bytes().into(),
            token_sha256.into(),
            now.into(),
        ];
        let row: Option<(i64, Option<String>)> =
            self.database().fetch_optional(FIND_BY_ID, &args).await?;
        Ok(row.is_some())
    }

    /// Uses a link up and sets the password, with all that a new password brings with it: all or nothing. The first proof of an address that nobody had proved is
    /// written down too.
    ///
    /// # Errors
    /// [`LinkError`].
    pub async fn use_reset_link(
        &self,
        token_sha256: &[u8; 32],
        link: &FoundLink,
        new: &PasswordSetting<'_>,
        now: Timestamp,
    ) -> Result<(), LinkError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let purpose = LinkPurpose::ResetPassword;
                self.take(&mut tx, token_sha256, link, purpose, now).await?;
                if let Some(email) = &link.email
                    && !self.is_address_of(&mut tx, link.user_id, email).await?
                {
                    return Err(LinkError::InvalidLink);
                }
                if let Some(email) = &link.email {
                    self.prove_own_address(&mut tx, link.user_id, email, now)
                        .await?;
                }
                self.set_password_in(&mut tx, link.user_id, new, now)
                    .await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    /// Uses a link up and gives its address to its account, both or neither.
    ///
    /// # Errors
    /// [`LinkError::InvalidLink`] also when another account has proved the address meanwhile.
    pub async fn use_verification_link(
        &self,
        token_sha256: &[u8; 32],
        link: &FoundLink,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), LinkError> {
        let Some(email) = &link.email else {
            return Err(LinkError::InvalidLink);
        };
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let purpose = LinkPurpose::VerifyEmail;
                self.take(&mut tx, token_sha256, link, purpose, now).await?;
                match self.give_address(&mut tx, link.user_id, email, now).await {
                    Err(StoreError::AlreadyExists) => return Err(LinkError::InvalidLink),
                    other => other?,
                }
                self.record(&mut tx, event, now).await?;
                Ok(tx.commit().await?)
            })
            .await
    }

    async fn take(
        &self,
        tx: &mut Transaction,
        token_sha256: &[u8; 32],
        link: &FoundLink,
        purpose: LinkPurpose,
        now: Timestamp,
    ) -> Result<(), LinkError> {
        let args = [
            link.user_id.get().into(),
            purpose.as_str().into(),
            token_sha256.into(),
            now.into(),
        ];
        match tx.execute(TAKE, &args).await?.rows_affected {
            1 => Ok(()),
            _ => Err(LinkError::InvalidLink),
        }
    }

    /// No link of an account survives a new password.
    pub(super) async fn drop_links_in(
        &self,
        tx: &mut Transaction,
        user: UserId,
    ) -> Result<(), StoreError> {
        tx.execute(DROP, &[user.get().into()]).await.map(drop)
    }

    /// Deletes up to 500 links that were good until before `before`. Returns how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn purge_links(&self, before: Timestamp) -> Result<u64, StoreError> {
        let outcome = self.database().execute(PURGE, &[before.into()]).await?;
        Ok(outcome.rows_affected)
    }
}

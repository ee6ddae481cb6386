//! The columns of `accounts` about e-mail addresses, and the change of a password, of which its owner is told.

use super::{EndSessions, Sql, Store, StoreError, Transaction, one_time_links::NewLink};
use crate::{
    audit::Event,
    clock::Timestamp,
    email::EmailAddress,
    letter::LetterKind,
    one_time_link::{LinkId, LinkKey, LinkPurpose},
    password::PasswordHash,
    role::Role,
    user::{User, UserId},
    username::Username,
};

const FIND: Sql = Sql::both(
    "SELECT email, email_verified_at_ms FROM accounts WHERE user_id = ? AND email IS NOT NULL",
);
const HOLDERS: Sql = Sql::both(
    "SELECT user_id FROM accounts WHERE email_key = ? ORDER BY CASE WHEN verified_email_key IS NULL THEN 1 ELSE 0 END, user_id LIMIT 3",
);
const IS_PROVED: Sql = Sql::both("SELECT user_id FROM accounts WHERE verified_email_key = ?");
/// An address that nobody has proved yet. A proved one stays until the new one is proved.
const NOTE: Sql = Sql::both(
    "UPDATE accounts SET email = ?, email_key = ? WHERE user_id = ? AND verified_email_key IS NULL",
);
const GIVE: Sql = Sql::both(
    "UPDATE accounts SET email = ?, email_key = ?, email_verified_at_ms = ?, verified_email_key = ? WHERE user_id = ?",
);
const HAS: Sql = Sql::both("SELECT user_id FROM accounts WHERE user_id = ? AND email_key = ?");

pub(super) const STATEMENTS: &[(&str, Sql)] = &[
    ("emails.FIND", FIND),
    ("emails.HOLDERS", HOLDERS),
    ("emails.IS_PROVED", IS_PROVED),
    ("emails.NOTE", NOTE),
    ("emails.GIVE", GIVE),
    ("emails.HAS", HAS),
];

/// The address of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEmail {
    /// The address.
    pub address: EmailAddress,
    /// Since when it is proved that its letters are read.
    pub verified_at: Option<Timestamp>,
}

/// An address that is to be noted.
#[derive(Debug)]
pub struct EmailProof<'a> {
    /// The address.
    pub email: &'a EmailAddress,
    /// The link that proves it, where letters are sent.
    pub link: Option<ProofLink<'a>>,
}

/// A password that is set, by its owner or by somebody for them.
#[derive(Debug)]
pub struct PasswordSetting<'a> {
    /// Its hash.
    pub hash: &'a PasswordHash,
    /// What becomes of the sessions. Access tokens from before are void in any case.
    pub sessions: EndSessions,
    /// Whether the owner is told by letter (RC-05).
    pub tells: bool,
    /// For the audit trail.
    pub event: &'a Event,
}

/// What the link that proves an address is made of; its user may not have a number yet.
#[derive(Debug)]
pub struct ProofLink<'a> {
    /// What its token is made with.
    pub key: &'a LinkKey,
    /// Its number.
    pub id: LinkId,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

type EmailRow = (String, Option<i64>);

fn account_email((email, verified): EmailRow) -> Result<AccountEmail, StoreError> {
    Ok(AccountEmail {
        address: EmailAddress::parse(&email).map_err(|_| StoreError::Corrupt {
            table: "accounts",
            column: "email",
        })?,
        verified_at: verified.map(Timestamp::from_millis),
    })
}

impl Store {
    /// The address of an account, if it has one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn find_email(&self, user: UserId) -> Result<Option<AccountEmail>, StoreError> {
        let row: Option<EmailRow> = self
            .database()
            .fetch_optional(FIND, &[user.get().into()])
            .await?;
        row.map(account_email).transpose()
    }

    /// The account that has proved this address, or else up to three that have given it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn holders_of_email(&self, email: &EmailAddress) -> Result<Vec<UserId>, StoreError> {
        let key = [email.key().as_bytes().into()];
        let proved: Option<(i64,)> = self.database().fetch_optional(IS_PROVED, &key).await?;
        let rows = match proved {
            Some(row) => vec![row],
            None => self.database().fetch_all(HOLDERS, &key).await?,
        };
        Ok(rows.into_iter().map(|(id,)| UserId::new(id)).collect())
    }

    /// Adds a user, notes the address that comes with it and records `event` about the new user: all or nothing. See
    /// [`Store::add_user`].
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`] when the name is taken.
    pub async fn add_user_with_email(
        &self,
        name: &Username,
        password: &PasswordHash,
        role: &Role,
        proof: Option<&EmailProof<'_>>,
        event: &Event,
        now: Timestamp,
    ) -> Result<User, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let user = self.insert_user(&mut tx, name, password, role, now).await?;
                if let Some(proof) = proof {
                    self.note_email_in(&mut tx, user.id, proof, now).await?;
                }
                let event = event.clone().subject(user.id);
                self.record(&mut tx, &event, now).await?;
                tx.commit().await?;
                Ok(user)
            })
            .await
    }

    /// Notes the address that an account is to have, with the link that proves it and its letter. `told` gets a letter
    /// too. All or nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn note_email(
        &self,
        user: UserId,
        proof: &EmailProof<'_>,
        told: Option<&EmailAddress>,
        event: &Event,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                self.note_email_in(&mut tx, user, proof, now).await?;
                self.record(&mut tx, event, now).await?;
                if let Some(told) = told {
                    let kind = LetterKind::EmailChanged;
                    self.enqueue_letter(&mut tx, user, told.as_str(), kind, None, now)
                        .await?;
                }
                tx.commit().await
            })
            .await
    }

    async fn note_email_in(
        &self,
        tx: &mut Transaction,
        user: UserId,
        proof: &EmailProof<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let EmailProof { email, link } = proof;
        let args = [
            email.as_str().into(),
            email.key().as_bytes().into(),
            user.get().into(),
        ];
        tx.execute(NOTE, &args).await?;
        let Some(link) = link else { return Ok(()) };
        let purpose = LinkPurpose::VerifyEmail;
        let link = NewLink {
            user,
            purpose,
            id: link.id,
            token_sha256: link.key.token(purpose, user, link.id).sha256(),
            email: Some(email),
            expires_at: link.expires_at,
        };
        self.set_link_in(tx, &link, Some(LetterKind::VerifyEmail), now)
            .await
    }

    /// Gives an address to an account as proved.
    pub(super) async fn give_address(
        &self,
        tx: &mut Transaction,
        user: UserId,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = email.key().as_bytes();
        let args = [
            email.as_str().into(),
            key.into(),
            now.into(),
            key.into(),
            user.get().into(),
        ];
        tx.execute(GIVE, &args).await.map(drop)
    }

    /// Whether an account has this address now.
    pub(super) async fn is_address_of(
        &self,
        tx: &mut Transaction,
        user: UserId,
        email: &EmailAddress,
    ) -> Result<bool, StoreError> {
        let args = [user.get().into(), email.key().as_bytes().into()];
        Ok(tx.fetch_optional::<(i64,)>(HAS, &args).await?.is_some())
    }

    /// Whoever used a link that was sent to the account's own address has proved it. When another account has proved the
    /// same address before, it stays that account's.
    pub(super) async fn prove_own_address(
        &self,
        tx: &mut Transaction,
        user: UserId,
        email: &EmailAddress,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        match self.give_address(tx, user, email, now).await {
            Err(StoreError::AlreadyExists) => Ok(()),
            other => other,
        }
    }

    /// Sets a password if the stored one is still `verified`, with all that a new password brings with it: all or nothing.
    /// Returns whether it was still that.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change_password(
        &self,
        user: UserId,
        verified: &str,
        new: &PasswordSetting<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.database()
            .retry(|| async {
                let mut tx = self.database().begin().await?;
                let args = [new.hash.as_str().into(), user.get().into(), verified.into()];
                let outcome = tx.execute(self.users.replace_hash.clone(), &args).await?;
                if outcome.rows_affected != 1 {
                    return Ok(false);
                }
                self.after_a_new_password(&mut tx, user, new, now).await?;
                tx.commit().await?;
                Ok(true)
            })
            .await
    }

    /// Sets a password within a transaction.
    pub(super) async fn set_password_in(
        &self,
        tx: &mut Transaction,
        user: UserId,
        new: &PasswordSetting<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [new.hash.as_str().into(), user.get().into()];
        tx.execute(self.users.set_password.clone(), &args).await?;
        self.after_a_new_password(tx, user, new, now).await
    }

    /// What a new password brings with it: its time, no links and tokens from before, a letter, and its line in the trail.
    async fn after_a_new_password(
        &self,
        tx: &mut Transaction,
        user: UserId,
        new: &PasswordSetting<'_>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let args = [now.into(), user.get().into()];
        tx.execute(self.users.touch_password.clone(), &args).await?;
        self.drop_links_in(tx, user).await?;
        let row: Option<EmailRow> = tx.fetch_optional(FIND, &[user.get().into()]).await?;
        if let Some(row) = row.filter(|_| new.tells) {
            let told = account_email(row)?.address;
            let kind = LetterKind::PasswordChanged;
            self.enqueue_letter(tx, user, told.as_str(), kind, None, now)
                .await?;
        }
        self.record(tx, new.event, now).await?;
        self.raise_epoch(tx, user, new.sessions, now)
            .await
            .map(drop)
    }
}

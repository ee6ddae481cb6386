//! Visitors of applications behind a reverse proxy: who they are, and what they bring.

use super::{Authenticator, LoggedIn, SessionError};
use crate::{
    permission::PermissionSet,
    principal::Principal,
    role::Role,
    store::StoreError,
    ticket::Tickets,
    token::{AccessToken, InvalidReason, TokenError},
};

/// Who wants to pass a proxy, and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visitor {
    /// The user's name; of a program, its user's.
    pub username: String,
    /// The roles of a user, the one in the users table first; of a program none.
    pub roles: Vec<Role>,
    /// What the visitor may do.
    pub permissions: PermissionSet,
    /// The user's address, if it is proved and the credential says it.
    pub email: Option<String>,
}

impl Authenticator {
    /// Lets browsers carry tickets.
    #[must_use]
    pub fn with_tickets(mut self, tickets: Tickets) -> Self {
        self.tickets = Some(tickets);
        self
    }

    /// A ticket for a session that has just begun or gone on; `None` where there are none.
    ///
    /// # Errors
    /// [`SessionError::Outdated`] when the user is gone.
    pub async fn issue_ticket(
        &self,
        logged_in: &LoggedIn,
    ) -> Result<Option<AccessToken>, SessionError> {
        let Some(tickets) = &self.tickets else {
            return Ok(None);
        };
        let now = self.now();
        let store = &self.parts.store;
        let user = store.find_user_by_id(logged_in.user, now).await?;
        let user = user.map(|stored| stored.user);
        let user = user.filter(|user| user.disabled_at.is_none());
        let user = user.ok_or(SessionError::Outdated)?;
        let rights = store.rights_of(&user).await?;
        let email = store.find_email(user.id).await?;
        let email = email.filter(|email| email.verified_at.is_some());
        let email = email.as_ref().map(|email| &email.address);
        let random = self.parts.random.as_ref();
        Ok(Some(tickets.issue(
            &user,
            &rights,
            email,
            logged_in.session,
            random,
            now,
        )?))
    }

    /// Who brings a ticket, if nobody has revoked it. No query.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn visitor_with_ticket(&self, ticket: &str) -> Result<Visitor, TokenError> {
        let tickets = self.tickets.as_ref();
        let tickets = tickets.ok_or(InvalidReason::Signature)?;
        let ticket = tickets.read(ticket, self.now())?;
        if self
            .revocations
            .refuse(ticket.user_id, Some(ticket.session), ticket.epoch)
        {
            return Err(TokenError::Revoked);
        }
        Ok(Visitor {
            username: ticket.username,
            roles: ticket.roles,
            permissions: ticket.permissions,
            email: ticket.email,
        })
    }

    /// Who brings an access token of ours, if nobody has revoked it. No query: the token says what its user may do, and is
    /// void when that changes.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn visitor_with_token(&self, token: &str) -> Result<Visitor, TokenError> {
        let principal = self.verify_token(token)?;
        let rights = self.parts.tokens.rights_in(token, self.now())?;
        let roles = rights.roles_beside(&principal.role).cloned().collect();
        Ok(Visitor {
            username: principal.username,
            roles,
            permissions: rights.permissions,
            email: None,
        })
    }

    /// The same of whoever brings something else: an API key, or another application's token. Asks the database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn visitor_with(&self, principal: &Principal) -> Result<Visitor, StoreError> {
        let permissions = self.permissions_of(principal).await?;
        let mut roles = Vec::new();
        if principal.key.is_none() {
            roles.push(principal.role.clone());
            let others = self.parts.store.roles_of(principal.user_id).await?;
            roles.extend(others.into_iter().filter(|role| *role != principal.role));
        }
        Ok(Visitor {
            username: principal.username.clone(),
            roles,
            permissions,
            email: None,
        })
    }
}

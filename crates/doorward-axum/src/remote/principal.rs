use doorward::{
    access::AccessTokens, api_key::ApiKeyId, clock::Timestamp, permission::Rights,
    principal::Principal, session::SessionId, token::TokenError, user::UserId,
};

/// Who presents a token, and what they may do, as the token says: the rights of the moment when it was issued. A change of
/// rights makes the token void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemotePrincipal {
    /// Who.
    pub holder: Holder,
    /// The roles, and what they or the API key's scope allow.
    pub rights: Rights,
}

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A user's.
    User(Principal),
    /// A program's, that got it for an API key.
    Program {
        /// The key.
        key: ApiKeyId,
        /// Whose key it is.
        owner: UserId,
    },
}

impl RemotePrincipal {
    /// Whether a permission is allowed, by its name or by `noun:*`.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.rights.permissions.allows(permission)
    }

    /// Whether a role was given; a program has none.
    #[must_use]
    pub fn has_role(&self, name: &str) -> bool {
        self.rights.roles.iter().any(|role| role.as_str() == name)
    }
}

/// A good token, and what a revocation would name.
pub(super) struct Presented {
    pub(super) principal: RemotePrincipal,
    pub(super) user: UserId,
    pub(super) session: Option<SessionId>,
    pub(super) epoch: i64,
}

impl Presented {
    /// Reads a token of a user, or of a program.
    pub(super) fn read(
        tokens: &AccessTokens,
        token: &str,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let of_user = match tokens.verify(token, now) {
            Ok(claimed) => claimed,
            Err(TokenError::Invalid(_)) => return Self::of_program(tokens, token, now),
            Err(error) => return Err(error),
        };
        Ok(Self {
            user: of_user.principal.user_id,
            session: of_user.principal.session,
            epoch: of_user.epoch,
            principal: RemotePrincipal {
                rights: tokens.rights_in(token, now)?,
                holder: Holder::User(of_user.principal),
            },
        })
    }

    fn of_program(tokens: &AccessTokens, token: &str, now: Timestamp) -> Result<Self, TokenError> {
        let claimed = tokens.verify_for_key(token, now)?;
        Ok(Self {
            user: claimed.user,
            session: Some(claimed.key.as_session()),
            epoch: claimed.epoch,
            principal: RemotePrincipal {
                holder: Holder::Program {
                    key: claimed.key,
                    owner: claimed.user,
                },
                rights: Rights {
                    roles: Vec::new(),
                    permissions: claimed.scope,
                },
            },
        })
    }
}

//! What roles allow, in single permissions.

use std::{collections::BTreeSet, fmt};

use crate::role::Role;

/// The name of a permission: `noun:verb`, such as `users:read`. `noun:*` stands for every verb of the noun.
///
/// An application may define its own; those that the server itself asks for are constants here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission(String);

impl Permission {
    /// Read accounts.
    pub const USERS_READ: &str = "users:read";
    /// Change accounts.
    pub const USERS_WRITE: &str = "users:write";
    /// End sessions of others.
    pub const SESSIONS_REVOKE: &str = "sessions:revoke";
    /// Read the audit trail.
    pub const AUDIT_READ: &str = "audit:read";
    /// Define roles and give them to users.
    pub const ROLES_WRITE: &str = "roles:write";
    /// See and revoke the API keys of others.
    pub const KEYS_WRITE: &str = "keys:write";
    /// Ask whether a token counts, and what it says.
    pub const TOKENS_INTROSPECT: &str = "tokens:introspect";
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 64;
    /// Those that the server itself asks for.
    pub const OF_THE_SERVER: [&str; 7] = [
        Self::USERS_READ,
        Self::USERS_WRITE,
        Self::SESSIONS_REVOKE,
        Self::AUDIT_READ,
        Self::ROLES_WRITE,
        Self::KEYS_WRITE,
        Self::TOKENS_INTROSPECT,
    ];

    /// A permission by its name: `[a-z0-9_.-]+:[a-z0-9_.-]+` or `[a-z0-9_.-]+:*`. All of it may stand in a `scope` (RFC 6749
    /// §3.3).
    ///
    /// # Errors
    /// [`InvalidPermission`].
    pub fn parse(name: &str) -> Result<Self, InvalidPermission> {
        let is_word = |word: &str| {
            !word.is_empty()
                && word
                    .bytes()
                    .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-'))
        };
        name.split_once(':')
            .filter(|(noun, verb)| is_word(noun) && (*verb == "*" || is_word(verb)))
            .filter(|_| name.len() <= Self::MAX_LEN)
            .map(|_| Self(name.to_owned()))
            .ok_or(InvalidPermission)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not the name of a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "A permission is 'noun:verb' or 'noun:*' of lower-case letters, digits, '_', '.' and '-', at most 64 characters"
)]
pub struct InvalidPermission;

/// What somebody may do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PermissionSet {
    everything: bool,
    named: BTreeSet<Permission>,
}

impl PermissionSet {
    /// The most permissions of one role, so that what says them stays small.
    pub const MAX_OF_A_ROLE: usize = 64;
    /// The longest `scope` of a token, in bytes: a token must fit into a request's head.
    pub const MAX_CLAIM: usize = 2_000;

    /// Every permission there is and will be: what administrators have.
    #[must_use]
    pub fn everything() -> Self {
        Self {
            everything: true,
            named: BTreeSet::new(),
        }
    }

    /// Whether these are all that there are.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Whether nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.everything && self.named.is_empty()
    }

    /// Whether `name` is allowed, by itself or by `noun:*`.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        let covers = |held: &Permission| {
            let whole_noun = held.0.strip_suffix('*');
            held.0 == name || whole_noun.is_some_and(|noun| name.starts_with(noun))
        };
        self.everything || self.named.iter().any(covers)
    }

    /// The first permission of `others` that is not allowed here (AZ-07).
    #[must_use]
    pub fn first_missing<'o>(&self, others: &'o Self) -> Option<&'o str> {
        if self.everything {
            return None;
        }
        if others.everything {
            return Some("*");
        }
        let missing = |other: &&Permission| !self.allows(&other.0);
        others.named.iter().find(missing).map(Permission::as_str)
    }

    /// What is allowed by both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        match (self.everything, other.everything) {
            (true, _) => other.clone(),
            (_, true) => self.clone(),
            _ => Self {
                everything: false,
                named: self
                    .named
                    .iter()
                    .filter(|name| other.allows(&name.0))
                    .chain(other.named.iter().filter(|name| self.allows(&name.0)))
                    .cloned()
                    .collect(),
            },
        }
    }

    /// The permissions by name; none for [`Self::everything`].
    pub fn iter(&self) -> impl Iterator<Item = &Permission> {
        self.named.iter()
    }

    /// As one text, with a space between two (RFC 6749 §3.3).
    #[must_use]
    pub fn scope(&self) -> String {
        let names: Vec<&str> = self.named.iter().map(Permission::as_str).collect();
        names.join(" ")
    }

    /// What a token says of it in `scope` (RFC 8693 §4.2): nothing when it is empty, or longer than
    /// [`Self::MAX_CLAIM`]. Of everything it names what the server itself asks for; what an application adds cannot be
    /// listed, and the role `admin` says it.
    #[must_use]
    pub fn claim(&self) -> Option<String> {
        let text = if self.everything {
            Permission::OF_THE_SERVER.join(" ")
        } else {
            self.scope()
        };
        (1..=Self::MAX_CLAIM).contains(&text.len()).then_some(text)
    }

    /// What [`Self::scope`] wrote.
    ///
    /// # Errors
    /// [`InvalidPermission`].
    pub fn from_scope(text: &str) -> Result<Self, InvalidPermission> {
        let named = text.split(' ').filter(|name| !name.is_empty());
        Ok(Self {
            everything: false,
            named: named.map(Permission::parse).collect::<Result<_, _>>()?,
        })
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(names: I) -> Self {
        Self {
            everything: false,
            named: names.into_iter().collect(),
        }
    }
}

/// What a user may do, and by which roles beside the one in the users table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rights {
    /// The additional roles, by name.
    pub roles: Vec<Role>,
    /// What all roles of the user allow together.
    pub permissions: PermissionSet,
}

impl Rights {
    /// All roles: first the one in the users table.
    pub fn roles_beside<'r>(&'r self, primary: &'r Role) -> impl Iterator<Item = &'r Role> {
        let others = self.roles.iter().filter(move |role| *role != primary);
        std::iter::once(primary).chain(others)
    }
}

#[cfg(test)]
mod tests;

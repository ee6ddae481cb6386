//! What roles allow, in single permissions.

use std::{collections::BTreeSet, fmt};

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
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 64;

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

#[cfg(test)]
mod tests {
    use super::*;

    fn set(text: &str) -> PermissionSet {
        PermissionSet::from_scope(text).unwrap()
    }

    #[test]
    fn a_permission_is_a_noun_and_a_verb() {
        for good in ["users:read", "a:b", "shop.orders:re-fund_1", "users:*"] {
            assert!(Permission::parse(good).is_ok(), "{good}");
        }
        let long = format!("a:{}", "b".repeat(63));
        for bad in [
            "",
            "users",
            ":",
            "users:",
            ":read",
            "*:read",
            "*",
            "*:*",
            "Users:read",
            "a:b:c",
            "a:b c",
            "a:b*",
            "a:\u{e9}",
            &long,
        ] {
            assert_eq!(Permission::parse(bad), Err(InvalidPermission), "{bad}");
        }
    }

    #[test]
    fn a_noun_with_a_star_allows_its_verbs_and_no_other_noun() {
        let held = set("users:* audit:read");
        for name in ["users:read", "users:*", "audit:read"] {
            assert!(held.allows(name), "{name}");
        }
        for name in ["usersx:read", "users", "audit:*", "audit:write"] {
            assert!(!held.allows(name), "{name}");
        }
    }

    #[test]
    fn nobody_has_more_than_both_allow() {
        let some = set("users:* audit:read");
        assert_eq!(
            some.intersection(&set("users:read roles:write")),
            set("users:read")
        );
        assert_eq!(some.intersection(&PermissionSet::everything()), some);
        assert_eq!(PermissionSet::everything().intersection(&some), some);
        assert!(some.intersection(&PermissionSet::default()).is_empty());
    }

    #[test]
    fn what_is_missing_is_named() {
        let held = set("users:read");
        assert_eq!(held.first_missing(&set("users:read")), None);
        assert_eq!(held.first_missing(&set("users:*")), Some("users:*"));
        assert_eq!(held.first_missing(&PermissionSet::everything()), Some("*"));
        assert_eq!(PermissionSet::everything().first_missing(&held), None);
    }
}

//! What an account may do.

use std::fmt;

/// The name of a role, as stored in `users.role` and carried in a token's `role` claim.
///
/// 1 to 20 characters (the lecture's `VARCHAR(20)`), no white space, no control characters. Compared exactly:
/// `Admin` is not `admin` (lecture, program 10: `!= 'admin'`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Role(String);

impl Role {
    /// The role that may administer users.
    pub const ADMIN: &str = "admin";
    /// The role of everybody else.
    pub const USER: &str = "user";
    /// The longest name, in characters.
    pub const MAX_CHARS: usize = 20;

    /// The role `admin`.
    #[must_use]
    pub fn admin() -> Self {
        Self(Self::ADMIN.to_owned())
    }

    /// The role `user`.
    #[must_use]
    pub fn user() -> Self {
        Self(Self::USER.to_owned())
    }

    /// A role by its name, as found in a database or a token.
    ///
    /// # Errors
    /// [`InvalidRole`] when the name is empty, too long, or holds white space or control characters.
    pub fn parse(name: &str) -> Result<Self, InvalidRole> {
        let length = name.chars().count();
        let well_formed = !name.chars().any(|c| c.is_whitespace() || c.is_control());
        if (1..=Self::MAX_CHARS).contains(&length) && well_formed {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidRole)
        }
    }

    /// One of the two roles that a caller can ask for at registration (lecture, program 11).
    ///
    /// # Errors
    /// [`InvalidRole`] for any other name, also in another case.
    pub fn parse_assignable(name: &str) -> Result<Self, InvalidRole> {
        match name {
            Self::ADMIN | Self::USER => Ok(Self(name.to_owned())),
            _ => Err(InvalidRole),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the role `admin`.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.0 == Self::ADMIN
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not the name of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Role must be 'admin' or 'user'")]
pub struct InvalidRole;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_compared_exactly() {
        assert!(Role::parse("admin").unwrap().is_admin());
        assert!(!Role::parse("Admin").unwrap().is_admin());
    }

    #[test]
    fn only_admin_and_user_can_be_asked_for() {
        assert!(Role::parse_assignable("user").is_ok());
        for name in ["", "Admin", "root", "admin "] {
            assert_eq!(Role::parse_assignable(name), Err(InvalidRole), "{name:?}");
        }
    }

    #[test]
    fn a_stored_role_keeps_to_the_column() {
        assert!(Role::parse(&"r".repeat(20)).is_ok());
        assert_eq!(Role::parse(&"r".repeat(21)), Err(InvalidRole));
        assert_eq!(Role::parse("a\nb"), Err(InvalidRole));
    }
}

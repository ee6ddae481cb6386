//! What a visitor must be or may do to pass, as the proxy's configuration says it.

use doorward::{authenticator::Visitor, permission::Permission, role::Role};
use percent_encoding::percent_decode_str;

/// `role=editor,admin&permission=wiki:write`: one of the roles, and every permission.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Requirement {
    roles: Vec<Role>,
    permissions: Vec<Permission>,
    /// Browsers get 401 with `Location`, not 302, which nginx takes for a failure.
    pub(super) unauthenticated_is_401: bool,
}

/// Why a text is none. Whoever writes it is the operator, so a mistake must let nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RequirementError {
    /// Another parameter.
    #[error("the parameters are 'role', 'permission' and 'unauthenticated'")]
    Unknown,
    /// A parameter twice: a proxy may have added what its client asked for.
    #[error("a parameter is there twice; separate values by ','")]
    Twice,
    /// No name of a role.
    #[error("'role' has a value that is no role")]
    Role,
    /// No name of a permission.
    #[error("'permission' has a value that is no permission")]
    Permission,
    /// Another value.
    #[error("'unauthenticated' takes 401 alone")]
    Unauthenticated,
}

impl Requirement {
    /// Reads a query string, or a segment of a path in the same form, in which `any` is nothing.
    pub(super) fn parse(text: &str) -> Result<Self, RequirementError> {
        let mut seen = Vec::new();
        let mut requirement = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(RequirementError::Unknown)?;
            if seen.contains(&name) {
                return Err(RequirementError::Twice);
            }
            seen.push(name);
            let value = percent_decode_str(value).decode_utf8_lossy();
            let values = value.split(',');
            match name {
                "role" => {
                    let roles = values.map(Role::parse).collect::<Result<_, _>>();
                    requirement.roles = roles.map_err(|_| RequirementError::Role)?;
                }
                "permission" => {
                    let permissions = values.map(Permission::parse).collect::<Result<_, _>>();
                    requirement.permissions =
                        permissions.map_err(|_| RequirementError::Permission)?;
                }
                "unauthenticated" if value == "401" => requirement.unauthenticated_is_401 = true,
                "unauthenticated" => return Err(RequirementError::Unauthenticated),
                _ => return Err(RequirementError::Unknown),
            }
        }
        Ok(requirement)
    }

    /// The first thing that a visitor lacks.
    pub(super) fn missing_of(&self, visitor: &Visitor) -> Option<Missing<'_>> {
        let has_role = |role| visitor.roles.contains(role);
        if !self.roles.is_empty() && !self.roles.iter().any(has_role) {
            return Some(Missing::Role);
        }
        self.permissions
            .iter()
            .find(|permission| !visitor.permissions.allows(permission.as_str()))
            .map(Missing::Permission)
    }
}

/// What a visitor lacks.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing<'r> {
    /// All roles that would do.
    Role,
    /// This permission.
    Permission(&'r Permission),
}

#[cfg(test)]
mod tests {
    use doorward::permission::PermissionSet;

    use super::*;

    fn visitor(roles: &[&str], scope: &str) -> Visitor {
        Visitor {
            username: "una".into(),
            roles: roles
                .iter()
                .map(|role| Role::parse(role).unwrap())
                .collect(),
            permissions: PermissionSet::from_scope(scope).unwrap(),
            email: None,
        }
    }

    fn passes(requirement: &str, roles: &[&str], scope: &str) -> bool {
        let requirement = Requirement::parse(requirement).unwrap();
        requirement.missing_of(&visitor(roles, scope)).is_none()
    }

    #[test]
    fn one_of_the_roles_and_every_permission_is_needed() {
        assert!(passes("", &["user"], ""));
        assert!(passes("role=user", &["user"], ""));
        assert!(passes("role=admin,editor", &["user", "editor"], ""));
        assert!(!passes("role=admin,editor", &["user"], "x:y"));
        assert!(passes("permission=x:y", &[], "x:*"));
        assert!(passes("permission=x%3Ay%2Cx:z", &[], "x:y x:z"));
        assert!(!passes("permission=x:y,x:z", &["admin"], "x:y"));
        assert!(!passes("role=user&permission=x:y", &["user"], ""));
    }

    #[test]
    fn a_mistake_is_no_requirement_and_lets_nobody_in() {
        for (text, error) in [
            ("rolle=admin", RequirementError::Unknown),
            ("role", RequirementError::Unknown),
            ("role=admin&role=user", RequirementError::Twice),
            ("role=", RequirementError::Role),
            ("role=admin,", RequirementError::Role),
            ("permission=users", RequirementError::Permission),
            ("permission=", RequirementError::Permission),
            ("unauthenticated=302", RequirementError::Unauthenticated),
        ] {
            assert_eq!(Requirement::parse(text), Err(error), "{text}");
        }
    }
}

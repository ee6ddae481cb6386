//! In whose name something is changed, and what they may do: nobody grants, takes or acts on more than they hold (AZ-07).

use crate::{caller::Caller, permission::PermissionSet};

/// Who changes something, with all that they may do. What they change it for is compared with that in the transaction of
/// the change (AZ-08).
#[derive(Debug, Clone)]
pub struct Authority {
    caller: Caller,
    held: PermissionSet,
}

/// Why somebody's authority is not enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Overreach {
    /// What shall be given is not theirs.
    #[error("Nobody grants what they do not hold: '{0}'")]
    Granted(String),
    /// What shall be taken from others is not theirs.
    #[error("Nobody takes what they do not hold: '{0}'")]
    Taken(String),
    /// The user may do what they may not.
    #[error("The user may do what you may not: '{0}'")]
    Reached(String),
}

impl Authority {
    /// Somebody who may do what `held` says.
    #[must_use]
    pub fn new(caller: Caller, held: PermissionSet) -> Self {
        Self { caller, held }
    }

    /// Somebody who may do everything.
    #[must_use]
    pub fn everything(caller: Caller) -> Self {
        Self::new(caller, PermissionSet::everything())
    }

    /// The command line: whoever can write the database may do everything.
    #[must_use]
    pub fn operator() -> Self {
        Self::everything(Caller::operator())
    }

    /// Who, for the audit trail.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// Whether nothing is beyond them.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.held.is_everything()
    }

    /// Refuses to give somebody these permissions.
    ///
    /// # Errors
    /// [`Overreach::Granted`] with the first that is not held.
    pub fn require_to_grant(&self, permissions: &PermissionSet) -> Result<(), Overreach> {
        self.require(permissions, Overreach::Granted)
    }

    /// Refuses to take these permissions from somebody.
    ///
    /// # Errors
    /// [`Overreach::Taken`] with the first that is not held.
    pub fn require_to_take(&self, permissions: &PermissionSet) -> Result<(), Overreach> {
        self.require(permissions, Overreach::Taken)
    }

    /// Refuses to act on somebody who may do this: a new password, for example, would let them in as that user.
    ///
    /// # Errors
    /// [`Overreach::Reached`] with the first that is not held.
    pub fn require_reach(&self, rights: &PermissionSet) -> Result<(), Overreach> {
        self.require(rights, Overreach::Reached)
    }

    fn require(
        &self,
        permissions: &PermissionSet,
        refusal: fn(String) -> Overreach,
    ) -> Result<(), Overreach> {
        self.held
            .first_missing(permissions)
            .map_or(Ok(()), |missing| Err(refusal(missing.to_owned())))
    }
}

//! What the audit trail hears of whoever wanted to give, take or reach more than they hold (AZ-07; ASVS 16.3.2).

use super::{
    AdministrationError, ApiKeyError, Authenticator, MakeLinkError, RegistrationError, RoleError,
};
use crate::{
    audit::{Event, EventKind},
    authority::{Authority, Overreach},
    store::ChangeUserError,
    user::UserId,
};

/// An error that may be a refusal for want of authority.
pub(super) trait MayOverreach {
    /// Which, if it is one.
    fn overreach(&self) -> Option<&Overreach>;
}

macro_rules! may_overreach {
    ($($error:ident),+) => {
        $(impl MayOverreach for $error {
            fn overreach(&self) -> Option<&Overreach> {
                match self {
                    Self::Overreach(overreach) => Some(overreach),
                    _ => None,
                }
            }
        })+
    };
}

may_overreach!(
    AdministrationError,
    ApiKeyError,
    ChangeUserError,
    MakeLinkError,
    RegistrationError,
    RoleError
);

impl Authenticator {
    /// Records it when `done` was refused for want of authority. `subject` is who it was about.
    pub(super) async fn heed<T, E: MayOverreach>(
        &self,
        done: Result<T, E>,
        authority: &Authority,
        subject: Option<UserId>,
    ) -> Result<T, E> {
        if let Err(error) = &done
            && let Some(overreach) = error.overreach()
        {
            let (refusal, missing) = match overreach {
                Overreach::Granted(missing) => ("granted", missing),
                Overreach::Taken(missing) => ("taken", missing),
                Overreach::Reached(missing) => ("reached", missing),
            };
            let event = Event::denied(EventKind::Forbidden, authority.caller())
                .detail("needs", missing)
                .detail("refusal", refusal);
            let event = match subject {
                Some(user) => event.subject(user),
                None => event,
            };
            // Boxed: it is rare, and whoever calls this is deep.
            Box::pin(self.audit_refusal(event)).await;
        }
        done
    }
}

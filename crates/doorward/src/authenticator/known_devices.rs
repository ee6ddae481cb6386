//! Devices that have logged in before, and how a client stands with the throttle.

use std::net::IpAddr;

use super::{Authenticator, login::network_of};
use crate::{
    audit::{Event, EventKind},
    caller::{Caller, Client},
    principal::Principal,
    random::RandomError,
    store::StoreError,
    throttle::{AdmissionError, DeviceToken, KnownDevice, Standing},
    user::UserId,
    username::Username,
};

/// Why there is no token for a device.
#[derive(Debug, thiserror::Error)]
pub enum DeviceTokenError {
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Authenticator {
    /// A token for the device on which a user has just logged in; `None` when the throttle knows no devices. Call it
    /// after the login, which may have replaced the stored hash: the token is bound to it.
    ///
    /// # Errors
    /// [`DeviceTokenError`].
    pub async fn remember_device(
        &self,
        user: UserId,
    ) -> Result<Option<DeviceToken>, DeviceTokenError> {
        let Some(devices) = self.parts.throttle.devices() else {
            return Ok(None);
        };
        let now = self.now();
        let Some(stored) = self.parts.store.find_user_by_id(user, now).await? else {
            return Ok(None);
        };
        Ok(Some(devices.issue(
            &stored,
            self.parts.random.as_ref(),
            now,
        )?))
    }

    pub(super) async fn known_device(
        &self,
        name: Option<&Username>,
        token: Option<&DeviceToken>,
    ) -> Result<Option<KnownDevice>, StoreError> {
        let (Some(devices), Some(name), Some(token)) = (self.parts.throttle.devices(), name, token)
        else {
            return Ok(None);
        };
        let now = self.now();
        let stored = self.parts.store.find_user(name, now).await?;
        Ok(stored.and_then(|stored| devices.recognise(token, &stored, now)))
    }

    /// How much is left before a name has to wait at an address, whether the name exists or not; `None` when nobody
    /// waits (the demo).
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn login_standing(
        &self,
        username: &str,
        address: IpAddr,
    ) -> Result<Option<Standing>, StoreError> {
        let name = Username::parse(username).ok();
        let key = name
            .as_ref()
            .map_or(username.as_bytes(), |name| name.key().as_bytes());
        self.parts
            .throttle
            .standing(key, address.into(), self.now())
            .await
    }

    /// Counts a registration from a client's network, unless an administrator asks for it.
    ///
    /// # Errors
    /// [`AdmissionError::Throttled`] when there were too many.
    pub async fn admit_registration(
        &self,
        principal: Option<&Principal>,
        client: &Client,
    ) -> Result<(), AdmissionError> {
        if self.is_administrator(principal).await? {
            return Ok(());
        }
        let throttle = &self.parts.throttle;
        let admitted = throttle
            .spend_registration(network_of(client), self.now())
            .await;
        if matches!(admitted, Err(AdmissionError::Throttled(_))) {
            let caller = Caller::anonymous(client.clone());
            let event = Event::denied(EventKind::RegistrationThrottled, &caller);
            self.audit_refusal(event).await;
        }
        admitted
    }
}

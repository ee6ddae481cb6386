//! Claims that somebody else's code reads from an access token of ours.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::{AccessTokens, Claimed, Presented};
use crate::{
    clock::Timestamp,
    token::{InvalidReason, TokenError},
};

impl AccessTokens {
    /// The claims of `token` as `C`, and who presents it, if it names somebody in our form: a program of the lecture makes tokens
    /// that don't. The token is verified once.
    ///
    /// # Errors
    /// [`TokenError`], also for claims that are no `C`; not for a token that names nobody.
    pub fn verify_claims<C: DeserializeOwned>(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(Option<Claimed>, C), TokenError> {
        let claims: Box<RawValue> = self.keys().verifier.verify(token, now.as_millis())?;
        let claimed = serde_json::from_str::<Presented>(claims.get())
            .ok()
            .and_then(|presented| presented.claimed().ok());
        let own = serde_json::from_str(claims.get());
        Ok((claimed, own.map_err(|_| InvalidReason::ClaimsForm)?))
    }
}

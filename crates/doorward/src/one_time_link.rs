//! Links that work once: to set a new password, to prove an e-mail address.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    random::{self, Random, RandomError},
    secret::Secret,
    user::UserId,
};

/// What a link is for. A link is good for its own purpose alone (CVE-2026-110862).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Setting a new password without the old one.
    ResetPassword,
    /// Proving that letters to an address are read.
    VerifyEmail,
}

impl LinkPurpose {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ResetPassword, Self::VerifyEmail];

    /// As the database has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
            Self::VerifyEmail => "verify_email",
        }
    }
}

/// A link's number: 128 random bits, no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkId([u8; 16]);

impl LinkId {
    /// A fresh one.
    ///
    /// # Errors
    /// [`RandomError`].
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        random::bytes(random).map(Self)
    }

    /// As the database has it.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// As the database has it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The key that makes tokens of links, so that the queue of letters holds none: who sends a letter makes its token again.
pub struct LinkKey(Zeroizing<[u8; 32]>);

impl LinkKey {
    /// The key of a server with this secret. The label keeps it apart from the other keys of the same secret.
    #[must_use]
    pub fn derive(secret: &Secret) -> Self {
        Self(Zeroizing::new(hmac(
            secret.expose(),
            &[b"doorward one-time links v1"],
        )))
    }

    /// The token of a link: HMAC-SHA-256 over its purpose, user and id, which are all of fixed length but the first.
    #[must_use]
    pub fn token(&self, purpose: LinkPurpose, user: UserId, id: LinkId) -> LinkToken {
        let bytes = Zeroizing::new(hmac(
            self.0.as_slice(),
            &[
                purpose.as_str().as_bytes(),
                b"\0",
                &user.get().to_be_bytes(),
                id.as_bytes(),
            ],
        ));
        LinkToken(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
    }
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey(redacted)")
    }
}

/// The secret of a link: 43 characters. The database holds only its SHA-256 (RC-02).
pub struct LinkToken(Zeroizing<String>);

impl LinkToken {
    /// Takes a token as somebody sent it.
    #[must_use]
    pub fn presented(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text for the link.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the database knows of it.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_made_again_from_the_same_and_from_nothing_else() {
        let key = LinkKey::derive(&Secret::from_text("a".repeat(64)));
        let other_key = LinkKey::derive(&Secret::from_text("b".repeat(64)));
        let (user, id) = (UserId::new(1), LinkId::from_bytes([7; 16]));
        let token = key.token(LinkPurpose::ResetPassword, user, id);
        assert_eq!(token.expose().len(), 43);
        let again = key.token(LinkPurpose::ResetPassword, user, id);
        assert_eq!(token.sha256(), again.sha256());
        for other in [
            other_key.token(LinkPurpose::ResetPassword, user, id),
            key.token(LinkPurpose::VerifyEmail, user, id),
            key.token(LinkPurpose::ResetPassword, UserId::new(2), id),
            key.token(
                LinkPurpose::ResetPassword,
                user,
                LinkId::from_bytes([8; 16]),
            ),
        ] {
            assert_ne!(token.sha256(), other.sha256());
        }
    }

    #[test]
    fn a_token_is_the_hmac_that_its_documentation_says() {
        // Python: key = hmac(b"a" * 64, b"doorward one-time links v1"); hmac(key, b"reset_password\0" + (1).to_bytes(8) + b"\7" * 16)
        let key = LinkKey::derive(&Secret::from_text("a".repeat(64)));
        let id = LinkId::from_bytes([7; 16]);
        let token = key.token(LinkPurpose::ResetPassword, UserId::new(1), id);
        assert_eq!(
            token.expose(),
            "O2RZYBGPdBkCbm04WezfnMjHPlYN81-u9kQXsgWgUTE"
        );
        // What somebody sends is known again by its hash.
        let presented = LinkToken::presented(token.expose().to_owned());
        assert_eq!(presented.sha256(), token.sha256());
        let other = LinkToken::presented("another".to_owned());
        assert_ne!(other.sha256(), token.sha256());
        assert_eq!(other.sha256()[..4], [0xae, 0x44, 0x8a, 0xc8]);
    }

    #[test]
    fn links_have_numbers_of_their_own_and_show_no_secret() {
        let first = LinkId::generate(&random::OsRandom).unwrap();
        let second = LinkId::generate(&random::OsRandom).unwrap();
        assert_ne!(first.as_bytes(), second.as_bytes());
        assert_eq!(LinkId::from_bytes(*first.as_bytes()), first);
        let key = LinkKey::derive(&Secret::from_text("a".repeat(64)));
        let token = key.token(LinkPurpose::VerifyEmail, UserId::new(1), first);
        assert_eq!(
            format!("{key:?} {token:?}"),
            "LinkKey(redacted) LinkToken(redacted)"
        );
        let names = LinkPurpose::ALL.map(LinkPurpose::as_str);
        assert_eq!(names, ["reset_password", "verify_email"]);
    }
}

//! Extra claims of access tokens: which claim repeats which fact of the account.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Claims that the server sets itself (RFC 7519 section 4.1 and the lecture's
/// own): a mapping must not replace them.
const OWN_CLAIMS: [&str; 11] = [
    "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "user_id", "username", "role",
];

/// Why a mapping of claims is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ClaimError {
    /// A fact that is not one of the three.
    #[error("maps `{0}` to something other than username, user_id or role")]
    UnknownSource(String),
    /// A claim the server sets itself.
    #[error("maps `{0}`, a claim that the server sets itself")]
    OwnClaim(String),
    /// A name that is empty, too long or has other than ASCII letters, digits and `_ - . : /`.
    #[error("has a claim name that is not 1 to 64 of: letters, digits, _ - . : /")]
    Name,
    /// An item that is not `claim=source`.
    #[error("must be written claim=source, several separated by commas")]
    Pair,
    /// One claim mapped twice.
    #[error("maps `{0}` twice")]
    Twice(String),
}

/// The fact of the account that an extra claim carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimSource {
    /// The user name, a string. `user = "username"` gives lecture program 6's claim.
    Username,
    /// The account's id, a number.
    UserId,
    /// The role, a string.
    Role,
}

impl ClaimSource {
    /// The name used in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::UserId => "user_id",
            Self::Role => "role",
        }
    }
}

impl FromStr for ClaimSource {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        [Self::Username, Self::UserId, Self::Role]
            .into_iter()
            .find(|source| source.as_str() == text.trim())
            .ok_or_else(|| ClaimError::UnknownSource(text.trim().to_owned()))
    }
}

impl fmt::Display for ClaimSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Claim name to fact, sorted by name.
pub type ExtraClaims = BTreeMap<String, ClaimSource>;

/// Reads `user=username,uid=user_id`.
///
/// # Errors
/// [`ClaimError`] says which item breaks which rule.
pub(crate) fn parse_pairs(text: &str) -> Result<ExtraClaims, ClaimError> {
    let pairs = text
        .split([',', '\n'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
        .map(|item| item.split_once('=').ok_or(ClaimError::Pair))
        .collect::<Result<Vec<_>, _>>()?;
    from_pairs(pairs)
}

/// Checks and collects pairs of claim and source.
///
/// # Errors
/// [`ClaimError`] says which pair breaks which rule.
pub(crate) fn from_pairs<'a>(
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<ExtraClaims, ClaimError> {
    let mut claims = ExtraClaims::new();
    for (name, source) in pairs {
        let name = name.trim();
        let valid = (1..=64).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-.:/".contains(&b));
        if !valid {
            return Err(ClaimError::Name);
        }
        if OWN_CLAIMS.contains(&name) {
            return Err(ClaimError::OwnClaim(name.to_owned()));
        }
        if claims.insert(name.to_owned(), source.parse()?).is_some() {
            return Err(ClaimError::Twice(name.to_owned()));
        }
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read() {
        let claims = parse_pairs("user=username, https://a.example/uid = user_id").unwrap();
        assert_eq!(claims.get("user"), Some(&ClaimSource::Username));
        assert_eq!(
            claims.get("https://a.example/uid"),
            Some(&ClaimSource::UserId)
        );
    }

    #[test]
    fn a_claim_of_our_own_is_never_replaced() {
        for name in OWN_CLAIMS {
            let error = parse_pairs(&format!("{name}=role")).unwrap_err();
            assert_eq!(error, ClaimError::OwnClaim(name.to_owned()));
        }
    }

    #[test]
    fn malformed_mappings_are_refused() {
        assert_eq!(parse_pairs("user"), Err(ClaimError::Pair));
        assert_eq!(parse_pairs("=role"), Err(ClaimError::Name));
        assert_eq!(parse_pairs("a b=role"), Err(ClaimError::Name));
        assert_eq!(
            parse_pairs("u=email"),
            Err(ClaimError::UnknownSource("email".into()))
        );
        assert_eq!(
            parse_pairs("u=role,u=username"),
            Err(ClaimError::Twice("u".into()))
        );
    }
}

//! Extra claims of access tokens: which claim repeats which fact of the account, or is a constant.

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
    /// Neither a fact nor a constant.
    #[error(
        "has `{0}` where username, user_id, role, 'text' in single quotes, a whole number, true or false belongs"
    )]
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

/// What an extra claim carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimSource {
    /// The user name, a string. `user = "username"` gives lecture program 6's claim.
    Username,
    /// The account's id, a number.
    UserId,
    /// The role, a string.
    Role,
    /// The same value in every token, for verifiers that ask for it: Flask-JWT-Extended's
    /// `type` is `access`.
    Constant(ClaimConstant),
}

/// A value that does not depend on the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimConstant {
    /// Up to 128 printable ASCII characters without quotes and commas.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// True or false.
    Boolean(bool),
}

impl ClaimSource {
    /// The value as TOML, which reads back the same.
    pub(crate) fn toml(&self) -> String {
        match self {
            Self::Constant(ClaimConstant::Integer(_) | ClaimConstant::Boolean(_)) => {
                self.to_string()
            }
            _ => super::kind::quote(&self.to_string()),
        }
    }
}

impl FromStr for ClaimSource {
    type Err = ClaimError;

    fn from_str(text: &str) -> Result<Self, ClaimError> {
        let text = text.trim();
        let constant = match text {
            "username" => return Ok(Self::Username),
            "user_id" => return Ok(Self::UserId),
            "role" => return Ok(Self::Role),
            "true" => ClaimConstant::Boolean(true),
            "false" => ClaimConstant::Boolean(false),
            _ => {
                let quoted = text
                    .strip_prefix('\'')
                    .and_then(|rest| rest.strip_suffix('\''))
                    .filter(|inner| is_plain(inner));
                match (quoted, text.parse::<i64>()) {
                    (Some(inner), _) => ClaimConstant::Text(inner.to_owned()),
                    (None, Ok(number)) if number.to_string() == text => {
                        ClaimConstant::Integer(number)
                    }
                    _ => return Err(ClaimError::UnknownSource(text.to_owned())),
                }
            }
        };
        Ok(Self::Constant(constant))
    }
}

fn is_plain(text: &str) -> bool {
    let permitted = |byte: u8| matches!(byte, b' '..=b'~') && !b"'\"\\,".contains(&byte);
    text.len() <= 128 && text.bytes().all(permitted)
}

impl fmt::Display for ClaimSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Username => formatter.write_str("username"),
            Self::UserId => formatter.write_str("user_id"),
            Self::Role => formatter.write_str("role"),
            Self::Constant(ClaimConstant::Text(text)) => write!(formatter, "'{text}'"),
            Self::Constant(ClaimConstant::Integer(number)) => number.fmt(formatter),
            Self::Constant(ClaimConstant::Boolean(value)) => value.fmt(formatter),
        }
    }
}

/// Claim name to what it carries, sorted by name.
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
    fn constants_are_texts_in_quotes_numbers_and_truth_values() {
        let claims = parse_pairs("type='access',fresh=false,level=-3,on=true,none=''").unwrap();
        let text = |text: &str| ClaimSource::Constant(ClaimConstant::Text(text.to_owned()));
        assert_eq!(claims["type"], text("access"));
        assert_eq!(claims["none"], text(""));
        assert_eq!(
            claims["fresh"],
            ClaimSource::Constant(ClaimConstant::Boolean(false))
        );
        assert_eq!(
            claims["level"],
            ClaimSource::Constant(ClaimConstant::Integer(-3))
        );
        for wrong in [
            "access",
            "'a",
            "'a'b'",
            "\"access\"",
            "1.5",
            "007",
            "True",
            "'é'",
        ] {
            let error = parse_pairs(&format!("type={wrong}")).unwrap_err();
            assert_eq!(error, ClaimError::UnknownSource(wrong.to_owned()));
        }
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

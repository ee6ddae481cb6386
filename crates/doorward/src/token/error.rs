use thiserror::Error;

/// Why a token is not accepted. The lecture tells callers only apart what has expired and what is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// Signed by us and right in every other respect, but at or past `exp` (RFC 7519 §4.1.4).
    #[error("the token has expired; log in again or refresh it")]
    Expired,
    /// Good in itself, but the session has ended or the user's rights have changed since it was issued.
    #[error("the token counts no more; refresh it or log in again")]
    Revoked,
    /// Anything else.
    #[error("the token is invalid ({0}); log in again")]
    Invalid(#[from] InvalidReason),
}

/// The rule that an invalid token broke, for logs and tests. Answers must not repeat it: it would
/// tell a forger how far the forgery came. It holds nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum InvalidReason {
    /// Longer than [`super::MAX_TOKEN_BYTES`], or than what the verifier allows instead.
    #[error("longer than is looked at")]
    TooLong,
    /// A character outside base64url and the dots: padding, white space, JSON serialisation.
    #[error("a character outside base64url")]
    Characters,
    /// Not three segments, or an empty header or signature.
    #[error("not three segments")]
    Segments,
    /// A segment is not canonical base64url: wrong length or unused bits set (RFC 4648 §3.5).
    #[error("base64url that is not canonical")]
    Encoding,
    /// The header is not one strict JSON object.
    #[error("the header is not a strict JSON object")]
    HeaderJson,
    /// `alg` is missing, not text, or not the algorithm of the key (RFC 8725 §3.1).
    #[error("the algorithm is not the key's")]
    Algorithm,
    /// `typ` is none of the types that are accepted here (RFC 8725 §3.11).
    #[error("the type is not accepted here")]
    Type,
    /// `crit`, `b64` or `zip`, which change how a token is read (RFC 7515 §4.1.11, RFC 7797 §7), or
    /// `jwk`, `jku`, `x5u`, `x5c`, which would let a token bring its own key (RFC 8725 §3.10).
    #[error("a header member that is never accepted")]
    HeaderMember,
    /// `kid` names none of the configured keys.
    #[error("the key is unknown")]
    UnknownKey,
    /// The signature does not match.
    #[error("the signature does not match")]
    Signature,
    /// The claims are not one strict JSON object.
    #[error("the claims are not a strict JSON object")]
    ClaimsJson,
    /// A required claim is missing or empty.
    #[error("a required claim is missing")]
    MissingClaim,
    /// A registered claim has the wrong JSON type or a value out of range.
    #[error("a claim has the wrong type")]
    ClaimType,
    /// `nbf` lies ahead.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `iat` lies ahead.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// `exp` lies further from `iat` than the longest life allowed.
    #[error("the token lives longer than allowed")]
    Lifetime,
    /// `iss` is not the issuer expected.
    #[error("another issuer")]
    Issuer,
    /// `aud` does not name us, or names someone although no audience is configured.
    #[error("another audience")]
    Audience,
    /// Good in itself, but the claims do not fit the type that the caller asked for.
    #[error("the claims do not have the form expected")]
    ClaimsForm,
}

/// Why claims could not be made into a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignError {
    /// The claims serialise to something other than a JSON object, or not at all.
    #[error("the claims are not a JSON object; sign a struct or a map with text keys")]
    NotAnObject,
    /// The cryptographic library refused.
    #[error("the key could not sign; look at the system's memory and randomness")]
    Library,
    /// There is no key to sign with now.
    #[error("there is no active key to sign with; look at `doorward key list`")]
    NoKey,
    /// The token would be longer than any verifier accepts.
    #[error("the token would be longer than 8192 bytes; put fewer claims into it")]
    TooLong,
}

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use serde::Serialize;

use super::error::{InvalidReason, SignError};
use super::key::KeyId;

/// Longest token that is looked at, in bytes; longer ones are refused before any decoding.
pub const MAX_TOKEN_BYTES: usize = 8192;

/// The three segments of a compact JWS (RFC 7515 §7.1), still encoded.
pub(super) struct Compact<'a> {
    /// Header and payload with the dot between: what the signature covers.
    pub(super) signing_input: &'a str,
    pub(super) header: &'a str,
    pub(super) payload: &'a str,
    pub(super) signature: &'a str,
}

impl<'a> Compact<'a> {
    pub(super) fn split(token: &'a str) -> Result<Self, InvalidReason> {
        Self::split_within(MAX_TOKEN_BYTES, token)
    }

    pub(super) fn split_within(max_bytes: usize, token: &'a str) -> Result<Self, InvalidReason> {
        if token.len() > max_bytes {
            return Err(InvalidReason::TooLong);
        }
        let permitted =
            |byte: u8| byte.is_ascii_alphanumeric() | matches!(byte, b'-' | b'_' | b'.');
        // No early exit, so that the compiler looks at many bytes at once.
        if !token.bytes().fold(true, |all, byte| all & permitted(byte)) {
            return Err(InvalidReason::Characters);
        }
        let parts = token
            .rsplit_once('.')
            .and_then(|(signing_input, signature)| {
                let (header, payload) = signing_input.split_once('.')?;
                Some(Self {
                    signing_input,
                    header,
                    payload,
                    signature,
                })
            });
        match parts {
            // An empty payload is a JWS, only never a JWT; the claims check refuses it.
            Some(parts)
                if !parts.header.is_empty()
                    && !parts.signature.is_empty()
                    && !parts.payload.contains('.') =>
            {
                Ok(parts)
            }
            _ => Err(InvalidReason::Segments),
        }
    }
}

/// Strict base64url: no padding, no unused bits, so that one value has one text (RFC 4648 §3.5).
pub(super) fn decode(segment: &str) -> Result<Vec<u8>, InvalidReason> {
    URL_SAFE_NO_PAD
        .decode(segment)
        .map_err(|_| InvalidReason::Encoding)
}

/// The encoded header of what a key signs, its members in `PyJWT`'s order. `algorithm` and `typ` are our own constants and
/// a key id holds nothing to escape, so all are written as they stand.
pub(super) fn header(algorithm: &str, id: Option<&KeyId>, typ: &str) -> String {
    let kid = id.map_or_else(String::new, |id| format!("\"kid\":\"{id}\","));
    URL_SAFE_NO_PAD.encode(format!(
        "{{\"alg\":\"{algorithm}\",{kid}\"typ\":\"{typ}\"}}"
    ))
}

/// What a signature covers: the encoded header, a dot, the encoded claims.
pub(super) fn signing_input<C: Serialize + ?Sized>(
    header: &str,
    claims: &C,
) -> Result<String, SignError> {
    let claims = serde_json::to_vec(claims).map_err(|_| SignError::NotAnObject)?;
    if claims.first() != Some(&b'{') {
        return Err(SignError::NotAnObject);
    }
    // Header, two dots, four characters per three bytes of claims, and a signature of up to 64 bytes.
    let mut text = String::with_capacity(header.len() + claims.len() / 3 * 4 + 94);
    text.push_str(header);
    text.push('.');
    URL_SAFE_NO_PAD.encode_string(&claims, &mut text);
    Ok(text)
}

/// The whole of it.
pub(super) fn with_signature(mut signing_input: String, signature: &[u8]) -> String {
    signing_input.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut signing_input);
    signing_input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(token: &str) -> Option<InvalidReason> {
        Compact::split(token).err()
    }

    #[test]
    fn three_segments_come_apart_at_the_dots() {
        let parts = Compact::split("aa.bb.cc").unwrap();
        assert_eq!(
            (
                parts.header,
                parts.payload,
                parts.signature,
                parts.signing_input
            ),
            ("aa", "bb", "cc", "aa.bb")
        );
    }

    /// Answers CVE-2022-39227, CVE-2023-51774.
    #[test]
    fn another_number_of_segments_is_refused() {
        for token in [
            "", ".", "..", "...", "a", "a.b", "a.b.", ".b.c", "a.b.c.d", "a.b.c.", "a..b.c",
        ] {
            assert_eq!(refusal(token), Some(InvalidReason::Segments), "{token}");
        }
        assert_eq!(refusal("a..c"), None);
    }

    #[test]
    fn other_characters_are_refused() {
        for token in [
            "a.b.c=",
            " a.b.c",
            "a.b.c\n",
            "a.b+.c",
            "a/.b.c",
            "a.b.\u{e9}",
            "{\"a\":1}",
        ] {
            assert_eq!(refusal(token), Some(InvalidReason::Characters), "{token}");
        }
    }

    /// Answers CVE-2024-33664, CVE-2025-30204.
    #[test]
    fn a_token_of_8192_bytes_is_looked_at_and_one_more_is_not() {
        let token = format!("a.{}.c", "b".repeat(MAX_TOKEN_BYTES - 4));
        assert_eq!(refusal(&token), None);
        assert_eq!(refusal(&format!("{token}c")), Some(InvalidReason::TooLong));
    }

    #[test]
    fn unused_bits_in_the_last_character_are_refused() {
        assert_eq!(decode("AA"), Ok(vec![0]));
        assert_eq!(decode("AB"), Err(InvalidReason::Encoding));
        assert_eq!(decode("A"), Err(InvalidReason::Encoding));
    }
}

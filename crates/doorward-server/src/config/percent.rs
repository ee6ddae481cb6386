//! Percent-encoding of URL parts (RFC 3986 section 2.1).

use zeroize::Zeroizing;

/// Encodes everything but RFC 3986's unreserved characters, so the result fits
/// any part of a URL.
#[must_use]
pub(crate) fn encode(text: &str) -> Zeroizing<String> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    // Three bytes for each at most: the buffer never moves, so no stray copy
    // of a password is left behind.
    let mut encoded = Zeroizing::new(String::with_capacity(text.len() * 3));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for digit in [byte >> 4, byte & 15] {
                if let Some(hex) = HEX.get(usize::from(digit)) {
                    encoded.push(char::from(*hex));
                }
            }
        }
    }
    encoded
}

/// Decodes `%XX`. `None` when a `%` is not followed by two hexadecimal digits
/// or the bytes are not UTF-8.
#[must_use]
pub(crate) fn decode(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    let text = std::str::from_utf8(&bytes).ok()?;
    Some(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_character_with_a_meaning_in_a_url_is_encoded() {
        assert_eq!(
            *encode("a:/?#[]@!$&'()*+,;=% é~"),
            "a%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%20%C3%A9~"
        );
    }

    #[test]
    fn a_broken_escape_is_refused() {
        for text in ["%", "%4", "%zz", "a%4", "%ff"] {
            assert!(decode(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in any::<String>()) {
            let decoded = decode(&encode(&text));
            prop_assert_eq!(decoded.as_deref(), Some(&text));
        }
    }
}

//! How stored hashes write bytes. One spelling per value, so that nothing is verified that the
//! library which made the hash would not have written.

use base64::{
    Engine as _,
    alphabet::{self, Alphabet},
    engine::{
        GeneralPurpose,
        general_purpose::{NO_PAD, STANDARD, STANDARD_NO_PAD},
    },
};
use zeroize::Zeroizing;

/// The alphabet of passlib's PBKDF2 strings, which it calls `ab64`.
const AB64: GeneralPurpose = GeneralPurpose::new(&AB64_ALPHABET, NO_PAD);
const AB64_ALPHABET: Alphabet =
    match Alphabet::new("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./") {
        Ok(alphabet) => alphabet,
        Err(_) => alphabet::STANDARD,
    };
/// The alphabet of bcrypt strings.
const BCRYPT: GeneralPurpose = GeneralPurpose::new(&alphabet::BCRYPT, NO_PAD);

/// A way to write bytes as base64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base64 {
    /// Standard alphabet, padded: Django.
    Padded,
    /// Standard alphabet, not padded: PHC strings.
    Plain,
    /// `.` in place of `+`, not padded: passlib.
    Ab64,
    /// bcrypt's own alphabet, not padded.
    Bcrypt,
}

impl Base64 {
    const fn engine(self) -> &'static GeneralPurpose {
        match self {
            Self::Padded => &STANDARD,
            Self::Plain => &STANDARD_NO_PAD,
            Self::Ab64 => &AB64,
            Self::Bcrypt => &BCRYPT,
        }
    }

    /// No stray bits, no other padding.
    pub(super) fn decode(self, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        self.engine().decode(text).ok().map(Zeroizing::new)
    }

    pub(super) fn encode(self, bytes: &[u8]) -> String {
        self.engine().encode(bytes)
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn lower_hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    for [high, low] in pairs {
        bytes.push(nibble(*high)? << 4 | nibble(*low)?);
    }
    Some(bytes)
}

/// As lower-case hexadecimal digits. Wiped on drop, since the text may stand for a password.
pub(super) fn to_lower_hex(bytes: &[u8]) -> Zeroizing<String> {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut text = Zeroizing::new(String::with_capacity(2 * bytes.len()));
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(DIGITS.get(usize::from(nibble)));
        }
    }
    text
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_is_lower_case_and_whole_bytes() {
        assert_eq!(*lower_hex("00ff1a").unwrap(), [0, 255, 26]);
        assert_eq!(*to_lower_hex(&[0, 255, 26]), *"00ff1a");
        for text in ["0", "0G", "FF", "0x", "é"] {
            assert!(lower_hex(text).is_none(), "{text}");
        }
    }

    #[test]
    fn each_alphabet_has_its_own_last_letters_and_padding() {
        let bytes = [0xfb, 0xef, 0xff];
        for (base64, text) in [
            (Base64::Padded, "++//"),
            (Base64::Plain, "++//"),
            (Base64::Ab64, "..//"),
            (Base64::Bcrypt, "8899"),
        ] {
            assert_eq!(base64.encode(&bytes), text);
            assert_eq!(*base64.decode(text).unwrap(), bytes);
        }
        assert!(Base64::Padded.decode("AA==").is_some());
        assert!(Base64::Padded.decode("AA").is_none());
        assert!(Base64::Plain.decode("AA==").is_none());
    }

    #[test]
    fn stray_bits_are_refused() {
        assert!(Base64::Plain.decode("AA").is_some());
        assert!(Base64::Plain.decode("AB").is_none());
        assert!(Base64::Bcrypt.decode("./").is_none());
    }
}

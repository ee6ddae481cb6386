//! Strict decimal numbers of stored hashes.

use super::HashFormatError;

/// Reads a cost parameter: ASCII digits only, no sign, underscore, space or leading zero, at
/// least 1. `int()` of Python reads more than that, but no library writes it.
///
/// # Errors
/// `Corrupt` for anything that is not such a number, `TooCostly` above `ceiling`, however many
/// digits it has.
pub(super) fn cost(
    text: &str,
    parameter: &'static str,
    ceiling: u32,
) -> Result<u32, HashFormatError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(HashFormatError::corrupt(
            "a cost parameter is not a decimal number",
        ));
    }
    if text.starts_with('0') {
        return Err(HashFormatError::corrupt(
            "a cost parameter is zero or has a leading zero",
        ));
    }
    match text.parse::<u32>() {
        Ok(value) if value <= ceiling => Ok(value),
        // Only digits are left, so the one way to fail is a number above u32::MAX.
        _ => Err(HashFormatError::TooCostly {
            parameter,
            ceiling: u64::from(ceiling),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_decimal_numbers_up_to_the_ceiling_are_read() {
        assert_eq!(cost("1", "n", 1000), Ok(1));
        assert_eq!(cost("1000", "n", 1000), Ok(1000));
    }

    #[test]
    fn other_spellings_are_corrupt() {
        for text in [
            "", "0", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "1e3", "0x1", "١", "１",
        ] {
            assert!(
                matches!(cost(text, "n", 1000), Err(HashFormatError::Corrupt { .. })),
                "{text:?}"
            );
        }
    }

    #[test]
    fn numbers_above_the_ceiling_are_too_costly_whatever_their_length() {
        for text in ["1001", "4294967296", "9".repeat(100).as_str()] {
            assert_eq!(
                cost(text, "n", 1000),
                Err(HashFormatError::TooCostly {
                    parameter: "n",
                    ceiling: 1000
                }),
            );
        }
    }
}

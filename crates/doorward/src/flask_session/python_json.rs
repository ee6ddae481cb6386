//! JSON text as Python's `json.dumps` writes it, byte for byte: other readers of the cookie sign and
//! compare the text, not the value.

use std::fmt::Write as _;

/// A string literal with `ensure_ascii=True`: everything outside space to `~` is escaped, beyond the
/// basic plane as a surrogate pair.
pub(super) fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(character),
            _ => {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    // Writing to a String does not fail.
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

/// `repr(float)` of a finite number: the shortest digits that read back as the same number, with an
/// exponent below 1e-4 and from 1e16 on.
pub(super) fn write_float(number: f64, out: &mut String) {
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    out.push_str(sign);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    match usize::try_from(exponent) {
        Ok(exponent) if exponent < 16 => {
            let whole: String = digits
                .chars()
                .chain(std::iter::repeat('0'))
                .take(exponent + 1)
                .collect();
            let fraction = digits.get(exponent + 1..).filter(|rest| !rest.is_empty());
            let _ = write!(out, "{whole}.{}", fraction.unwrap_or("0"));
        }
        Err(_) if exponent >= -4 => {
            let zeros = "000".get(..usize::try_from(-exponent - 1).unwrap_or(0));
            let _ = write!(out, "0.{}{digits}", zeros.unwrap_or_default());
        }
        _ => {
            let sign = if exponent < 0 { '-' } else { '+' };
            let _ = write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn floats_are_written_as_python_prints_them() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1.5, "1.5"),
            (-3.25, "-3.25"),
            (100.0, "100.0"),
            (123_456.789, "123456.789"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e16, "1.25e+16"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (0.1, "0.1"),
            (0.001, "0.001"),
            (0.0001, "0.0001"),
            (0.000_123, "0.000123"),
            (0.000_01, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (1e100, "1e+100"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            let mut out = String::new();
            write_float(number, &mut out);
            assert_eq!(out, text);
        }
    }

    #[test]
    fn strings_are_written_in_ascii() {
        let mut out = String::new();
        write_string(
            "a\"\\/\n\r\t\u{8}\u{c}\u{0}\u{1f}\u{7f}~é\u{2028}😀",
            &mut out,
        );
        assert_eq!(
            out,
            "\"a\\\"\\\\/\\n\\r\\t\\b\\f\\u0000\\u001f\\u007f~\\u00e9\\u2028\\ud83d\\ude00\""
        );
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(number in any::<f64>(), text in ".*") {
            let mut out = String::new();
            write_float(number, &mut out);
            prop_assert_eq!(out.parse::<f64>(), Ok(number));
            let mut out = String::new();
            write_string(&text, &mut out);
            prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}

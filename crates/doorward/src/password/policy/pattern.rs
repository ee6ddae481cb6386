//! Shapes that a guesser tries early. All texts are lower-cased by the caller.

/// Most digits that count as a suffix: a year.
const SUFFIX_DIGITS: usize = 4;

/// Whether `text` is `word`, or `word` repeated, with at most four digits behind it and at most
/// one punctuation mark on either side of the digits: `alice`, `alicealice`, `alice_2026!`.
pub(super) fn derives_from(text: &str, word: &str) -> bool {
    let unmarked = strip_mark(text);
    [
        text,
        unmarked,
        strip_digits(text),
        strip_digits(unmarked),
        strip_mark(strip_digits(text)),
        strip_mark(strip_digits(unmarked)),
    ]
    .into_iter()
    .any(|core| is_repetition_of(core, word))
}

/// The shortest piece that `text` is two or more copies of.
pub(super) fn repeated_unit(text: &str) -> Option<&str> {
    (1..=text.len() / 2)
        .filter(|length| text.len().is_multiple_of(*length))
        .filter_map(|length| text.split_at_checked(length))
        .find(|(unit, rest)| is_repetition_of(rest, unit))
        .map(|(unit, _)| unit)
}

/// Whether each character is one above, or each one below, the character before it. After 9
/// comes 0, as on a keyboard.
pub(super) fn is_run(text: &str) -> bool {
    let follows = |low: char, high: char| {
        u32::from(low) + 1 == u32::from(high) || (low == '9' && high == '0')
    };
    let pairs = || text.chars().zip(text.chars().skip(1));
    pairs().all(|(a, b)| follows(a, b)) || pairs().all(|(a, b)| follows(b, a))
}

fn is_repetition_of(text: &str, word: &str) -> bool {
    let mut rest = text;
    while let Some(shorter) = rest.strip_prefix(word) {
        if shorter.is_empty() {
            return true;
        }
        if shorter.len() == rest.len() {
            return false;
        }
        rest = shorter;
    }
    false
}

fn strip_mark(text: &str) -> &str {
    text.strip_suffix(|c: char| c.is_ascii_punctuation())
        .unwrap_or(text)
}

fn strip_digits(text: &str) -> &str {
    (0..SUFFIX_DIGITS).fold(text, |text, _| {
        text.strip_suffix(|c: char| c.is_ascii_digit())
            .unwrap_or(text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_with_a_year_or_a_mark_derives_from_it() {
        for text in [
            "alice",
            "alicealice",
            "alice2026",
            "alice!",
            "alice2026!",
            "alice_26",
            "alice_2026!",
        ] {
            assert!(derives_from(text, "alice"), "{text}");
        }
    }

    #[test]
    fn a_word_inside_a_longer_text_does_not_derive_from_it() {
        for text in [
            "alicesprings",
            "alice20261234",
            "malice",
            "alice-in-chains",
            "ali",
            "",
        ] {
            assert!(!derives_from(text, "alice"), "{text}");
        }
    }

    #[test]
    fn a_word_that_ends_in_digits_is_still_found() {
        assert!(derives_from("user2026", "user2026"));
        assert!(derives_from("user20262026", "user2026"));
        assert!(derives_from("agent007!", "agent007"));
    }

    #[test]
    fn the_shortest_repeated_piece_is_found() {
        assert_eq!(repeated_unit("aaaaaaaa"), Some("a"));
        assert_eq!(repeated_unit("passwordpassword"), Some("password"));
        assert_eq!(repeated_unit("ééé"), Some("é"));
        assert_eq!(repeated_unit("abcabcab"), None);
        assert_eq!(repeated_unit("a"), None);
    }

    #[test]
    fn runs_go_up_or_down_and_over_the_keyboards_edge() {
        for text in [
            "12345678",
            "87654321",
            "abcdefgh",
            "zyxwvuts",
            "7890123456",
            "3210987654",
        ] {
            assert!(is_run(text), "{text}");
        }
        for text in ["12345679", "abcdefgi", "13579bdf", "11111111"] {
            assert!(!is_run(text), "{text}");
        }
    }
}

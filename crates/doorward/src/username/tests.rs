use proptest::prelude::*;

use super::*;

#[derive(serde::Deserialize)]
struct Pairs {
    pairs: Vec<Pair>,
}

#[derive(serde::Deserialize)]
struct Pair {
    a: String,
    b: String,
    why: String,
    nfkc_casefold_equal: bool,
}

#[test]
fn two_names_are_one_account_exactly_when_their_canonical_forms_agree() {
    let pairs: Pairs =
        serde_json::from_str(include_str!("../../tests/vectors/username_pairs.json")).unwrap();
    for pair in pairs.pairs {
        let (Ok(a), Ok(b)) = (Username::parse(&pair.a), Username::parse(&pair.b)) else {
            // Refused at the door, so they can't be confused: only where the pair differs by what we refuse.
            assert!(!pair.nfkc_casefold_equal, "{}", pair.why);
            continue;
        };
        assert_eq!(a == b, pair.nfkc_casefold_equal, "{}", pair.why);
    }
}

#[test]
fn a_name_keeps_its_spelling() {
    let name = Username::parse("Zoë O'Hara").unwrap();
    assert_eq!(name.as_str(), "Zoë O'Hara");
    assert_eq!(name.key().as_bytes(), "zoë o'hara".as_bytes());
}

#[test]
fn fifty_characters_fit_and_one_more_does_not() {
    assert!(Username::parse(&"é".repeat(50)).is_ok());
    assert_eq!(
        Username::parse(&"a".repeat(51)),
        Err(InvalidUsername::TooLong)
    );
    // One character that becomes eighteen: fifty of them would not fit the column.
    assert_eq!(
        Username::parse(&"\u{fdfa}".repeat(50)),
        Err(InvalidUsername::TooLong)
    );
}

#[test]
fn what_cannot_be_seen_is_refused() {
    for name in [
        "a\0",
        "a\u{200b}b",
        "\u{202e}a",
        "ad\u{ad}min",
        "a\u{fe0f}",
        "a\nb",
        "\u{e000}",
    ] {
        assert_eq!(
            Username::parse(name),
            Err(InvalidUsername::InvisibleCharacter),
            "{name:?}"
        );
    }
    for name in [" a", "a ", "a\u{a0}", "\t"] {
        assert_eq!(
            Username::parse(name),
            Err(InvalidUsername::SurroundingSpace),
            "{name:?}"
        );
    }
}

proptest! {
    #[test]
    fn a_key_is_the_name_of_itself(text in "\\PC{1,60}") {
        if let Ok(name) = Username::parse(&text) {
            prop_assert!(name.key().as_bytes().len() <= Username::MAX_KEY_BYTES);
            prop_assert_eq!(&UsernameKey::of(&name.key().0), name.key());
        }
    }
}

#[test]
fn names_are_equal_as_their_keys_are_and_shown_as_they_were_written() {
    let name = |text: &str| Username::parse(text).unwrap();
    assert_eq!(name("Ada"), name("ada"));
    assert_ne!(name("ada"), name("adb"));
    assert_eq!(name("Ada").to_string(), "Ada");
}

#[test]
fn a_key_of_255_bytes_fits_and_one_of_256_does_not() {
    // Eighteen characters of one, 33 bytes, and the rest of one byte each.
    let grows = "\u{fdfa}".repeat(7);
    let bytes = UsernameKey::of(&grows).0.len();
    let with = |count: usize| format!("{grows}{}", "a".repeat(count));
    let missing = Username::MAX_KEY_BYTES - bytes;
    assert!(missing < 42);
    assert!(Username::parse(&with(missing)).is_ok());
    let over = Username::parse(&with(missing + 1));
    assert_eq!(over, Err(InvalidUsername::TooLong));
    assert!(UsernameKey::prefix(&with(missing)).is_some());
    assert_eq!(UsernameKey::prefix(&with(missing + 1)), None);
}

#[test]
fn the_start_of_a_name_is_found_in_any_spelling() {
    let prefix = |text: &str| UsernameKey::prefix(text).map(|key| key.as_bytes().to_vec());
    assert_eq!(prefix("AD"), Some(b"ad".to_vec()));
    assert_eq!(prefix("\u{ff21}"), Some(b"a".to_vec()));
    assert_eq!(prefix(""), None);
    assert_eq!(prefix(&"a".repeat(50)), Some(vec![b'a'; 50]));
    assert_eq!(prefix(&"a".repeat(51)), None);
}

#[test]
fn every_kind_of_invisible_character_is_refused() {
    for unseen in [
        '\u{7f}',
        '\u{200e}',
        '\u{f8ff}',
        '\u{378}',
        '\u{2028}',
        '\u{2029}',
        '\u{34f}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{17b5}',
        '\u{180b}',
        '\u{180f}',
        '\u{3164}',
        '\u{fe00}',
        '\u{fe0f}',
        '\u{ffa0}',
        '\u{e0100}',
        '\u{e01ef}',
    ] {
        let refused = Username::parse(&format!("a{unseen}b"));
        assert_eq!(
            refused,
            Err(InvalidUsername::InvisibleCharacter),
            "{unseen:?}"
        );
    }
    for seen in ['\u{3165}', '\u{fe10}', '\u{17b6}', '\u{34e}'] {
        assert!(Username::parse(&format!("a{seen}b")).is_ok(), "{seen:?}");
    }
}

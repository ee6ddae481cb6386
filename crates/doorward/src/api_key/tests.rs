use super::*;
use crate::random::OsRandom;

#[test]
fn a_key_comes_back_as_it_went_and_no_changed_letter_passes() {
    let key = ApiKey::generate(&OsRandom).unwrap();
    let text = key.expose().to_owned();
    assert_eq!(text.len(), 53);
    assert_eq!(ApiKey::parse(&text).unwrap().sha256(), key.sha256());
    for place in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[place] = if changed[place] == b'a' { b'b' } else { b'a' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(ApiKey::parse(&changed).is_none(), "{place}");
    }
    for other in [
        "",
        "dwk_",
        &text[..52],
        &format!("{text}0"),
        &format!(" {text}"),
    ] {
        assert!(ApiKey::parse(other).is_none());
    }
    assert_ne!(ApiKey::generate(&OsRandom).unwrap().expose(), text);
    assert_eq!(format!("{key:?}"), "ApiKey(redacted)");
}

#[test]
fn the_sum_is_the_crc_that_scanners_know() {
    // CRC-32 of "123456789" is 0xCBF43926 = 3421780262.
    let digits: Vec<u32> = check("123456789")
        .bytes()
        .map(|b| u32::try_from(ALPHABET.iter().position(|a| *a == b).unwrap()).unwrap())
        .collect();
    let value = digits
        .iter()
        .rev()
        .fold(0_u64, |sum, digit| sum * 62 + u64::from(*digit));
    assert_eq!(value, 0xCBF4_3926);
}

/// Repeats these bytes.
struct Repeating(&'static [u8]);

impl Random for Repeating {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for (byte, given) in bytes.iter_mut().zip(self.0.iter().cycle()) {
            *byte = *given;
        }
        Ok(())
    }
}

#[test]
fn bytes_that_would_make_some_letters_likelier_are_left_out() {
    // 247 is the last that is used: four times 62 letters.
    let key = ApiKey::generate(&Repeating(&[247, 248, 255])).unwrap();
    assert_eq!(&key.expose()[4..47], "z".repeat(43));
    assert_eq!(key.expose().len(), 53);
}

#[test]
fn the_database_knows_the_sha_256_of_a_key() {
    let key = ApiKey::generate(&OsRandom).unwrap();
    let expected: [u8; 32] = Sha256::digest(key.expose().as_bytes()).into();
    assert_eq!(key.sha256(), expected);
    assert!(ApiKey::is_meant_by(key.expose()));
    assert!(ApiKey::is_meant_by("dwk_not_a_good_one"));
    assert!(!ApiKey::is_meant_by("dwr_another_thing"));
}

#[test]
fn the_name_of_a_key_comes_back_from_its_text() {
    let id = ApiKeyId::generate(&OsRandom).unwrap();
    let text = id.to_string();
    assert_eq!(text.len(), 22);
    assert_eq!(ApiKeyId::parse(&text), Some(id));
    assert_eq!(ApiKeyId::parse(&text[1..]), None);
    assert_eq!(ApiKeyId::from_bytes(*id.as_bytes()), id);
    assert_eq!(id.as_session().to_string(), text);
}

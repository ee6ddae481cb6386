use super::*;

const SALT: [u8; 32] = [9; 32];
const SESSION: SessionId = SessionId::from_bytes([7; 16]);

fn secret(text: &str) -> Secret {
    Secret::from_text(text.to_owned())
}

fn next(keys: &RefreshKeys, token: &RefreshToken) -> RefreshToken {
    keys.successors(token, &SALT).next().unwrap()
}

#[test]
fn a_token_comes_back_as_it_went_and_shows_nothing() {
    let token = RefreshKeys::new(&secret("one"), &[]).first(SESSION, [3; 32]);
    let text = token.expose();
    assert!(text.starts_with("dwr_"));
    assert_eq!(text.len(), 95);
    let read = RefreshToken::parse(&text).unwrap();
    assert_eq!((read.session(), read.generation()), (SESSION, 0));
    assert_eq!(read.hash(), token.hash());
    assert_eq!(format!("{token:?}"), "RefreshToken(redacted)");
}

#[test]
fn what_is_not_a_token_is_none() {
    let text = RefreshKeys::new(&secret("one"), &[])
        .first(SESSION, [3; 32])
        .expose()
        .to_string();
    for other in [
        "",
        "dwr_",
        &text[4..],
        &format!("{text}A"),
        &format!("{text}="),
        &text.replace("dwr_", "DWR_"),
        &text[..text.len() - 1],
    ] {
        assert!(RefreshToken::parse(other).is_none(), "{other}");
    }
}

#[test]
fn every_node_gives_the_same_successor_and_each_one_is_another() {
    let [one, two] = [(); 2].map(|()| RefreshKeys::new(&secret("one"), &[]));
    let first = one.first(SESSION, [3; 32]);
    let second = next(&one, &first);
    assert_eq!(second.hash(), next(&two, &first).hash());
    let third = next(&one, &second);
    assert_eq!((second.generation(), third.generation()), (1, 2));
    assert_ne!(second.hash(), first.hash());
    assert_ne!(third.hash(), second.hash());
    let other_salt = one.successors(&first, &[8; 32]).next().unwrap();
    assert_ne!(other_salt.hash(), second.hash());
}

#[test]
fn only_what_we_made_bears_our_tag_also_under_a_former_key() {
    let old = RefreshKeys::new(&secret("old"), &[]);
    let new = RefreshKeys::new(&secret("new"), &[secret("old")]);
    let token = old.first(SESSION, [3; 32]);
    assert!(old.made(&token));
    assert!(new.made(&token));
    assert!(!RefreshKeys::new(&secret("new"), &[]).made(&token));
    let mut forged = token.clone();
    forged.generation = 5;
    assert!(!old.made(&forged));
    let expected = next(&old, &token).hash();
    assert!(
        new.successors(&token, &SALT)
            .any(|token| token.hash() == expected)
    );
}

#[test]
fn the_stored_hash_is_the_sha_256_of_the_text() {
    let keys = RefreshKeys::new(&secret("one"), &[]);
    let token = keys.first(SESSION, [3; 32]);
    let expected: [u8; 32] = Sha256::digest(token.expose().as_bytes()).into();
    assert_eq!(token.hash().as_bytes(), &expected);
    assert_eq!(RefreshTokenHash::from_bytes(expected), token.hash());
    assert_ne!(RefreshTokenHash::from_bytes([0; 32]), token.hash());
    assert_eq!(format!("{keys:?}"), "RefreshKeys(redacted)");
}

#[test]
fn what_follows_depends_on_every_part_of_the_token_before() {
    let keys = RefreshKeys::new(&secret("one"), &[secret("old")]);
    let token = keys.first(SESSION, [3; 32]);
    let expected = next(&keys, &token).hash();
    for other in [
        keys.first(SessionId::from_bytes([8; 16]), [3; 32]),
        keys.first(SESSION, [4; 32]),
    ] {
        assert_ne!(next(&keys, &other).hash(), expected);
        // Each bears a tag of its own.
        let mut stolen = other.clone();
        stolen.tag = token.tag;
        assert!(keys.made(&other));
        assert!(!keys.made(&stolen));
    }
    // One for each key: that of now first, and none twice.
    let all: Vec<_> = keys.successors(&token, &SALT).map(|t| t.hash()).collect();
    assert_eq!(all.len(), 2);
    assert_ne!(all[0], all[1]);
    assert!(
        keys.successors(&token, &SALT)
            .all(|token| keys.made(&token))
    );
    // The last of a family that nobody ever reaches does not begin again at 0.
    let mut last = token.clone();
    last.generation = u32::MAX;
    assert_eq!(next(&keys, &last).generation(), u32::MAX);
}

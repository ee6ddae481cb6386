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

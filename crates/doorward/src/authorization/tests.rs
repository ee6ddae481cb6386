use super::*;
use proptest::prelude::*;

fn basic_parts(value: &[u8]) -> Result<(String, String), BasicError> {
    let (username, password) = basic(Some(value))?.into_parts();
    Ok((username, password.to_string()))
}

fn encoded(credentials: &[u8]) -> Vec<u8> {
    format!("Basic {}", STANDARD.encode(credentials)).into_bytes()
}

#[test]
fn the_lecture_s_header_is_read() {
    let read = basic_parts(b"Basic YWRtaW46c2VjcmV0MTIz").unwrap();
    assert_eq!(read, ("admin".to_owned(), "secret123".to_owned()));
}

#[test]
fn without_a_value_credentials_are_missing() {
    for value in [None, Some(&b""[..]), Some(b" "), Some(b" \t ")] {
        assert_eq!(basic(value).unwrap_err(), BasicError::Missing);
        assert_eq!(bearer(value), Err(BearerError::Missing));
    }
}

#[test]
fn anything_but_scheme_and_one_part_is_malformed() {
    for value in [
        &b"Basic"[..],
        b"Basic ",
        b"Bearer dTpw",
        b"Basic dTpw x",
        b"BasicdTpw",
        b"dTpw Basic",
        b"Basic,dTpw",
        b"\xc2\xa0",
        b"\xa0",
        b"Basic\xa0dTpw",
        b"\x1c",
        b"Basic dTpw, Basic djpx",
    ] {
        assert_eq!(
            basic_parts(value),
            Err(BasicError::MalformedHeader),
            "{value:?}"
        );
    }
    for value in [
        &b"Bearer"[..],
        b"Bearer ",
        b"Basic T",
        b"Bearer T U",
        b"BearerT",
        b"\xc2\xa0",
        b"\xa0",
        b"Bearer \xff",
        b"Token T",
        b"Bearer T, Bearer U",
    ] {
        assert_eq!(
            bearer(Some(value)),
            Err(BearerError::Malformed),
            "{value:?}"
        );
    }
}

#[test]
fn white_space_is_what_python_splits_on() {
    for value in [
        &b"bAsIc  dTpw"[..],
        b"Basic\tdTpw",
        b" Basic dTpw ",
        b"Basic\x0b\x0c\r\n\x1c\x1fdTpw",
    ] {
        let read = basic_parts(value).unwrap();
        assert_eq!(read, ("u".to_owned(), "p".to_owned()), "{value:?}");
    }
    assert_eq!(bearer(Some(b" bEARER \t a.b.c\x1e")), Ok("a.b.c"));
}

#[test]
fn base64_is_strict() {
    for part in [
        "!!!", "dXM6cA", "dXM6cA=", "dTr__vs_", "dXM6cB==", "dTpw=", "=", "df86cA==",
    ] {
        let value = format!("Basic {part}");
        assert_eq!(
            basic_parts(value.as_bytes()),
            Err(BasicError::InvalidBase64),
            "{part}"
        );
    }
}

#[test]
fn control_characters_are_refused_wherever_they_stand() {
    for credentials in [&b"u\0:p"[..], b"u:p\r\nX: y", b"u:\x7f", b"\t:p", b"\n"] {
        let refusal = basic_parts(&encoded(credentials));
        assert_eq!(
            refusal,
            Err(BasicError::ControlCharacter),
            "{credentials:?}"
        );
    }
}

#[test]
fn the_first_colon_splits_and_both_sides_may_be_empty() {
    for (credentials, username, password) in [
        ("u:a:b", "u", "a:b"),
        (":p", "", "p"),
        ("u:", "u", ""),
        (":", "", ""),
        ("é:£", "é", "£"),
    ] {
        let read = basic_parts(&encoded(credentials.as_bytes())).unwrap();
        assert_eq!(read, (username.to_owned(), password.to_owned()));
    }
    assert_eq!(
        basic_parts(&encoded(b"userpass")),
        Err(BasicError::MissingColon)
    );
}

#[test]
fn debug_shows_neither_name_nor_password() {
    let shown = format!("{:?}", basic(Some(b"Basic YWRtaW46c2VjcmV0MTIz")).unwrap());
    assert_eq!(shown, "BasicCredentials(redacted)");
}

proptest! {
    #[test]
    fn credentials_without_control_characters_are_read_back(
        username in "[^:\\x00-\\x1f\\x7f]*", password in "[^\\x00-\\x1f\\x7f]*",
    ) {
        let value = encoded(format!("{username}:{password}").as_bytes());
        prop_assert_eq!(basic_parts(&value), Ok((username, password)));
    }

    #[test]
    fn any_bytes_are_judged_without_panic(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = basic(Some(&value));
        let _ = bearer(Some(&value));
        let _ = basic(Some(&[b"Basic ", value.as_slice()].concat()));
        let _ = basic(Some(&encoded(&value)));
    }
}

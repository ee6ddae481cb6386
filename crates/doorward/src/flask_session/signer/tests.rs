use super::*;
use crate::flask_session::SessionValue;
use proptest::prelude::*;

const NOW: u64 = 1_767_225_600;

fn secret(text: &str) -> Secret {
    Secret::from_text(text.to_owned())
}

fn signer(current: &str, fallbacks: &[&str]) -> SessionSigner {
    let fallbacks: Vec<Secret> = fallbacks.iter().map(|text| secret(text)).collect();
    SessionSigner::new(&secret(current), &fallbacks, Duration::from_hours(24))
}

fn session() -> SessionData {
    [("framework", "Flask")].into_iter().collect()
}

/// A cookie with the right signature around any payload and timestamp.
fn signed(signer: &SessionSigner, payload: &str, timestamp: &[u8]) -> String {
    let text = format!("{payload}.{}", URL_SAFE_NO_PAD.encode(timestamp));
    let signature = signer
        .current
        .clone()
        .chain_update(&text)
        .finalize()
        .into_bytes();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_session_is_read_back_unmodified() {
    let signer = signer("key", &[]);
    let cookie = signer.encode(&session(), NOW).unwrap();
    let read = signer.decode(&cookie, NOW).unwrap();
    assert_eq!(read, session());
    assert!(!read.is_modified());
}

#[test]
fn a_cookie_dies_after_its_maximum_age_and_is_not_read_before_its_time() {
    let signer = signer("key", &[]);
    let cookie = signer.encode(&session(), NOW).unwrap();
    let day = 24 * 3600;
    assert!(signer.decode(&cookie, NOW + day).is_ok());
    assert_eq!(
        signer.decode(&cookie, NOW + day + 1),
        Err(SessionError::Expired)
    );
    assert_eq!(signer.decode(&cookie, NOW - 1), Err(SessionError::Future));
}

#[test]
fn the_current_key_signs_whatever_the_fallbacks_are_cve_2025_47278() {
    let rotated = signer("new", &["old1", "old2"]);
    let cookie = rotated.encode(&session(), NOW).unwrap();
    assert!(signer("new", &[]).decode(&cookie, NOW).is_ok());
    for old in ["old1", "old2"] {
        assert_eq!(
            signer(old, &[]).decode(&cookie, NOW),
            Err(SessionError::Signature)
        );
        let before = signer(old, &[]).encode(&session(), NOW).unwrap();
        assert_eq!(rotated.decode(&before, NOW), Ok(session()));
        assert_eq!(
            signer("new", &[]).decode(&before, NOW),
            Err(SessionError::Signature)
        );
    }
}

#[test]
fn a_timestamp_has_one_spelling() {
    let signer = signer("key", &[]);
    let stamp = NOW.to_be_bytes();
    assert!(
        signer
            .decode(&signed(&signer, "e30", &stamp[4..]), NOW)
            .is_ok()
    );
    for other in [&stamp[3..], &stamp[..], b"", b"\0", &[1; 6]] {
        assert_eq!(
            signer.decode(&signed(&signer, "e30", other), NOW),
            Err(SessionError::Malformed),
            "{other:?}"
        );
    }
    assert_eq!(
        signer.decode(&signed(&signer, "e30", &[255; 5]), NOW),
        Err(SessionError::Future)
    );
}

#[test]
fn timestamps_that_count_from_2011_need_the_setting() {
    let strict = signer("key", &[]);
    let lenient = strict.clone().accept_2011_timestamps(true);
    let old = u32::try_from(NOW - EPOCH_2011).unwrap().to_be_bytes();
    let cookie = signed(&strict, "e30", &old);
    assert_eq!(strict.decode(&cookie, NOW), Err(SessionError::OldTimestamp));
    assert_eq!(lenient.decode(&cookie, NOW), Ok(SessionData::new()));
    assert_eq!(
        lenient.decode(&cookie, NOW + 24 * 3600 + 1),
        Err(SessionError::Expired)
    );
    assert_eq!(lenient.decode(&cookie, NOW - 1), Err(SessionError::Future));
    let new = strict.encode(&session(), NOW).unwrap();
    assert_eq!(lenient.decode(&new, NOW), Ok(session()));
}

#[test]
fn decompression_stops_at_the_limit_and_wants_one_whole_stream() {
    let signer = signer("key", &[]);
    let stamp = &NOW.to_be_bytes()[4..];
    let with = |bytes: &[u8]| {
        signed(
            &signer,
            &format!(".{}", URL_SAFE_NO_PAD.encode(bytes)),
            stamp,
        )
    };
    let of_size = |size: usize| {
        let json = format!("{{\"x\":\"{}\"}}", "a".repeat(size - 8));
        assert_eq!(json.len(), size);
        compress(json.as_bytes()).unwrap()
    };
    assert!(
        signer
            .decode(&with(&of_size(MAX_PAYLOAD_BYTES)), NOW)
            .is_ok()
    );
    assert_eq!(
        signer.decode(&with(&of_size(MAX_PAYLOAD_BYTES + 1)), NOW),
        Err(SessionError::TooLarge)
    );
    assert_eq!(
        signer.decode(&with(&of_size(1 << 20)), NOW),
        Err(SessionError::TooLarge)
    );

    let whole = of_size(100);
    assert!(signer.decode(&with(&whole), NOW).is_ok());
    for cut in 0..whole.len() {
        assert_eq!(
            signer.decode(&with(&whole[..cut]), NOW),
            Err(SessionError::Compression)
        );
    }
    let trailing = [whole.as_slice(), b"x"].concat();
    assert_eq!(
        signer.decode(&with(&trailing), NOW),
        Err(SessionError::Compression)
    );
    let mut damaged = whole;
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(
        signer.decode(&with(&damaged), NOW),
        Err(SessionError::Compression)
    );
}

#[test]
fn the_signature_comes_before_everything_that_costs() {
    let signer = signer("key", &[]);
    let bomb = URL_SAFE_NO_PAD.encode(compress(&vec![b'a'; 1 << 20]).unwrap());
    let signature = URL_SAFE_NO_PAD.encode([0; 20]);
    for payload in [format!(".{bomb}"), "!!!".to_owned(), String::new()] {
        let cookie = format!("{payload}.aVW5AA.{signature}");
        assert_eq!(signer.decode(&cookie, NOW), Err(SessionError::Signature));
    }
}

#[test]
fn a_session_that_no_browser_keeps_is_not_encoded() {
    let signer = signer("key", &[]);
    // Pseudo-random text resists compression.
    let mut state = 1_u64;
    let noise: String = (0..4000)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            char::from(b' ' + u8::try_from((state >> 33) % 94).unwrap())
        })
        .collect();
    let large: SessionData = [("x", noise)].into_iter().collect();
    assert!(matches!(
        signer.encode(&large, NOW),
        Err(EncodeError::TooLong { bytes: 4094.. })
    ));
    let huge: SessionData = [("x", "a".repeat(MAX_PAYLOAD_BYTES))].into_iter().collect();
    assert_eq!(signer.encode(&huge, NOW), Err(EncodeError::TooLarge));
    assert_eq!(
        signer.decode(&"a".repeat(4094), NOW),
        Err(SessionError::TooLong)
    );
}

#[test]
fn debug_shows_no_key() {
    let shown = format!("{:?}", signer("key", &["old"]));
    assert_eq!(
        shown,
        "SessionSigner { fallbacks: 1, max_age_seconds: 86400, accept_2011_timestamps: false, .. }"
    );
}

proptest! {
    #[test]
    fn any_session_survives_the_round_trip(
        values in prop::collection::btree_map(".{0,8}", tagged::tests::any_value(), 0..4),
        key in ".{0,80}", now in EPOCH_2011..1 << 40,
    ) {
        let signer = SessionSigner::new(&secret(&key), &[], Duration::ZERO);
        let session: SessionData = values.into_iter().collect();
        let cookie = signer.encode(&session, now).unwrap();
        prop_assert_eq!(signer.decode(&cookie, now), Ok(session));
    }

    #[test]
    fn any_changed_character_is_refused(at in any::<prop::sample::Index>(), new in any::<char>(), long: bool) {
        let signer = signer("key", &[]);
        let mut session = session();
        if long {
            session.insert("blob", SessionValue::String("a".repeat(200)));
        }
        let mut cookie: Vec<char> = signer.encode(&session, NOW).unwrap().chars().collect();
        let at = at.index(cookie.len());
        prop_assume!(cookie[at] != new);
        cookie[at] = new;
        prop_assert!(signer.decode(&cookie.into_iter().collect::<String>(), NOW).is_err());
    }

    #[test]
    fn signed_rubbish_is_judged_without_panic(
        payload in "\\.?[A-Za-z0-9_-]{0,60}", bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let signer = signer("key", &[]);
        let stamp = &NOW.to_be_bytes()[4..];
        let _ = signer.decode(&signed(&signer, &payload, stamp), NOW);
        let text = URL_SAFE_NO_PAD.encode(&bytes);
        let _ = signer.decode(&signed(&signer, &text, stamp), NOW);
        let _ = signer.decode(&signed(&signer, &format!(".{text}"), stamp), NOW);
        let padded = [bytes.as_slice(), &[b' '; 64]].concat();
        let packed = URL_SAFE_NO_PAD.encode(compress(&padded).unwrap());
        let _ = signer.decode(&signed(&signer, &format!(".{packed}"), stamp), NOW);
    }

    #[test]
    fn any_text_is_refused_without_panic(text in prop_oneof![".*", "\\.?[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*\\.[A-Za-z0-9_-]*"]) {
        prop_assert!(signer("key", &[]).decode(&text, NOW).is_err());
    }
}

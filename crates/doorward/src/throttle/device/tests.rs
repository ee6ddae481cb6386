use super::{super::before, *};
use crate::{random::OsRandom, role::Role, user::User};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn devices(secret: &str) -> KnownDevices {
    KnownDevices::new(
        &Secret::from_text(secret.to_owned()),
        KnownDevices::DEFAULT_TTL,
    )
}

fn stored(id: i64, password: &str) -> StoredUser {
    StoredUser {
        user: User {
            id: UserId::new(id),
            username: "una".to_owned(),
            role: Role::user(),
            created_at: NOW,
            disabled_at: None,
            epochs: crate::user::Epochs::default(),
        },
        password: password.to_owned(),
    }
}

#[test]
fn a_device_is_known_for_its_account_and_password_and_time_alone() {
    let devices_of = devices("one secret");
    let una = stored(1, "hash");
    let token = devices_of.issue(&una, &OsRandom, NOW).unwrap();
    let known = |devices: &KnownDevices, stored: &StoredUser, now| {
        devices.recognise(&token, stored, now).is_some()
    };
    assert!(known(&devices_of, &una, NOW));
    let last = before(
        NOW.after(KnownDevices::DEFAULT_TTL),
        Duration::from_millis(1),
    );
    assert!(known(&devices_of, &una, last));
    let over = NOW.after(KnownDevices::DEFAULT_TTL);
    assert!(!known(&devices_of, &una, over));
    assert!(!known(&devices_of, &stored(2, "hash"), NOW));
    assert!(!known(&devices_of, &stored(1, "another hash"), NOW));
    assert!(!known(&devices("another secret"), &una, NOW));
}

#[test]
fn an_altered_token_is_no_device() {
    let devices = devices("one secret");
    let una = stored(1, "hash");
    let token = devices.issue(&una, &OsRandom, NOW).unwrap();
    let bytes = URL_SAFE_NO_PAD.decode(token.expose()).unwrap();
    let recognise = |bytes: &[u8]| {
        let token = DeviceToken::presented(URL_SAFE_NO_PAD.encode(bytes));
        devices.recognise(&token, &una, NOW)
    };
    assert!(recognise(&bytes).is_some());
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        assert_eq!(recognise(&altered), None, "byte {place}");
    }
    assert_eq!(recognise(&bytes[1..]), None);
    assert_eq!(recognise(&[bytes.as_slice(), &[0]].concat()), None);
    for text in ["", "=", "\u{e9}", &"A".repeat(100_000)] {
        let token = DeviceToken::presented(text.to_owned());
        assert_eq!(devices.recognise(&token, &una, NOW), None);
    }
    assert_eq!(format!("{token:?}"), "DeviceToken(redacted)");
}

#[test]
fn the_key_of_devices_is_not_shown() {
    let devices = devices("one secret");
    assert_eq!(devices.ttl(), Duration::from_hours(2160));
    let shown = format!("{devices:?}");
    assert_eq!(shown, "KnownDevices { ttl: 7776000s, .. }");
}

#[test]
fn each_device_of_an_account_is_another_one() {
    let devices = devices("one secret");
    let una = stored(1, "hash");
    let [one, two] = [(); 2].map(|()| {
        let token = devices.issue(&una, &OsRandom, NOW).unwrap();
        devices.recognise(&token, &una, NOW).unwrap()
    });
    assert_ne!(one, two);
}

use super::*;
use crate::{
    access::{AccessTokenPolicy, AccessTokens},
    random::OsRandom,
    user::Epochs,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HOUR: Duration = Duration::from_hours(1);

fn secret(byte: char) -> Secret {
    Secret::from_text(byte.to_string().repeat(32))
}

fn una() -> User {
    User {
        id: UserId::new(7),
        username: "Una".into(),
        role: Role::user(),
        created_at: NOW,
        disabled_at: None,
        epochs: Epochs {
            tokens: 3,
            sessions: 1,
        },
    }
}

fn rights() -> Rights {
    Rights {
        roles: vec![Role::parse("editor").unwrap()],
        permissions: PermissionSet::from_scope("wiki:write").unwrap(),
    }
}

fn issued(tickets: &Tickets, session: SessionId) -> String {
    let email = EmailAddress::parse("una@example.org").unwrap();
    let ticket = tickets.issue(&una(), &rights(), Some(&email), session, &OsRandom, NOW);
    ticket.unwrap().as_str().to_owned()
}

#[test]
fn a_ticket_says_what_it_was_issued_with_until_it_ends() {
    let tickets = Tickets::new(&secret('a'), &[], HOUR);
    let session = SessionId::generate(&OsRandom).unwrap();
    let text = issued(&tickets, session);
    let ticket = tickets.read(&text, NOW).unwrap();
    assert_eq!(
        (ticket.user_id, ticket.session, ticket.epoch),
        (UserId::new(7), session, 3)
    );
    assert_eq!(
        (ticket.username.as_str(), ticket.email.as_deref()),
        ("Una", Some("una@example.org"))
    );
    let roles: Vec<_> = ticket.roles.iter().map(Role::as_str).collect();
    assert_eq!(roles, ["user", "editor"]);
    assert!(ticket.permissions.allows("wiki:write") && !ticket.permissions.allows("wiki:read"));
    assert_eq!(
        tickets.read(&text, NOW.after(HOUR)),
        Err(TokenError::Expired)
    );
    let everything = Rights {
        permissions: PermissionSet::everything(),
        ..rights()
    };
    let text = tickets
        .issue(&una(), &everything, None, session, &OsRandom, NOW)
        .unwrap();
    assert!(
        tickets
            .read(text.as_str(), NOW)
            .unwrap()
            .permissions
            .is_everything()
    );
}

#[test]
fn a_ticket_is_no_access_token_and_the_other_way_round() {
    let tickets = Tickets::new(&secret('a'), &[], HOUR);
    let session = SessionId::generate(&OsRandom).unwrap();
    let key = Hs256Key::new(&secret('a'), None);
    let tokens = AccessTokens::new(key, AccessTokenPolicy::new("a"));
    let token = tokens
        .issue(&una(), &rights(), Some(session), &OsRandom, NOW)
        .unwrap();
    assert!(tickets.read(token.token.as_str(), NOW).is_err());
    assert!(tokens.verify(&issued(&tickets, session), NOW).is_err());
}

#[test]
fn a_ticket_under_a_former_secret_is_read_and_one_under_another_is_not() {
    let session = SessionId::generate(&OsRandom).unwrap();
    let before = issued(&Tickets::new(&secret('a'), &[], HOUR), session);
    let now = Tickets::new(&secret('b'), &[secret('a')], HOUR);
    assert!(now.read(&before, NOW).is_ok());
    assert!(now.read(&issued(&now, session), NOW).is_ok());
    assert!(
        Tickets::new(&secret('b'), &[], HOUR)
            .read(&before, NOW)
            .is_err()
    );
}

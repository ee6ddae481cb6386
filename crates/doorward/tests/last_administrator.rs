//! Administrators who take each other out of use at the same moment at two nodes, on every engine (AZ-06).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test may stop at once, and reads which servers it may use from the environment"
)]

mod databases;

use databases::Databases;
use doorward::{
    authority::Authority,
    clock::Timestamp,
    password::PasswordHash,
    role::Role,
    store::{ChangeUserError, RemoveUserError, Store, UserChange, UserDeed},
    user::UserId,
    username::Username,
};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$eulBsvxG/lLvEunGp0obMA$BWDaUQm99W7Nosg21LLsskHZ5OfJaEF1ApmJfC0dwgw";
const ROUNDS: u32 = 4;

/// Every way in which an administrator can be lost.
#[derive(Debug, Clone, Copy)]
enum Loss {
    Demote,
    Disable,
    Delete,
    /// As [`Store::disable_user`] does it.
    DisableAlone,
    /// As [`Store::delete_user`] does it.
    DeleteAlone,
}

const LOSSES: [Loss; 5] = [
    Loss::Demote,
    Loss::Disable,
    Loss::Delete,
    Loss::DisableAlone,
    Loss::DeleteAlone,
];

impl Loss {
    /// Whether it came about; `false` when it was the last administrator.
    async fn of(self, store: &Store, user: UserId) -> bool {
        let deed = match self {
            Self::Demote => UserDeed::Change(UserChange {
                role: Some(Role::user()),
                ..UserChange::default()
            }),
            Self::Disable => UserDeed::Change(UserChange {
                disabled: Some(true),
                ..UserChange::default()
            }),
            Self::Delete => UserDeed::Delete,
            Self::DisableAlone => return removed(store.disable_user(user, NOW).await),
            Self::DeleteAlone => return removed(store.delete_user(user, NOW).await),
        };
        let authority = Authority::operator();
        match store.do_to_user(user, None, &deed, &authority, NOW).await {
            Ok(()) => true,
            Err(ChangeUserError::LastAdministrator) => false,
            Err(error) => panic!("{self:?}: {error}"),
        }
    }
}

fn removed(result: Result<(), RemoveUserError>) -> bool {
    match result {
        Ok(()) => true,
        Err(RemoveUserError::LastAdministrator) => false,
        Err(error) => panic!("{error}"),
    }
}

async fn add_administrator(store: &Store, number: u32) -> UserId {
    let name = Username::parse(&format!("admin{number}")).unwrap();
    let hash = PasswordHash::parse(HASH).unwrap();
    let added = store.add_user(&name, &hash, &Role::admin(), NOW).await;
    added.unwrap().id
}

#[tokio::test]
async fn of_two_administrators_lost_at_once_at_two_nodes_in_any_two_ways_one_stays() {
    for [one, other] in Databases::fresh().await.pairs().await {
        let mut number = 0;
        let mut left = add_administrator(&one, number).await;
        for first in LOSSES {
            for second in LOSSES {
                for _ in 0..ROUNDS {
                    number += 1;
                    let next = add_administrator(&one, number).await;
                    assert_eq!(one.count_active_admins().await.unwrap(), 2);
                    let (lost, next_lost) =
                        tokio::join!(first.of(&one, left), second.of(&other, next));
                    let what = format!("{first:?} {lost}, {second:?} {next_lost}");
                    assert_eq!(one.count_active_admins().await.unwrap(), 1, "{what}");
                    assert!(lost != next_lost, "{what}");
                    if lost {
                        left = next;
                    }
                }
            }
        }
    }
}

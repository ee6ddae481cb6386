//! What can happen.

use std::time::Duration;

use proptest::prelude::*;

use crate::{POLICY, TOKEN_TTL, USERS};

/// Something that happens to a user or a session, or to the world.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    LogIn {
        user: usize,
        node: usize,
    },
    /// The user is as the last login read it: what happened since happened during this one.
    LogInSlowly {
        user: usize,
        node: usize,
    },
    /// With the token `back` generations before the newest.
    Refresh {
        session: usize,
        back: usize,
        node: usize,
    },
    /// With a text that only looks like a token of the session.
    Forge {
        session: usize,
        node: usize,
    },
    LogOut {
        session: usize,
        node: usize,
    },
    LogOutByRefreshToken {
        session: usize,
        back: usize,
        node: usize,
    },
    LogOutEverywhere {
        user: usize,
        node: usize,
    },
    EndSomebodyElses {
        session: usize,
        node: usize,
    },
    ChangeRole {
        user: usize,
        node: usize,
    },
    Disable {
        user: usize,
        node: usize,
    },
    Enable {
        user: usize,
        node: usize,
    },
    Delete {
        user: usize,
        node: usize,
    },
    Wait(Duration),
    Purge {
        node: usize,
    },
    Restart {
        node: usize,
    },
}

/// Any step, those more often that lead further.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let user = || 0..USERS;
    let node = || 0..2_usize;
    let session = || any::<usize>();
    let wait = prop_oneof![
        4 => Just(Duration::from_secs(1)),
        4 => Just(POLICY.grace),
        4 => Just(POLICY.grace + Duration::from_millis(1)),
        2 => Just(Duration::from_mins(59)),
        2 => Just(TOKEN_TTL),
        1 => Just(POLICY.idle),
        1 => Just(Duration::from_hours(24 * 8)),
    ];
    prop_oneof![
        6 => (user(), node()).prop_map(|(user, node)| Step::LogIn { user, node }),
        1 => (user(), node()).prop_map(|(user, node)| Step::LogInSlowly { user, node }),
        12 => (session(), 0..4_usize, node()).prop_map(|(session, back, node)| Step::Refresh { session, back, node }),
        1 => (session(), node()).prop_map(|(session, node)| Step::Forge { session, node }),
        2 => (session(), node()).prop_map(|(session, node)| Step::LogOut { session, node }),
        1 => (session(), 0..3_usize, node())
            .prop_map(|(session, back, node)| Step::LogOutByRefreshToken { session, back, node }),
        1 => (user(), node()).prop_map(|(user, node)| Step::LogOutEverywhere { user, node }),
        1 => (session(), node()).prop_map(|(session, node)| Step::EndSomebodyElses { session, node }),
        1 => (user(), node()).prop_map(|(user, node)| Step::ChangeRole { user, node }),
        1 => (user(), node()).prop_map(|(user, node)| Step::Disable { user, node }),
        1 => (user(), node()).prop_map(|(user, node)| Step::Enable { user, node }),
        1 => (user(), node()).prop_map(|(user, node)| Step::Delete { user, node }),
        6 => wait.prop_map(Step::Wait),
        1 => node().prop_map(|node| Step::Purge { node }),
        1 => node().prop_map(|node| Step::Restart { node }),
    ]
}

/// The node at which it happens.
pub(crate) fn acts_on(step: &Step) -> Option<usize> {
    match *step {
        Step::LogIn { node, .. }
        | Step::LogInSlowly { node, .. }
        | Step::Refresh { node, .. }
        | Step::Forge { node, .. }
        | Step::LogOut { node, .. }
        | Step::LogOutByRefreshToken { node, .. }
        | Step::LogOutEverywhere { node, .. }
        | Step::EndSomebodyElses { node, .. }
        | Step::ChangeRole { node, .. }
        | Step::Disable { node, .. }
        | Step::Enable { node, .. }
        | Step::Delete { node, .. }
        | Step::Purge { node }
        | Step::Restart { node } => Some(node),
        Step::Wait(_) => None,
    }
}

use std::{fmt, time::Duration};

use crate::clock::Timestamp;

/// Where a key is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyState {
    /// Published, so that verifiers have it when its first token comes.
    Pending,
    /// Signs.
    Active,
    /// Signs no more; its tokens are accepted.
    Retiring,
    /// Its tokens are refused, and it is published no more.
    Retired,
}

impl KeyState {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Active, Self::Retiring, Self::Retired];

    /// The name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retiring => "retiring",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// When a key changes its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTimes {
    /// When it is published.
    pub published: Timestamp,
    /// When it signs.
    pub active: Timestamp,
    /// When it signs no more; `None` while no key follows it.
    pub retiring: Option<Timestamp>,
    /// When its tokens are refused.
    pub retired: Option<Timestamp>,
}

impl KeyTimes {
    /// The state at a moment.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> KeyState {
        let reached = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if reached(self.retired) {
            KeyState::Retired
        } else if reached(self.retiring) {
            KeyState::Retiring
        } else if self.active <= now {
            KeyState::Active
        } else {
            KeyState::Pending
        }
    }
}

/// The distances of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timetable {
    /// How long a key is published before it signs, and kept after its last token has expired: longer than verifiers keep
    /// what they have fetched (ten minutes in `jose` and `jwks-rsa`, five in `PyJWT` and Envoy).
    pub lead: Duration,
    /// The longest life of a token.
    pub token_life: Duration,
}

impl Timetable {
    /// The lead that outlasts every verifier we know.
    pub const DEFAULT_LEAD: Duration = Duration::from_mins(15);

    /// The times of a key that is decided on now and signs after the lead.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> KeyTimes {
        begun(now, now.after(self.lead))
    }

    /// The times of a key that signs at once: the first, or one that replaces a key which must not sign any more.
    #[must_use]
    pub fn at_once(now: Timestamp) -> KeyTimes {
        begun(now, now)
    }

    /// The times of a key whose successor signs at `at`.
    #[must_use]
    pub fn succeeded(&self, times: KeyTimes, at: Timestamp) -> KeyTimes {
        KeyTimes {
            retiring: Some(at),
            retired: Some(at.after(self.token_life).after(self.lead)),
            ..times
        }
    }
}

fn begun(published: Timestamp, active: Timestamp) -> KeyTimes {
    KeyTimes {
        published,
        active,
        retiring: None,
        retired: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn a_key_goes_through_its_states_in_order() {
        let table = Timetable {
            lead: Duration::from_mins(15),
            token_life: Duration::from_hours(1),
        };
        let times = table.next(NOW);
        let end = NOW.after(Duration::from_hours(24));
        let times = table.succeeded(times, end);
        for (minutes, state) in [
            (0, KeyState::Pending),
            (14, KeyState::Pending),
            (15, KeyState::Active),
            (24 * 60 - 1, KeyState::Active),
            (24 * 60, KeyState::Retiring),
            (25 * 60 + 14, KeyState::Retiring),
            (25 * 60 + 15, KeyState::Retired),
        ] {
            let at = NOW.after(Duration::from_mins(minutes));
            assert_eq!(times.state(at), state, "{minutes}");
        }
        assert_eq!(Timetable::at_once(NOW).state(NOW), KeyState::Active);
    }

    #[test]
    fn what_a_key_signed_last_expires_before_the_key_does() {
        let table = Timetable {
            lead: Duration::from_mins(15),
            token_life: Duration::from_hours(1),
        };
        let times = table.succeeded(Timetable::at_once(NOW), NOW);
        let last_token_ends = NOW.after(table.token_life);
        assert_eq!(times.state(last_token_ends), KeyState::Retiring);
    }
}

use std::time::Duration;

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionPolicy {
    /// From the login to the end, whatever happens (TK-21, ASVS 7.3.2).
    pub lifetime: Duration,
    /// From the last refresh to the end (ASVS 7.3.1).
    pub idle: Duration,
    /// How long a refresh token that was just exchanged is answered with the same successor once more: for a client that
    /// did not get the answer, and for two that ask at once (TK-24).
    pub grace: Duration,
    /// How many sessions a user may have; a further login ends the one that was not seen for the longest time (SE-14).
    pub max_per_user: u32,
}

impl Default for SessionPolicy {
    /// 30 days, 14 of them idle; 10 seconds of grace; 100 sessions.
    fn default() -> Self {
        Self {
            lifetime: Duration::from_hours(30 * 24),
            idle: Duration::from_hours(14 * 24),
            grace: Duration::from_secs(10),
            max_per_user: 100,
        }
    }
}

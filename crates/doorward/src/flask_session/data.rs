use std::collections::BTreeMap;

use super::value::SessionValue;

/// The content of a session: named values, and whether they were changed since they were read.
///
/// `Debug` shows the values; Flask's session is no place for secrets, since its cookie is readable.
#[derive(Debug, Clone, Default)]
pub struct SessionData {
    values: BTreeMap<String, SessionValue>,
    modified: bool,
}

impl SessionData {
    /// An empty session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&SessionValue> {
        self.values.get(name)
    }

    /// Sets a value and answers the one that it replaces. Counts as a change even when equal, as in
    /// Flask: it renews the cookie's age.
    pub fn insert(
        &mut self,
        name: impl Into<String>,
        value: impl Into<SessionValue>,
    ) -> Option<SessionValue> {
        self.modified = true;
        self.values.insert(name.into(), value.into())
    }

    /// Removes a value and answers it. Not a change when there was none.
    pub fn remove(&mut self, name: &str) -> Option<SessionValue> {
        let removed = self.values.remove(name);
        self.modified |= removed.is_some();
        removed
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.modified |= !self.values.is_empty();
        self.values.clear();
    }

    /// Whether it holds nothing; such a session needs no cookie.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// How many values it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether anything was set or removed since it was made or read, so that the cookie must be
    /// sent again.
    #[must_use]
    pub fn is_modified(&self) -> bool {
        self.modified
    }

    /// Names and values in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SessionValue)> {
        self.values
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }

    /// A session as read from a cookie, without changes.
    pub(super) fn unmodified(values: BTreeMap<String, SessionValue>) -> Self {
        Self {
            values,
            modified: false,
        }
    }

    pub(super) fn values(&self) -> &BTreeMap<String, SessionValue> {
        &self.values
    }
}

impl PartialEq for SessionData {
    /// Compares the values; the history of changes is not part of a session.
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl<N: Into<String>, V: Into<SessionValue>> FromIterator<(N, V)> for SessionData {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(values: I) -> Self {
        let mut session = Self::new();
        for (name, value) in values {
            session.insert(name, value);
        }
        session
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_noticed_and_reading_is_not_one() {
        let mut session = SessionData::new();
        assert!(session.is_empty() && !session.is_modified());
        assert_eq!(session.remove("absent"), None);
        session.clear();
        assert_eq!(session.get("absent"), None);
        assert!(!session.is_modified());

        assert_eq!(session.insert("framework", "Flask"), None);
        assert!(session.is_modified());
        assert_eq!(
            session.get("framework").and_then(SessionValue::as_str),
            Some("Flask")
        );

        let read = |session: &SessionData| SessionData::unmodified(session.values().clone());
        let mut again = read(&session);
        assert!(!again.is_modified());
        assert_eq!(again.insert("framework", "Flask"), Some("Flask".into()));
        assert!(again.is_modified());

        let mut again = read(&session);
        assert_eq!(again.remove("framework"), Some("Flask".into()));
        assert!(again.is_modified() && again.is_empty());

        let mut again = read(&session);
        again.clear();
        assert!(again.is_modified() && again.is_empty());
    }

    #[test]
    fn sessions_are_equal_when_their_values_are() {
        let one: SessionData = [("a", 1), ("b", 2)].into_iter().collect();
        assert_eq!(one, SessionData::unmodified(one.values().clone()));
        assert_ne!(one, [("a", 1)].into_iter().collect());
        assert_eq!(one.len(), 2);
        assert_eq!(one.iter().map(|(name, _)| name).collect::<String>(), "ab");
    }
}

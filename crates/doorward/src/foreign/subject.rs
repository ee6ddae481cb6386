use serde_json::Value;

use crate::flask_session::SessionValue;
use crate::user::UserId;

/// Whom a foreign token or session means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// The user with this number.
    Id(UserId),
    /// The user with this name, spelled as the database has it. Another spelling is nobody: two names that are one here
    /// may have been two people there.
    Username(String),
}

/// What a subject's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKind {
    /// `users.id`, as a number or as text.
    Id,
    /// `users.username`.
    Username,
}

/// Where the subject stands, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectRule {
    /// The name of the claim, or of the session's value.
    pub claim: String,
    /// What it holds.
    pub kind: SubjectKind,
}

impl SubjectRule {
    /// The subject among a token's claims. `None` when it is missing or is something else.
    pub(super) fn in_claims(&self, claims: &serde_json::Map<String, Value>) -> Option<Subject> {
        match claims.get(&self.claim)? {
            Value::Number(number) => self.number(number.as_i64()?),
            Value::String(text) => self.text(text),
            _ => None,
        }
    }

    /// The subject among a session's values, likewise.
    pub(super) fn in_session(
        &self,
        session: &crate::flask_session::SessionData,
    ) -> Option<Subject> {
        match session.get(&self.claim)? {
            SessionValue::Integer(number) => self.number(*number),
            SessionValue::String(text) => self.text(text),
            _ => None,
        }
    }

    fn number(&self, number: i64) -> Option<Subject> {
        (self.kind == SubjectKind::Id && number > 0).then_some(Subject::Id(UserId::new(number)))
    }

    fn text(&self, text: &str) -> Option<Subject> {
        match self.kind {
            SubjectKind::Username => (!text.is_empty()).then(|| Subject::Username(text.to_owned())),
            // Canonical decimal alone: `+1`, `01` and ` 1` are other texts, and nobody issues them.
            SubjectKind::Id => {
                let number: i64 = text.parse().ok()?;
                (number.to_string() == text).then_some(())?;
                self.number(number)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(kind: SubjectKind, value: Value) -> Option<Subject> {
        let rule = SubjectRule {
            claim: "sub".to_owned(),
            kind,
        };
        let claims = serde_json::Map::from_iter([("sub".to_owned(), value)]);
        rule.in_claims(&claims)
    }

    #[test]
    fn a_number_is_read_as_integer_and_as_its_one_text() {
        for value in [json!(7), json!("7")] {
            assert_eq!(
                read(SubjectKind::Id, value),
                Some(Subject::Id(UserId::new(7)))
            );
        }
        for value in [
            json!(0),
            json!(-1),
            json!(7.0),
            json!(7.5),
            json!(true),
            json!(null),
            json!([7]),
            json!({"id": 7}),
            json!(""),
            json!("07"),
            json!("+7"),
            json!(" 7"),
            json!("7 "),
            json!("7.0"),
            json!("٧"),
            json!(9_223_372_036_854_775_808_u64),
            json!("9223372036854775808"),
            json!("alice"),
        ] {
            assert_eq!(read(SubjectKind::Id, value.clone()), None, "{value}");
        }
    }

    #[test]
    fn a_name_is_text_and_stays_as_it_is() {
        assert_eq!(
            read(SubjectKind::Username, json!("Alice")),
            Some(Subject::Username("Alice".to_owned()))
        );
        // A number is nobody's name, even if it looks like one.
        for value in [json!(7), json!(""), json!(null), json!(["alice"])] {
            assert_eq!(read(SubjectKind::Username, value.clone()), None, "{value}");
        }
    }
}

//! What a stored password is, told by its form alone: nothing is computed.

use std::fmt;

use crate::password::{AcceptedForms, FormGroups, HashFormatError, PasswordHash, Scheme};

/// The form of a stored password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashForm {
    /// A hash that is verified as the settings are.
    Accepted(Scheme),
    /// A hash that is verified when a setting allows it.
    NeedsSetting {
        /// The form's name.
        form: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// A hash of a known form that is never verified.
    Refused(&'static str),
    /// A hash that costs more than we spend.
    TooCostly,
    /// A hash of a known form with a defect.
    Damaged,
    /// `b'…'`: Python's bytes, written as text by mistake.
    PythonBytes,
    /// Django's mark of an account that cannot log in: `!` and 40 random characters.
    Unusable,
    /// In no known form. It may be the password itself.
    Unknown,
    /// No characters.
    Empty,
    /// NULL.
    Null,
}

impl HashForm {
    /// The form of a stored password, `None` being NULL.
    #[must_use]
    pub fn of(stored: Option<&[u8]>, accepted: &AcceptedForms) -> Self {
        let Some(bytes) = stored else {
            return Self::Null;
        };
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Self::Damaged;
        };
        if text.is_empty() {
            return Self::Empty;
        }
        if text.starts_with("b'$") || text.starts_with("b\"$") {
            return Self::PythonBytes;
        }
        if is_unusable(text) {
            return Self::Unusable;
        }
        let refusal = match PasswordHash::parse_with(text, accepted) {
            Ok(hash) => return Self::Accepted(hash.scheme()),
            Err(refusal) => refusal,
        };
        let with_settings = PasswordHash::parse_with(text, &every_form());
        match refusal {
            HashFormatError::Unsupported { form, advice } if with_settings.is_ok() => {
                Self::NeedsSetting { form, advice }
            }
            HashFormatError::Unsupported { form, .. } => Self::Refused(form),
            HashFormatError::TooCostly { .. } => Self::TooCostly,
            HashFormatError::Unknown => Self::Unknown,
            HashFormatError::Corrupt { .. } => Self::Damaged,
        }
    }

    /// Whether somebody with such a stored password can log in, as the settings are.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        matches!(self, Self::Accepted(_))
    }

    /// What becomes of it: for the column beside the count.
    #[must_use]
    pub const fn standing(self) -> &'static str {
        match self {
            Self::Accepted(_) => "verified as it is",
            Self::NeedsSetting { .. } => "verified only with a setting",
            Self::Refused(_) | Self::TooCostly => "not verified",
            Self::Damaged | Self::PythonBytes => "damaged, not verified",
            Self::Unusable | Self::Empty | Self::Null => "nobody can log in with it",
            Self::Unknown => "the plan decides",
        }
    }
}

/// Everything that a setting can turn on.
fn every_form() -> AcceptedForms {
    AcceptedForms {
        groups: FormGroups::EVERY,
        iterations_when_absent: std::num::NonZeroU32::new(1000),
        ..AcceptedForms::default()
    }
}

fn is_unusable(text: &str) -> bool {
    text.strip_prefix('!').is_some_and(|rest| {
        rest.is_empty() || rest.len() == 40 && rest.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

impl fmt::Display for HashForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted(scheme) => scheme.fmt(f),
            Self::NeedsSetting { form, .. } | Self::Refused(form) => f.write_str(form),
            Self::TooCostly => f.write_str("too costly to verify"),
            Self::Damaged => f.write_str("a damaged hash"),
            Self::PythonBytes => f.write_str("Python bytes written as text (b'…')"),
            Self::Unusable => f.write_str("marked unusable (Django)"),
            Self::Unknown => f.write_str("no known format (plain text?)"),
            Self::Empty => f.write_str("empty"),
            Self::Null => f.write_str("NULL"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> HashForm {
        HashForm::of(Some(text.as_bytes()), &AcceptedForms::default())
    }

    #[test]
    fn each_form_has_its_name() {
        let sha256 = "9".repeat(64);
        for (stored, label) in [
            (
                format!("pbkdf2:sha256:600000$salt${sha256}"),
                "werkzeug-pbkdf2",
            ),
            (
                format!("pbkdf2:sha1:600000$salt${}", "9".repeat(40)),
                "PBKDF2 with SHA-1",
            ),
            ("$1$Exv.3/K0$cvIdrBDgVjoXjeIADovof1".to_owned(), "md5-crypt"),
            (
                format!("pbkdf2:sha256:600000$salt${}", "9".repeat(60)),
                "a damaged hash",
            ),
            ("alice123".to_owned(), "no known format (plain text?)"),
            (String::new(), "empty"),
            (format!("!{}", "a".repeat(40)), "marked unusable (Django)"),
            (
                "b'$2b$12$abc'".to_owned(),
                "Python bytes written as text (b'…')",
            ),
        ] {
            assert_eq!(of(&stored).to_string(), label, "{stored}");
        }
        assert_eq!(
            HashForm::of(None, &AcceptedForms::default()).to_string(),
            "NULL"
        );
        assert_eq!(
            HashForm::of(Some(b"\xff"), &AcceptedForms::default()),
            HashForm::Damaged
        );
    }

    #[test]
    fn a_form_that_a_setting_turns_on_says_which() {
        let stored = format!("pbkdf2:sha1:600000$salt${}", "9".repeat(40));
        let HashForm::NeedsSetting { advice, .. } = of(&stored) else {
            panic!("{:?}", of(&stored));
        };
        assert!(!advice.is_empty());
    }

    #[test]
    fn a_password_that_begins_with_an_exclamation_mark_is_no_mark() {
        assert_eq!(of("!important"), HashForm::Unknown);
    }
}

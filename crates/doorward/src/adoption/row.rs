//! From a row of any source to a user of ours, or to the reason why not.

use zeroize::Zeroizing;

use super::{Mode, PasswordRules, PlaintextRule, Plan, RoleSource, StoredForm, UnknownHashRule};
use crate::{
    password::{AcceptedForms, Password},
    role::Role,
    user::UserId,
    username::Username,
};

/// A row as its source has it, every value as text; what the source lacks or has as NULL is `None`.
pub(crate) struct SourceRow {
    /// The id, line or record.
    pub(crate) place: i64,
    pub(crate) id: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) password: Option<Zeroizing<String>>,
    pub(crate) role: Option<String>,
    pub(crate) active: Option<String>,
}

/// A row that is not adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// The id, line or record.
    pub place: i64,
    /// The name as found, at most 100 characters of it.
    pub username: Option<String>,
    /// Why, at most 255 characters.
    pub reason: String,
}

impl Reject {
    const USERNAME_CHARS: usize = 100;
    const REASON_CHARS: usize = 255;

    pub(crate) fn new(place: i64, username: Option<&str>, reason: impl Into<String>) -> Self {
        Self {
            place,
            username: username.map(|name| cut(name, Self::USERNAME_CHARS)),
            reason: cut(&reason.into(), Self::REASON_CHARS),
        }
    }
}

impl From<(i64, Option<String>, String)> for Reject {
    fn from((place, username, reason): (i64, Option<String>, String)) -> Self {
        Self {
            place,
            username,
            reason,
        }
    }
}

/// NUL is cut out too: SQLite would end the text there.
fn cut(text: &str, chars: usize) -> String {
    text.chars().filter(|c| *c != '\0').take(chars).collect()
}

/// A user to be added.
pub(crate) struct Adoptable {
    /// The id, line or record.
    pub(crate) place: i64,
    /// The number it keeps; a new one without.
    pub(crate) id: Option<i64>,
    pub(crate) username: Username,
    pub(crate) role: Role,
    pub(crate) disabled: bool,
    pub(crate) form: StoredForm,
    pub(crate) password: AdoptedPassword,
}

/// What is stored for a user.
pub(crate) enum AdoptedPassword {
    /// As it was found.
    Kept(Zeroizing<String>),
    /// The password itself, which has to be hashed.
    Plaintext(Zeroizing<String>),
    /// A fresh hash of the password that was found.
    Hashed {
        found: Zeroizing<String>,
        hash: Zeroizing<String>,
    },
}

/// The rules of a plan for its rows.
pub(crate) struct RowRules {
    mode: Mode,
    numbered: bool,
    role: RoleSource,
    passwords: PasswordRules,
    accepted: AcceptedForms,
}

/// What fits our `users.password`.
const MOST_STORED_CHARS: usize = 255;

impl RowRules {
    pub(crate) fn new(plan: &Plan, accepted: AcceptedForms) -> Self {
        Self {
            mode: plan.mode,
            numbered: plan.users.id.is_some(),
            role: plan.users.role.clone(),
            passwords: plan.passwords.clone(),
            accepted,
        }
    }

    /// Decides on one row.
    ///
    /// # Errors
    /// The [`Reject`] for the report.
    pub(crate) fn judge(&self, row: SourceRow) -> Result<Adoptable, Reject> {
        let place = row.place;
        let name = row.username;
        let reject = |reason: String| Reject::new(place, name.as_deref(), reason);
        let id = match (self.numbered, &row.id) {
            (false, _) => None,
            (true, None) => return Err(reject("it has no id".to_owned())),
            (true, Some(text)) => Some(number(text).map_err(&reject)?),
        };
        let Some(text) = name.as_deref() else {
            return Err(reject("it has no user name".to_owned()));
        };
        let username = Username::parse(text).map_err(|error| reject(error.to_string()))?;
        let stored = match row.password {
            Some(stored) if !stored.is_empty() => stored,
            _ => return Err(reject("it has no password".to_owned())),
        };
        let form = StoredForm::of(&stored, &self.accepted);
        let password = self.password(form, stored).map_err(&reject)?;
        Ok(Adoptable {
            place,
            id,
            role: self.role(row.role.as_deref()),
            // In place the column itself is read at each login.
            disabled: self.mode == Mode::Copy && row.active.as_deref().is_some_and(is_false),
            username,
            form,
            password,
        })
    }

    fn password(
        &self,
        form: StoredForm,
        stored: Zeroizing<String>,
    ) -> Result<AdoptedPassword, String> {
        let why_not = match form {
            StoredForm::Accepted(_) => None,
            StoredForm::Unknown if self.passwords.plaintext == PlaintextRule::Hash => {
                return if Password::parse(stored.as_str()).is_ok() {
                    Ok(AdoptedPassword::Plaintext(stored))
                } else {
                    Err("its password is too long to be hashed".to_owned())
                };
            }
            StoredForm::Unknown => Some("its password is in no known format".to_owned()),
            StoredForm::Refused(error) => Some(error.to_string()),
        };
        if let Some(reason) = why_not
            && self.passwords.unknown == UnknownHashRule::Reject
        {
            return Err(reason);
        }
        if self.mode == Mode::Copy && stored.chars().nth(MOST_STORED_CHARS).is_some() {
            return Err(format!(
                "its stored password has more than {MOST_STORED_CHARS} characters"
            ));
        }
        Ok(AdoptedPassword::Kept(stored))
    }

    fn role(&self, value: Option<&str>) -> Role {
        match &self.role {
            RoleSource::Always { always } => Role::parse(always).unwrap_or_else(|_| Role::user()),
            RoleSource::Flag { .. } if value.is_some_and(is_true) => Role::admin(),
            RoleSource::Flag { .. } => Role::user(),
            RoleSource::Column { admin, .. } => match value {
                Some(value) if admin.iter().any(|admin| admin == value) => Role::admin(),
                // `admin` by name is an administrator only where the plan lists it.
                Some(value) if value == Role::ADMIN => Role::user(),
                Some(value) => Role::parse(value).unwrap_or_else(|_| Role::user()),
                None => Role::user(),
            },
        }
    }
}

fn number(text: &str) -> Result<i64, String> {
    let id: i64 = text
        .trim()
        .parse()
        .map_err(|_| format!("its id {:?} is no whole number", cut(text, 40)))?;
    if UserId::FITTING.contains(&id) {
        Ok(id)
    } else {
        let most = UserId::FITTING.end();
        Err(format!("its id {id} is outside 1 to {most}"))
    }
}

/// 1, true, t, yes, y and on, in any case, and every other number but 0.
fn is_true(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    matches!(value.as_str(), "true" | "t" | "yes" | "y" | "on")
        || value.parse::<f64>().is_ok_and(|number| number != 0.0)
}

/// 0, false, f, no, n and off, in any case. What is neither true nor false leaves the account usable.
fn is_false(value: &str) -> bool {
    let value = value.trim().to_ascii_lowercase();
    matches!(value.as_str(), "false" | "f" | "no" | "n" | "off")
        || value.parse::<f64>().is_ok_and(|number| number == 0.0)
}

#[cfg(test)]
mod tests;

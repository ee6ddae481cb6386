//! What is in the rows: counts, and the first few places of what is odd.

use std::collections::{BTreeMap, HashMap};

use super::{
    fingerprints::{Fingerprints, Repeated},
    hash_form::HashForm,
    plain_text::PlainText,
    rows::RawRow,
};
use crate::{
    adoption::RoleSource,
    password::{AcceptedForms, KdfMemory, Password, PasswordHash},
    role::Role,
    username::{InvalidUsername, Username},
};

/// The accounts that the lecture prints (programs 4, 5 and 8), and their passwords.
const LECTURE_ACCOUNTS: [(&str, &str); 3] = [
    ("alice", "alice123"),
    ("bob", "bobpassword"),
    ("admin", "secret123"),
];

/// How many hashes of the lecture's accounts are computed, at most: a table can hold many of these names.
const COMPUTED: u32 = 6;

/// A count with the first few places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// How many rows.
    pub count: u64,
    /// Ids or row numbers of the first.
    pub first: Vec<String>,
}

impl Places {
    const TOLD: usize = 5;

    pub(super) fn add(&mut self, row: &RawRow) {
        self.count += 1;
        if self.first.len() < Self::TOLD {
            self.first.push(row.place());
        }
    }
}

/// What was counted over all rows.
#[derive(Debug)]
pub struct Census {
    accepted: AcceptedForms,
    width: Option<u32>,
    role: RoleSource,
    fingerprints: Fingerprints,
    memory: KdfMemory,
    computed: u32,
    plain_text: PlainText,
    /// Rows.
    pub rows: u64,
    /// Rows with a name that we take and a hash that we verify.
    pub verified: u64,
    /// Rows with a name that we take and a password in no known form.
    pub in_the_clear: u64,
    /// Stored passwords by form.
    pub forms: HashMap<HashForm, u64>,
    /// Damaged hashes that are exactly as long as their column is wide.
    pub cut_off: Places,
    /// Names of the lecture's accounts that have the lecture's password.
    pub test_accounts: Vec<String>,
    /// Stored passwords that are a password of the lecture in the clear.
    pub lecture_passwords: Places,
    /// Rows without a name.
    pub nameless: Places,
    /// Names that we refuse, by the rule they break.
    pub refused_names: BTreeMap<&'static str, Places>,
    /// Rows by role, at most 50 of them.
    pub roles: BTreeMap<String, u64>,
    /// Rows with a role that cannot be one.
    pub odd_roles: Places,
    /// Rows whose id is no number, or none that we can have (1 to 2147483647).
    pub odd_ids: Places,
    /// Rows that may not log in.
    pub inactive: u64,
}

impl Census {
    const ROLES: usize = 50;

    pub(super) fn new(accepted: AcceptedForms, width: Option<u32>, role: RoleSource) -> Self {
        Self {
            accepted,
            width,
            role,
            fingerprints: Fingerprints::default(),
            memory: KdfMemory::new(0),
            computed: 0,
            plain_text: PlainText::default(),
            rows: 0,
            verified: 0,
            in_the_clear: 0,
            forms: HashMap::new(),
            cut_off: Places::default(),
            test_accounts: Vec::new(),
            lecture_passwords: Places::default(),
            nameless: Places::default(),
            refused_names: BTreeMap::new(),
            roles: BTreeMap::new(),
            odd_roles: Places::default(),
            odd_ids: Places::default(),
            inactive: 0,
        }
    }

    pub(super) fn add(&mut self, row: &RawRow) {
        self.rows += 1;
        self.add_id(row);
        let name = self.add_name(row);
        self.add_password(row, name.as_ref());
        self.add_role(row);
        if row.active.as_deref().is_some_and(|text| !is_true(text)) {
            self.inactive += 1;
        }
    }

    fn add_id(&mut self, row: &RawRow) {
        let Some(id) = &row.id else { return };
        let number = std::str::from_utf8(id)
            .ok()
            .and_then(|text| text.parse::<i64>().ok());
        if !number.is_some_and(|id| (1..=i64::from(i32::MAX)).contains(&id)) {
            self.odd_ids.add(row);
        }
    }

    fn add_name(&mut self, row: &RawRow) -> Option<Username> {
        let Some(name) = row.name.as_deref().filter(|name| !name.is_empty()) else {
            self.nameless.add(row);
            return None;
        };
        let refused = match std::str::from_utf8(name).map(Username::parse) {
            Ok(Ok(name)) => {
                self.fingerprints.add(name.key());
                return Some(name);
            }
            Ok(Err(reason)) => rule(reason),
            Err(_) => "no UTF-8 text",
        };
        self.refused_names.entry(refused).or_default().add(row);
        None
    }

    fn add_password(&mut self, row: &RawRow, name: Option<&Username>) {
        let form = HashForm::of(row.password.as_deref(), &self.accepted);
        *self.forms.entry(form).or_default() += 1;
        if name.is_some() {
            self.verified += u64::from(form.is_accepted());
            self.in_the_clear += u64::from(form == HashForm::Unknown);
        }
        let text = row.password.as_deref().map(String::from_utf8_lossy);
        let Some(text) = text else { return };
        if form == HashForm::Unknown {
            self.plain_text.add(&text);
        }
        let chars = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        if form == HashForm::Damaged && self.width == Some(chars) {
            self.cut_off.add(row);
        }
        if form == HashForm::Unknown && LECTURE_ACCOUNTS.iter().any(|(_, known)| *known == text) {
            self.lecture_passwords.add(row);
        }
        if let Some(name) = name.filter(|_| form.is_accepted()) {
            self.try_lecture_password(name, &text);
        }
    }

    /// Whether a hash is the lecture's own account's. Only three names are looked at.
    fn try_lecture_password(&mut self, name: &Username, stored: &str) {
        let known = LECTURE_ACCOUNTS
            .iter()
            .find(|(known, _)| *known == name.as_str());
        let Some((account, known)) = known.filter(|_| self.computed < COMPUTED) else {
            return;
        };
        self.computed += 1;
        let hash = PasswordHash::parse_with(stored, &self.accepted);
        if let (Ok(hash), Ok(password)) = (hash, Password::parse(*known))
            && hash.verify(&password, &mut self.memory).unwrap_or(false)
        {
            self.test_accounts.push((*account).to_owned());
        }
    }

    fn add_role(&mut self, row: &RawRow) {
        let role = match (&self.role, row.role.as_deref()) {
            (RoleSource::Always { always }, _) => always.clone(),
            (RoleSource::Flag { .. }, value) => {
                let is_admin = value.is_some_and(is_true);
                (if is_admin { Role::ADMIN } else { Role::USER }).to_owned()
            }
            (RoleSource::Column { .. }, None) => return self.odd_roles.add(row),
            (RoleSource::Column { .. }, Some(value)) => {
                match std::str::from_utf8(value).map(Role::parse) {
                    Ok(Ok(role)) => role.as_str().to_owned(),
                    _ => return self.odd_roles.add(row),
                }
            }
        };
        if self.roles.len() < Self::ROLES || self.roles.contains_key(&role) {
            *self.roles.entry(role).or_default() += 1;
        }
    }

    /// Whether the passwords in no known form are the passwords themselves.
    pub(super) fn is_plain_text(&self) -> bool {
        self.plain_text.was_typed()
    }

    pub(super) fn repeated(&mut self) -> Repeated {
        std::mem::take(&mut self.fingerprints).repeated()
    }

    /// How many rows have a stored password of which `wanted` is true.
    pub fn count(&self, wanted: impl Fn(HashForm) -> bool) -> u64 {
        let counts = self.forms.iter().filter(|(form, _)| wanted(**form));
        counts.map(|(_, count)| count).sum()
    }

    /// The forms, the most frequent first.
    #[must_use]
    pub fn forms(&self) -> Vec<(HashForm, u64)> {
        let mut forms: Vec<_> = self
            .forms
            .iter()
            .map(|(form, count)| (*form, *count))
            .collect();
        forms.sort_by_key(|(form, count)| (std::cmp::Reverse(*count), form.to_string()));
        forms
    }
}

/// Whether a value means true: what databases and people write for it.
fn is_true(text: &[u8]) -> bool {
    !matches!(
        text.to_ascii_lowercase().as_slice(),
        b"" | b"0" | b"false" | b"f" | b"no" | b"n" | b"off"
    )
}

fn rule(reason: InvalidUsername) -> &'static str {
    match reason {
        InvalidUsername::Empty => "empty",
        InvalidUsername::TooLong => "longer than 50 characters",
        InvalidUsername::SurroundingSpace => "white space at an end",
        InvalidUsername::InvisibleCharacter => "characters that cannot be seen",
    }
}

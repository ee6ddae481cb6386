//! What forms the stored passwords have now.

use super::{AdoptionError, Columns, Identifier, Plan, RoleSource, StoredForm};
use crate::{
    password::AcceptedForms,
    store::{Database, ForeignTable, FormCounts},
};

/// Rows of one `SELECT`.
const PAGE: i64 = 2048;

/// Counts the stored passwords of the users by form: of the application's table when the plan is in place, of our own
/// when it is a copy. Rows without a password are counted as `none`. One page is in memory at a time.
///
/// # Errors
/// [`AdoptionError`].
pub async fn census(
    database: &Database,
    plan: &Plan,
    accepted: &AcceptedForms,
) -> Result<FormCounts, AdoptionError> {
    let columns = match plan.mode {
        super::Mode::InPlace => plan.users.clone(),
        super::Mode::Copy => ours()?,
    };
    let table = ForeignTable::open(database.reading(), &columns).await?;
    let mut forms = FormCounts::new();
    let mut after = i64::MIN;
    loop {
        let page = table.page(after, i64::MAX, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(forms);
        };
        let id = last
            .0
            .as_deref()
            .and_then(|id| std::str::from_utf8(id).ok());
        after = id
            .and_then(|id| id.parse().ok())
            .ok_or(AdoptionError::IdOutOfRange)?;
        for row in page {
            let stored = row.2.map(zeroize::Zeroizing::new);
            let text = stored.as_ref().map(|bytes| std::str::from_utf8(bytes));
            let form = match text {
                None | Some(Ok("")) => "none".to_owned(),
                Some(Ok(text)) => StoredForm::of(text, accepted).to_string(),
                Some(Err(_)) => StoredForm::Unknown.to_string(),
            };
            *forms.entry(form).or_default() += 1;
        }
    }
}

fn ours() -> Result<Columns, AdoptionError> {
    let name = |name: &str| Identifier::parse(name).map_err(|_| AdoptionError::TableNotNamed);
    Ok(Columns {
        table: Some(name("users")?),
        id: Some(name("id")?),
        username: name("username")?,
        password: name("password")?,
        active: None,
        role: RoleSource::Always {
            always: crate::role::Role::USER.to_owned(),
        },
        fill: std::collections::BTreeMap::new(),
    })
}

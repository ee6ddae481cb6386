//! A table of somebody else's, read page by page along its number, or once through when it has none.

use std::sync::Arc;

use futures_util::TryStreamExt as _;
use tokio::sync::mpsc;
use zeroize::Zeroizing;

use super::super::{AdoptionError, Reject, RowRules, SourceRow};
use super::batch::Batcher;
use super::{AHEAD, Batch, Batches};
use crate::store::{ForeignRow, ForeignTable};

/// Rows of one `SELECT`.
const PAGE: i64 = 2048;

/// Starts reading behind `position`, which is an id.
pub(crate) fn spawn(table: ForeignTable, rules: Arc<RowRules>, position: i64) -> Batches {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let result = if table.number().is_some() {
            by_number(&table, &rules, position, &sender).await
        } else {
            once_through(&table, &rules, position, &sender).await
        };
        if let Err(error) = result {
            let _ = sender.send(Err(error)).await;
        }
    });
    receiver
}

type Sender = mpsc::Sender<Result<Batch, AdoptionError>>;

async fn by_number(
    table: &ForeignTable,
    rules: &RowRules,
    position: i64,
    sender: &Sender,
) -> Result<(), AdoptionError> {
    let mut batcher = Batcher::new(rules, position);
    let (mut after, mut read) = (position, 0);
    loop {
        let page = table
            .page(after, i64::MAX, PAGE)
            .await
            .map_err(AdoptionError::Source)?;
        if page.is_empty() {
            break;
        }
        for row in page {
            let place = place_of(&row)?;
            after = place;
            read += 1;
            if let Some(batch) = batcher.add(place, texts(place, row), read)
                && sender.send(Ok(batch)).await.is_err()
            {
                return Ok(());
            }
        }
    }
    if let Some(batch) = batcher.rest() {
        let _ = sender.send(Ok(batch)).await;
    }
    Ok(())
}

/// The place of a row is its number in the primary key's order.
async fn once_through(
    table: &ForeignTable,
    rules: &RowRules,
    position: i64,
    sender: &Sender,
) -> Result<(), AdoptionError> {
    let mut batcher = Batcher::new(rules, position);
    let mut rows = table.stream();
    let (mut place, mut read) = (0, 0);
    while let Some(row) = rows.try_next().await.map_err(AdoptionError::Source)? {
        place += 1;
        read += 1;
        if let Some(batch) = batcher.add(place, texts(place, row), read)
            && sender.send(Ok(batch)).await.is_err()
        {
            return Ok(());
        }
    }
    if let Some(batch) = batcher.rest() {
        let _ = sender.send(Ok(batch)).await;
    }
    Ok(())
}

/// The rows of one batch once more, as they are now.
///
/// # Errors
/// [`AdoptionError`].
pub(crate) async fn read_between(
    table: &ForeignTable,
    rules: &RowRules,
    after: i64,
    last: i64,
) -> Result<Batch, AdoptionError> {
    let mut batch = Batch {
        end: last,
        rows: Vec::new(),
        rejects: Vec::new(),
        seen: 0,
        read: 0,
    };
    let page = table
        .page(after, last, i64::MAX)
        .await
        .map_err(AdoptionError::Source)?;
    for row in page {
        let place = place_of(&row)?;
        match texts(place, row).and_then(|row| rules.judge(row)) {
            Ok(row) => batch.rows.push(row),
            Err(reject) => batch.rejects.push(reject),
        }
    }
    Ok(batch)
}

fn place_of(row: &ForeignRow) -> Result<i64, AdoptionError> {
    let text = row.0.as_deref().and_then(|id| std::str::from_utf8(id).ok());
    text.and_then(|id| id.parse().ok())
        .ok_or(AdoptionError::IdOutOfRange)
}

fn texts(place: i64, row: ForeignRow) -> Result<SourceRow, Reject> {
    let (id, username, password, role, active) = row;
    let text = |value: Option<Vec<u8>>, what: &str| match value.map(String::from_utf8) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(error)) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Reject::new(place, None, format!("its {what} is not UTF-8")))
        }
    };
    Ok(SourceRow {
        place,
        id: text(id, "id")?,
        username: text(username, "user name")?,
        password: text(password, "password")?.map(Zeroizing::new),
        role: text(role, "role")?,
        active: text(active, "active mark")?,
    })
}

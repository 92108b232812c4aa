//! A row of the outbox.

use serde_json::{Value, json};
use sqlx::{Row, any::AnyRow};
use uuid::Uuid;
use waxseal_session::Timestamp;
use waxseal_session_sqlx::DatabaseError;

use super::users::parse_column;
use crate::domain::{Email, MailContent, UserId};

/// The kind of a mail that can't be read.
pub const UNKNOWN_KIND: &str = "unknown";

pub(super) const COLUMNS: &str = "id, kind, user_id, address AS recipient, data, created_at, due_at, attempts, dead_at, \
                       failed_at, last_error";

/// A mail in the outbox.
#[derive(Debug, Clone)]
pub struct QueuedMail {
    /// Its id, also of its Message-ID.
    pub id: Uuid,
    /// What kind of mail it is.
    pub kind: String,
    /// The recipient.
    pub to: Email,
    /// The user it is about.
    pub user_id: Option<UserId>,
    /// What it tells; `None` if a later version of waxseal wrote it, or it is damaged.
    pub content: Option<MailContent>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// The next attempt to send it.
    pub due_at: Timestamp,
    /// The attempts so far.
    pub attempts: i64,
    /// When it is no longer useful.
    pub dead_at: Timestamp,
    /// When it was given up.
    pub failed_at: Option<Timestamp>,
    /// Why the latest attempt failed.
    pub last_error: Option<String>,
}

impl QueuedMail {
    /// The kind, for metrics and the log: one of a fixed number.
    pub fn known_kind(&self) -> &'static str {
        self.content.as_ref().map_or(UNKNOWN_KIND, MailContent::kind)
    }
}

/// One that can't be read keeps no other from being sent.
pub(super) fn read_all(rows: &[AnyRow]) -> Vec<QueuedMail> {
    let mails = rows.iter().map(read);
    mails.filter_map(|mail| mail.inspect_err(|error| log::error!("outbox: {error}")).ok()).collect()
}

fn read(row: &AnyRow) -> Result<QueuedMail, DatabaseError> {
    let time = |column| Ok::<_, DatabaseError>(Timestamp::from_unix(row.try_get(column)?));
    let kind: String = row.try_get("kind")?;
    Ok(QueuedMail {
        id: parse_column(row, "id", "mail id")?,
        to: Email::from_stored(row.try_get("recipient")?),
        user_id: row.try_get::<Option<&str>, _>("user_id")?.and_then(|id| id.parse().ok()),
        content: read_content(&kind, row.try_get("data")?),
        kind,
        created_at: time("created_at")?,
        due_at: time("due_at")?,
        attempts: row.try_get("attempts")?,
        dead_at: time("dead_at")?,
        failed_at: row.try_get::<Option<i64>, _>("failed_at")?.map(Timestamp::from_unix),
        last_error: row.try_get("last_error")?,
    })
}

fn read_content(kind: &str, data: &str) -> Option<MailContent> {
    let data: Value = serde_json::from_str(data).ok()?;
    let mut content = json!({ "kind": kind });
    if !data.is_null() {
        content.as_object_mut()?.insert("data".to_owned(), data);
    }
    serde_json::from_value(content).ok()
}

//! What the nodes on one PostgreSQL tell each other the moment it is committed: which sessions are
//! revoked. NOTIFY goes out with the transaction; `listener` hears it.
//!
//! It is an acceleration and nothing more. What a notification would have said, the next poll of
//! the feed finds as well.

use super::super::{error::DatabaseError, rows::RevokedSession, transactions::WriteTransaction};
use crate::{clock::Timestamp, session::SessionId};

pub(super) const CHANNEL: &str = "waxseal_revocations";

/// How many sessions one notification names. PostgreSQL lets it have 7,999 bytes; a session takes
/// 35 at most.
const BATCH: usize = 200;

/// Has the commit of this transaction tell every node that these sessions are revoked. On SQLite
/// there is no one to tell.
pub(in super::super) async fn announce(
    transaction: &mut WriteTransaction,
    revoked: &[RevokedSession],
) -> Result<(), DatabaseError> {
    if !transaction.is_postgres {
        return Ok(());
    }
    for batch in revoked.chunks(BATCH) {
        let entries: Vec<String> = batch.iter().map(entry).collect();
        let notify = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL);
        transaction.execute(notify.bind(entries.join(" "))).await?;
    }
    Ok(())
}

fn entry(session: &RevokedSession) -> String {
    format!("{}:{}", session.id, session.expires_at.as_unix())
}

/// The sessions that a notification names. What does not read like one was sent by a later
/// version; the next poll finds what it meant.
pub(super) fn entries(payload: &str) -> Vec<RevokedSession> {
    let read = |entry: &str| {
        let (id, expires_at) = entry.split_once(':')?;
        let id: SessionId = id.parse().ok()?;
        Some(RevokedSession { id, expires_at: Timestamp::from_unix(expires_at.parse().ok()?) })
    };
    payload.split(' ').filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_names_sessions_and_fits() {
        let session = || RevokedSession { id: SessionId::random(), expires_at: Timestamp::MAX };
        let sessions: Vec<RevokedSession> = (0..BATCH).map(|_| session()).collect();
        let payload = sessions.iter().map(entry).collect::<Vec<_>>().join(" ");
        assert!(payload.len() < 8000, "{}", payload.len());
        let heard = entries(&payload);
        assert_eq!(heard.len(), sessions.len());
        assert_eq!((heard[7].id, heard[7].expires_at), (sessions[7].id, Timestamp::MAX));
        assert!(entries("hello 1").is_empty());
        assert!(entries("").is_empty());
    }
}

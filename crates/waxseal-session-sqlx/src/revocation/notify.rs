//! Announces revocations to the other nodes on PostgreSQL (NOTIFY), sent with the commit.
//!
//! This only makes the feed faster: if a notification is lost, the next poll finds the revocation.

use waxseal_session::{SessionId, Timestamp};

use crate::{
    database::DatabaseError, database::transactions::WriteTransaction, session_info::RevokedSession,
};

pub(super) const CHANNEL: &str = "waxseal_revocations";

/// Sessions per notification. PostgreSQL allows 7,999 bytes; a session takes at most 35.
const BATCH: usize = 200;

/// Notifies every node of these revocations when the transaction commits. Does nothing on SQLite.
pub(crate) async fn announce(
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

/// Parses a notification. It skips entries in the format of a later version; the next poll finds them.
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
    fn a_full_batch_fits_into_a_notification_and_parses_back() {
        let session = || RevokedSession { id: SessionId::random(), expires_at: Timestamp::MAX };
        let sessions: Vec<RevokedSession> = (0..BATCH).map(|_| session()).collect();
        let payload = sessions.iter().map(entry).collect::<Vec<_>>().join(" ");
        assert!(payload.len() < 8000, "{}", payload.len());
        let parsed = entries(&payload);
        assert_eq!(parsed.len(), sessions.len());
        assert_eq!((parsed[7].id, parsed[7].expires_at), (sessions[7].id, Timestamp::MAX));
        assert!(entries("hello 1").is_empty());
        assert!(entries("").is_empty());
    }
}

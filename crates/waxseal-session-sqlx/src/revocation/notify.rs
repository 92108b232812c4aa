//! Announces revocations to the other nodes on PostgreSQL (NOTIFY), sent with the commit.
//!
//! This only makes the feed faster: if a notification is lost, the next poll finds the revocation.

use waxseal_session::{Replacement, Revocation, Timestamp};

use crate::database::{DatabaseConnection, DatabaseError};

pub(super) const CHANNEL: &str = "waxseal_revocations";

/// Sessions per notification. PostgreSQL allows 7,999 bytes; a session takes at most 72.
const BATCH: usize = 100;

/// Notifies every node of these revocations when the transaction commits. Does nothing on SQLite.
pub(crate) async fn announce(
    connection: &mut DatabaseConnection<'_>,
    revoked: &[Revocation],
) -> Result<(), DatabaseError> {
    if !connection.is_postgres {
        return Ok(());
    }
    for batch in revoked.chunks(BATCH) {
        let entries: Vec<String> = batch.iter().map(entry).collect();
        let notify = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL);
        connection.execute(notify.bind(entries.join(" "))).await?;
    }
    Ok(())
}

/// `id:expires_at`, and of a replaced session `id:expires_at:by:at`.
fn entry(revocation: &Revocation) -> String {
    let Revocation { id, expires_at, replaced } = revocation;
    let entry = format!("{id}:{}", expires_at.as_unix());
    match replaced {
        Some(Replacement { by, at }) => format!("{entry}:{by}:{}", at.as_unix()),
        None => entry,
    }
}

/// Parses a notification. It skips entries in the format of a later version; the next poll finds them.
pub(super) fn entries(payload: &str) -> impl Iterator<Item = Revocation> {
    payload.split(' ').filter_map(parse)
}

fn parse(entry: &str) -> Option<Revocation> {
    let time = |seconds: &str| seconds.parse().ok().map(Timestamp::from_unix);
    let fields: Vec<&str> = entry.split(':').collect();
    let (id, expires_at, replaced) = match fields[..] {
        [id, expires_at] => (id, expires_at, None),
        [id, expires_at, by, at] => {
            (id, expires_at, Some(Replacement { by: by.parse().ok()?, at: time(at)? }))
        }
        _ => return None,
    };
    Some(Revocation { id: id.parse().ok()?, expires_at: time(expires_at)?, replaced })
}

#[cfg(test)]
mod tests {
    use waxseal_session::SessionId;

    use super::*;

    #[test]
    fn a_full_batch_fits_into_a_notification_and_parses_back() {
        let session = |number: usize| {
            let replaced = Replacement { by: SessionId::random(), at: Timestamp::MAX };
            let replaced = (number > 0).then_some(replaced);
            Revocation { id: SessionId::random(), expires_at: Timestamp::MAX, replaced }
        };
        let sessions: Vec<Revocation> = (0..BATCH).map(session).collect();
        let payload = sessions.iter().map(entry).collect::<Vec<_>>().join(" ");
        assert!(payload.len() < 8000, "{}", payload.len());
        assert_eq!(entries(&payload).collect::<Vec<_>>(), sessions);
        for other in ["hello 1", "", "a:b", "AAAAAAAAAAAAAAAAAAAAAA:1:2"] {
            assert_eq!(entries(other).count(), 0, "{other}");
        }
    }
}

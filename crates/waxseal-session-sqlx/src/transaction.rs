//! A transaction that creates and revokes sessions together with an app's own changes.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, any::AnyRow};
use waxseal_session::{Clock, SessionId, SessionRecord, telemetry};

use crate::{
    client::Client,
    database::DatabaseError,
    database::transactions::{SqlQuery, WriteTransaction},
    revocation::{RevocationFeed, announce},
    session_info::RevokedSession,
    store::SqlSessionStore,
};

/// A write transaction that creates and revokes sessions together with an app's own SQL. It rolls back
/// if it is dropped before [`commit`](Self::commit).
///
/// To avoid deadlocks, lock your own rows before you call [`create`](Self::create) or
/// [`revoke_all`](Self::revoke_all).
pub struct SessionTransaction {
    transaction: WriteTransaction,
    clock: Clock,
    feed: Arc<RevocationFeed>,
    created: usize,
    revoked: Vec<RevokedSession>,
}

impl SqlSessionStore {
    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// If the database fails, or the write lock is not free within three seconds.
    pub async fn begin(&self) -> Result<SessionTransaction, DatabaseError> {
        Ok(SessionTransaction {
            transaction: self.database.write().await?,
            clock: self.clock.clone(),
            feed: Arc::clone(&self.feed),
            created: 0,
            revoked: Vec::new(),
        })
    }
}

impl SessionTransaction {
    /// Runs a statement. Returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up.
    pub async fn execute(&mut self, query: SqlQuery<'_>) -> Result<u64, DatabaseError> {
        self.transaction.execute(query).await
    }

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up.
    pub async fn fetch_all(&mut self, query: SqlQuery<'_>) -> Result<Vec<AnyRow>, DatabaseError> {
        self.transaction.fetch_all(query).await
    }

    /// Runs a statement and returns its first row, if any.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up.
    pub async fn fetch_optional(
        &mut self,
        query: SqlQuery<'_>,
    ) -> Result<Option<AnyRow>, DatabaseError> {
        self.transaction.fetch_optional(query).await
    }

    /// Creates a session; `user_id` is `None` if no user is logged in.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn create(
        &mut self,
        session: &SessionRecord,
        user_id: Option<&str>,
        client: Option<&Client>,
    ) -> Result<(), DatabaseError> {
        if let Some(user_id) = user_id {
            self.lock_user(user_id).await?;
        }
        let query = sqlx::query(
            "INSERT INTO waxseal_sessions
                (id, user_id, state, auth_time, last_seen, expires_at, address, user_agent)
             VALUES ($1, $2, $3, $4, $4, $5, $6, $7)",
        )
        .bind(session.id.to_string())
        .bind(user_id)
        .bind(session.state.to_json())
        .bind(session.auth_time.as_unix())
        .bind(session.expires_at.as_unix())
        .bind(client.map(|client| client.address.as_str()))
        .bind(client.map(|client| client.user_agent.as_str()));
        self.execute(query).await?;
        self.created += 1;
        Ok(())
    }

    /// Revokes a session; `None` if it has already been revoked or does not exist.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn revoke(
        &mut self,
        id: &SessionId,
    ) -> Result<Option<RevokedSession>, DatabaseError> {
        let query = sqlx::query(
            "UPDATE waxseal_sessions SET revoked_at = $1
             WHERE id = $2 AND revoked_at IS NULL RETURNING id, expires_at",
        )
        .bind(self.clock.now().as_unix())
        .bind(id.to_string());
        self.note_revoked_row(query).await
    }

    /// Revokes a session if it is this user's.
    pub(super) async fn revoke_of(
        &mut self,
        user_id: &str,
        id: &SessionId,
    ) -> Result<Option<RevokedSession>, DatabaseError> {
        let query = sqlx::query(
            "UPDATE waxseal_sessions SET revoked_at = $1
             WHERE id = $2 AND user_id = $3 AND revoked_at IS NULL RETURNING id, expires_at",
        )
        .bind(self.clock.now().as_unix())
        .bind(id.to_string())
        .bind(user_id);
        self.note_revoked_row(query).await
    }

    /// Revokes the session of a valid cookie, and inserts its row if it is missing. It may be missing in a
    /// database restored from a backup, and the revocation must be stored even then.
    pub(super) async fn insert_revoked(
        &mut self,
        session: &SessionRecord,
    ) -> Result<(), DatabaseError> {
        let query = sqlx::query(
            "INSERT INTO waxseal_sessions
                (id, state, auth_time, last_seen, expires_at, revoked_at)
             VALUES ($1, '{}', $2, $2, $3, $4)
             ON CONFLICT (id) DO UPDATE
                SET revoked_at = COALESCE(waxseal_sessions.revoked_at, $4)
             RETURNING id, expires_at",
        )
        .bind(session.id.to_string())
        .bind(session.auth_time.as_unix())
        .bind(session.expires_at.as_unix())
        .bind(self.clock.now().as_unix());
        self.note_revoked_row(query).await.map(drop)
    }

    /// Revokes all sessions of a user except `except`. This includes expired sessions: they could be valid
    /// again if the clock is set back.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn revoke_all(
        &mut self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<Vec<RevokedSession>, DatabaseError> {
        self.lock_user(user_id).await?;
        let except = except.map(ToString::to_string);
        let but = if except.is_some() { "AND id <> $2" } else { "" };
        if self.transaction.is_postgres {
            // Locks rows in the order in which last-seen times are written, so that the two don't deadlock.
            let lock = format!(
                r#"SELECT id FROM waxseal_sessions WHERE user_id = $1 AND revoked_at IS NULL {but}
                   ORDER BY id COLLATE "C" FOR UPDATE"#
            );
            let mut lock = sqlx::query(AssertSqlSafe(lock)).bind(user_id);
            if let Some(except) = &except {
                lock = lock.bind(except.as_str());
            }
            self.fetch_all(lock).await?;
        }
        let at = if except.is_some() { "$3" } else { "$2" };
        let revoke = format!(
            "UPDATE waxseal_sessions SET revoked_at = {at}
             WHERE user_id = $1 AND revoked_at IS NULL {but} RETURNING id, expires_at"
        );
        let mut revoke = sqlx::query(AssertSqlSafe(revoke)).bind(user_id);
        if let Some(except) = &except {
            revoke = revoke.bind(except.as_str());
        }
        let rows = self.fetch_all(revoke.bind(self.clock.now().as_unix())).await?;
        let revoked: Vec<_> = rows.iter().map(RevokedSession::read).collect::<Result<_, _>>()?;
        self.revoked.extend_from_slice(&revoked);
        Ok(revoked)
    }

    /// Erases the addresses and user agents of a user's sessions. The rows stay until the sessions have
    /// expired, because they hold the revocations.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn erase_personal_data(&mut self, user_id: &str) -> Result<(), DatabaseError> {
        let query = sqlx::query(
            "UPDATE waxseal_sessions SET address = NULL, user_agent = NULL WHERE user_id = $1",
        )
        .bind(user_id);
        self.execute(query).await.map(drop)
    }

    /// Commits, notifies the other nodes of the revocations and adds them to this node's list. This runs
    /// in a task of its own, so that the list matches the database even if the caller is dropped.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        let Self { mut transaction, feed, created, revoked, .. } = self;
        let committing = async move {
            announce(&mut transaction, &revoked).await?;
            transaction.commit().await?;
            feed.insert(&revoked);
            telemetry::sessions_revoked(revoked.len());
            (0..created).for_each(|_| telemetry::session_created());
            Ok(())
        };
        tokio::spawn(committing).await?
    }

    /// Keeps other transactions from creating or revoking this user's sessions until this one ends. To
    /// avoid deadlocks, call it before locking the row of a session. SQLite needs no lock: it has one
    /// writer at a time.
    pub(super) async fn lock_user(&mut self, user_id: &str) -> Result<(), DatabaseError> {
        if !self.transaction.is_postgres {
            return Ok(());
        }
        let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(user_lock(user_id));
        self.execute(lock).await.map(drop)
    }

    async fn note_revoked_row(
        &mut self,
        query: SqlQuery<'_>,
    ) -> Result<Option<RevokedSession>, DatabaseError> {
        let row = self.fetch_optional(query).await?;
        let revoked = row.as_ref().map(RevokedSession::read).transpose()?;
        self.revoked.extend(revoked);
        Ok(revoked)
    }
}

/// The key of a user's advisory lock.
fn user_lock(user_id: &str) -> i64 {
    let digest = Sha256::new().chain_update("waxseal session ").chain_update(user_id).finalize();
    let (first, _) = digest.split_at(8);
    first.iter().fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_key_is_the_first_8_bytes_of_a_hash() {
        let digest = Sha256::digest("waxseal session ann");
        assert_eq!(user_lock("ann").to_be_bytes()[..], digest[..8]);
        assert_ne!(user_lock("ann"), user_lock("bob"));
    }
}

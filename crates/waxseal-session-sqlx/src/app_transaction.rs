//! Creating and revoking sessions in a transaction that the app has begun itself.

use std::sync::Arc;

use waxseal_session::{RevocationFeed, SessionId, SessionRecord};

use crate::{
    client::Client,
    database::{DatabaseConnection, DatabaseError},
    session_changes::{SessionChanges, SessionWriter},
    store::SqlSessionStore,
};

/// What was changed in the app's transaction. After its commit, call [`committed`](Self::committed).
///
/// Without that call the sessions are revoked, but this node goes on to accept them until it next reads
/// the database, a second later at most. If the transaction was rolled back, drop it.
#[derive(Debug)]
#[must_use = "call `committed` after the commit, or this node accepts revoked sessions for up to a second"]
pub struct PendingChanges {
    feed: Arc<RevocationFeed>,
    changes: SessionChanges,
}

impl PendingChanges {
    /// Adds the revocations to this node's list. Call it after the commit.
    pub fn committed(self) {
        self.changes.committed(&self.feed);
    }

    /// These changes and others of the same transaction.
    pub fn and(mut self, other: Self) -> Self {
        self.changes.merge(other.changes);
        self
    }
}

/// # In the app's own transaction
///
/// These take `&mut` a transaction or connection of sqlx, to the database of the store. On SQLite, begin
/// the transaction with `BEGIN IMMEDIATE`: one that has read before it writes can't wait for another
/// writer.
impl SqlSessionStore {
    /// Creates a session; `user_id` is `None` if no user is logged in.
    ///
    /// ```no_run
    /// # use waxseal_session::{SessionId, SessionRecord};
    /// # use waxseal_session_sqlx::SqlSessionStore;
    /// # async fn log_in(
    /// #     pool: sqlx::SqlitePool,
    /// #     store: SqlSessionStore,
    /// #     session: SessionRecord,
    /// #     old: SessionId,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    /// sqlx::query("UPDATE users SET logins = logins + 1 WHERE id = 'ann'")
    ///     .execute(&mut *transaction)
    ///     .await?;
    /// let created = store.create_in(&mut transaction, &session, Some("ann"), None).await?;
    /// let replaced = store.replace_in(&mut transaction, &old, &session.id).await?;
    /// transaction.commit().await?;
    /// created.and(replaced).committed();
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn create_in<'c>(
        &self,
        connection: impl Into<DatabaseConnection<'c>>,
        session: &SessionRecord,
        user_id: Option<&str>,
        client: Option<&Client>,
    ) -> Result<PendingChanges, DatabaseError> {
        let work =
            async |writer: &mut SessionWriter<'_>| writer.create(session, user_id, client).await;
        self.change_in(connection.into(), work).await
    }

    /// Revokes a session.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn revoke_in<'c>(
        &self,
        connection: impl Into<DatabaseConnection<'c>>,
        id: &SessionId,
    ) -> Result<PendingChanges, DatabaseError> {
        let work =
            async |writer: &mut SessionWriter<'_>| writer.revoke(id, None, None).await.map(drop);
        self.change_in(connection.into(), work).await
    }

    /// Revokes a session, in whose place `by` is created. A request with the old cookie that arrives late
    /// does not clear the new one.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn replace_in<'c>(
        &self,
        connection: impl Into<DatabaseConnection<'c>>,
        old: &SessionId,
        by: &SessionId,
    ) -> Result<PendingChanges, DatabaseError> {
        let work = async |writer: &mut SessionWriter<'_>| {
            writer.revoke(old, None, Some(by)).await.map(drop)
        };
        self.change_in(connection.into(), work).await
    }

    /// Revokes all sessions of a user except `except`. To avoid deadlocks, lock your own rows before.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn revoke_all_in<'c>(
        &self,
        connection: impl Into<DatabaseConnection<'c>>,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<PendingChanges, DatabaseError> {
        let work = async |writer: &mut SessionWriter<'_>| {
            writer.revoke_all(user_id, except, None).await.map(drop)
        };
        self.change_in(connection.into(), work).await
    }

    async fn change_in(
        &self,
        connection: DatabaseConnection<'_>,
        work: impl AsyncFnOnce(&mut SessionWriter<'_>) -> Result<(), DatabaseError>,
    ) -> Result<PendingChanges, DatabaseError> {
        self.database.check_file()?;
        let mut changes = SessionChanges::default();
        let mut writer = SessionWriter { connection, clock: &self.clock, changes: &mut changes };
        work(&mut writer).await?;
        writer.announce().await?;
        Ok(PendingChanges { feed: Arc::clone(&self.feed), changes })
    }
}

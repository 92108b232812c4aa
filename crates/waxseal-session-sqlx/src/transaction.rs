//! A transaction that creates and revokes sessions together with an app's own changes.

use std::sync::Arc;

use sqlx::any::AnyRow;
use waxseal_session::{Clock, RevocationFeed, SessionId, SessionRecord};

use crate::{
    client::Client,
    database::{DatabaseError, SqlQuery, WriteTransaction},
    session_changes::{RevokedSession, SessionChanges, SessionWriter},
    store::SqlSessionStore,
};

/// A write transaction that creates and revokes sessions together with an app's own SQL. It rolls back
/// if it is dropped before [`commit`](Self::commit).
///
/// It takes its connection from the store. In a transaction that the app has begun itself, call
/// [`create_in`](SqlSessionStore::create_in) and its siblings.
///
/// To avoid deadlocks, lock your own rows before you call [`create`](Self::create) or
/// [`revoke_all`](Self::revoke_all).
pub struct SessionTransaction {
    transaction: WriteTransaction,
    clock: Clock,
    feed: Arc<RevocationFeed>,
    changes: SessionChanges,
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
            changes: SessionChanges::default(),
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
        self.writer().create(session, user_id, client).await
    }

    /// Revokes a session; `None` if it does not exist or has already been revoked, which is announced again.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn revoke(
        &mut self,
        id: &SessionId,
    ) -> Result<Option<RevokedSession>, DatabaseError> {
        self.writer().revoke(id, None, None).await
    }

    /// Revokes a session, in whose place `by` is created. A request with the old cookie that arrives late
    /// does not clear the new one. `None` if the old session has already been revoked or does not exist.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn replace(
        &mut self,
        old: &SessionId,
        by: &SessionId,
    ) -> Result<Option<RevokedSession>, DatabaseError> {
        self.writer().revoke(old, None, Some(by)).await
    }

    /// Revokes all sessions of a user except `except`, and announces those that were revoked before again.
    /// This includes expired sessions: they could be valid again if the clock is set back, or if the database
    /// was restored from a backup that knows an older expiry.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn revoke_all(
        &mut self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<Vec<RevokedSession>, DatabaseError> {
        self.writer().revoke_all(user_id, except, None).await
    }

    /// Revokes all sessions of a user, one of which, `old`, is [replaced](Self::replace) by a new one.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn replace_all(
        &mut self,
        user_id: &str,
        old: &SessionId,
        by: &SessionId,
    ) -> Result<Vec<RevokedSession>, DatabaseError> {
        self.writer().revoke_all(user_id, None, Some((old, by))).await
    }

    /// Erases the addresses and user agents of a user's sessions. The rows stay while a cookie could be
    /// valid, because they hold the revocations.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn erase_personal_data(&mut self, user_id: &str) -> Result<(), DatabaseError> {
        self.writer().erase_personal_data(user_id).await
    }

    /// Commits, notifies the other nodes of the revocations and adds them to this node's list. This runs
    /// in a task of its own, so that the list matches the database even if the caller is dropped.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn commit(mut self) -> Result<(), DatabaseError> {
        let committing = async move {
            self.writer().announce().await?;
            let Self { transaction, feed, changes, .. } = self;
            transaction.commit().await?;
            changes.committed(&feed);
            Ok(())
        };
        tokio::spawn(committing).await?
    }

    pub(crate) fn writer(&mut self) -> SessionWriter<'_> {
        SessionWriter {
            connection: self.transaction.as_connection(),
            clock: &self.clock,
            changes: &mut self.changes,
        }
    }
}

//! The implementation of `SessionStore`.

use std::{future::Future, time::Duration};

use sqlx::{AssertSqlSafe, Row};
use waxseal_session::{
    RevocationStatus, SessionId, SessionRecord, SessionStore, State, StateChanges, StoreError,
    Timestamp,
};

use crate::{
    database::DatabaseError,
    retry::retry_lock_conflict,
    revocation::{REVOCATION_COLUMNS, read_revocation},
    session_info::read_state,
    store::SqlSessionStore,
};

/// How long a refresh may take. After that, the next request tries again.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(1);

impl SessionStore for SqlSessionStore {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        self.feed.status(id)
    }

    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static {
        self.feed.revoked(id)
    }

    fn touch(&self, id: &SessionId) {
        self.last_seen.note(*id, self.clock.now());
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        let create = || self.create_record(session, replaces);
        retry_lock_conflict(create).await.map_err(StoreError::new)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.load_record(id).await.map_err(StoreError::new)
    }

    async fn save(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, StoreError> {
        let saved = match changes.is_empty() {
            true => self.refresh(session).await,
            false => retry_lock_conflict(|| self.save_changes(session, changes)).await,
        };
        saved.map_err(StoreError::new)
    }

    async fn catch_up(&self, id: &SessionId) -> Result<(), StoreError> {
        self.read_revocation_of(id).await.map_err(StoreError::new)
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let (store, session) = (self.clone(), session.clone());
        // In a task of its own: the log-out completes even if the client disconnects.
        let revocation =
            tokio::spawn(
                async move { retry_lock_conflict(|| store.revoke_record(&session)).await },
            );
        revocation.await.map_err(StoreError::new)?.map_err(StoreError::new)
    }
}

impl SqlSessionStore {
    /// Adds a session to the list if another node has revoked it.
    async fn read_revocation_of(&self, id: &SessionId) -> Result<(), DatabaseError> {
        let sql = format!(
            "SELECT {REVOCATION_COLUMNS} FROM waxseal_sessions
             WHERE id = $1 AND revoked_at IS NOT NULL"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(id.to_string());
        if let Some(row) = self.database.fetch_optional(query).await? {
            self.feed.insert(read_revocation(&row)?);
        }
        Ok(())
    }

    async fn create_record(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, DatabaseError> {
        let user_id = session.state.user_id();
        let mut transaction = self.begin().await?;
        if let Some(user_id) = &user_id {
            transaction.writer().lock_user(user_id).await?;
        }
        if let Some(old) = replaces {
            let replaced = transaction.replace(old, &session.id).await?;
            if replaced.is_none_or(|old| !old.was_live) {
                return Ok(false);
            }
        }
        transaction.create(session, user_id.as_deref(), None).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn revoke_record(&self, session: &SessionRecord) -> Result<(), DatabaseError> {
        let mut transaction = self.begin().await?;
        transaction.writer().revoke_record(session).await?;
        transaction.commit().await
    }

    async fn load_record(&self, id: &SessionId) -> Result<Option<SessionRecord>, DatabaseError> {
        let query = sqlx::query(
            "SELECT auth_time, expires_at, latest_expiry, state FROM waxseal_sessions
             WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
        )
        .bind(id.to_string())
        .bind(self.clock.now().as_unix());
        let Some(row) = self.database.fetch_optional(query).await? else { return Ok(None) };
        Ok(Some(SessionRecord {
            id: *id,
            auth_time: Timestamp::from_unix(row.try_get("auth_time")?),
            expires_at: Timestamp::from_unix(row.try_get("expires_at")?),
            latest_expiry: Timestamp::from_unix(row.try_get("latest_expiry")?),
            state: read_state(&row)?,
        }))
    }

    /// Moves the expiry only.
    async fn refresh(&self, session: &SessionRecord) -> Result<Option<State>, DatabaseError> {
        let update = sqlx::query(
            "UPDATE waxseal_sessions SET
                expires_at = CASE WHEN expires_at < $1 THEN $1 ELSE expires_at END,
                latest_expiry = CASE WHEN latest_expiry < $4 THEN $4 ELSE latest_expiry END
             WHERE id = $2 AND revoked_at IS NULL AND expires_at > $3 RETURNING state",
        )
        .bind(session.expires_at.as_unix())
        .bind(session.id.to_string())
        .bind(self.clock.now().as_unix())
        .bind(session.latest_expiry.as_unix());
        let row = self.database.write_one(update, REFRESH_TIMEOUT).await?;
        row.as_ref().map(read_state).transpose()
    }

    async fn save_changes(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, DatabaseError> {
        let new_user = changes.apply(&State::default()).user_id();
        let apply = |state: &State| changes.apply(state);
        let mut transaction = self.begin().await?;
        let saved = transaction.writer().save(session, apply, new_user.as_deref()).await?;
        if saved.is_some() {
            transaction.commit().await?;
        }
        Ok(saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;
    use waxseal_session::{Clock, ExpiryPolicy};

    #[actix_web::test]
    async fn a_log_out_completes_if_the_client_disconnects() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_000_000));
        let database = Database::connect(&url).await.unwrap();
        let store = SqlSessionStore::load(database, clock.clone()).await.unwrap();
        let state = State::from_json("{}").unwrap();
        let session = SessionRecord::new(&ExpiryPolicy::default(), clock.now(), state);
        assert!(store.create(&session, None).await.unwrap());

        let writer = store.database.write().await.unwrap();
        tokio::select! {
            biased;
            _ = SessionStore::revoke(&store, &session) => panic!("another transaction has the write lock"),
            () = tokio::task::yield_now() => {}
        }
        drop(writer);
        // The write lock is fair: this one gets it after the revocation.
        drop(store.database.write().await.unwrap());
        assert_eq!(store.revocation_status(&session.id), RevocationStatus::Revoked);
        assert!(store.load(&session.id).await.unwrap().is_none());
    }
}

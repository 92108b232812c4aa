//! The implementation of `SessionStore`.

use std::time::Duration;

use sqlx::Row;
use waxseal_session::{
    RevocationStatus, SessionId, SessionRecord, SessionStore, State, StoreError, Timestamp,
};

use crate::{
    database::DatabaseError,
    database::transactions::{SqlQuery, WRITE_TIMEOUT},
    store::SqlSessionStore,
};

/// How long extending a session may take. After that, the next request tries again.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(1);

impl SessionStore for SqlSessionStore {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        self.feed.revocation_status(id, &self.clock)
    }

    fn touch(&self, id: &SessionId) {
        self.last_seen.note(*id, self.clock.now());
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        self.create_record(session, replaces).await.map_err(StoreError::new)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<State>, StoreError> {
        let query = sqlx::query(
            "SELECT state FROM waxseal_sessions
             WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
        )
        .bind(id.to_string())
        .bind(self.clock.now().as_unix());
        let row = self.database.fetch_optional(query).await.map_err(StoreError::new)?;
        let Some(row) = row else { return Ok(None) };
        let json = row.try_get("state").map_err(StoreError::new)?;
        State::from_json(json).map(Some).map_err(StoreError::new)
    }

    async fn extend(&self, id: &SessionId, expires_at: Timestamp) -> Result<bool, StoreError> {
        let update = sqlx::query(
            "UPDATE waxseal_sessions SET
                expires_at = CASE WHEN expires_at < $1 THEN $1 ELSE expires_at END
             WHERE id = $2 AND revoked_at IS NULL AND expires_at > $3",
        )
        .bind(expires_at.as_unix())
        .bind(id.to_string())
        .bind(self.clock.now().as_unix());
        self.update_one(update, REFRESH_TIMEOUT).await.map_err(StoreError::new)
    }

    async fn save(&self, session: &SessionRecord) -> Result<bool, StoreError> {
        let update = sqlx::query(
            "UPDATE waxseal_sessions SET state = $1,
                expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END
             WHERE id = $3 AND revoked_at IS NULL AND expires_at > $4",
        )
        .bind(session.state.to_json())
        .bind(session.expires_at.as_unix())
        .bind(session.id.to_string())
        .bind(self.clock.now().as_unix());
        self.update_one(update, WRITE_TIMEOUT).await.map_err(StoreError::new)
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        // A session on the list was revoked and committed before.
        if self.revocation_status(&session.id) == RevocationStatus::Revoked {
            return Ok(());
        }
        let (store, session) = (self.clone(), session.clone());
        // In a task of its own: the log-out completes even if the client disconnects.
        let revocation = tokio::spawn(async move {
            let mut transaction = store.begin().await?;
            transaction.insert_revoked(&session).await?;
            transaction.commit().await
        });
        revocation.await.map_err(StoreError::new)?.map_err(StoreError::new)
    }
}

impl SqlSessionStore {
    async fn create_record(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, DatabaseError> {
        let user_id = session.state.get::<String>(State::USER_ID);
        let mut transaction = self.begin().await?;
        if let Some(user_id) = &user_id {
            transaction.lock_user(user_id).await?;
        }
        if let Some(id) = replaces {
            let replaced = transaction.revoke(id).await?;
            if replaced.is_none_or(|session| self.clock.now() >= session.expires_at) {
                return Ok(false);
            }
        }
        transaction.create(session, user_id.as_deref(), None).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Runs an update. Returns whether it found its row.
    async fn update_one(
        &self,
        update: SqlQuery<'_>,
        timeout: Duration,
    ) -> Result<bool, DatabaseError> {
        let mut transaction = self.database.write_within(timeout).await?;
        let updated = transaction.execute(update).await?;
        transaction.commit().await?;
        Ok(updated == 1)
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

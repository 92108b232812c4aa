//! The session layer's registry on the database.

use std::{sync::Arc, time::Duration};

use sqlx::{Any, Row, any::AnyArguments, query::Query};

use super::{
    connect::PATIENCE,
    error::StorageError,
    session_rows::{insert, revoke},
    session_store::SessionStore,
};
use crate::{
    clock::Timestamp,
    session::{Registry, RegistryError, SessionId, SessionRecord, Standing, State},
};

/// A refresh that comes too late is made up for by the next request; it must not keep this one.
const REFRESH_PATIENCE: Duration = Duration::from_secs(1);

impl Registry for SessionStore {
    fn standing(&self, id: &SessionId) -> Standing {
        self.feed.standing(id, &self.clock)
    }

    fn seen(&self, id: &SessionId) {
        self.last_seen.note(*id, self.clock.now());
    }

    async fn open(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, RegistryError> {
        let opening = async {
            let mut transaction = self.storage.write().await?;
            let mut ended = Vec::new();
            if let Some(id) = replaces {
                ended.extend(revoke(&mut transaction, id, self.clock.now()).await?);
                if ended.is_empty() {
                    return Ok(false);
                }
            }
            let user_id: Option<String> = session.state.get("user_id");
            insert(&mut transaction, session, user_id.as_deref(), None).await?;
            transaction.commit().await?;
            self.feed.note(&ended);
            Ok::<_, StorageError>(true)
        };
        opening.await.map_err(RegistryError::new)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<State>, RegistryError> {
        let row = sqlx::query(
            "SELECT state FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
        )
        .bind(id.to_string())
        .bind(self.clock.now().as_unix())
        .fetch_optional(&self.storage.pool)
        .await
        .map_err(RegistryError::new)?;
        let json = row.map(|row| row.try_get("state")).transpose().map_err(RegistryError::new)?;
        json.map(State::from_json).transpose().map_err(RegistryError::new)
    }

    async fn refresh(&self, id: &SessionId, expires_at: Timestamp) -> Result<bool, RegistryError> {
        let update = sqlx::query(
            "UPDATE sessions SET expires_at = CASE WHEN expires_at < $1 THEN $1 ELSE expires_at END
             WHERE id = $2 AND revoked_at IS NULL AND expires_at > $3",
        )
        .bind(expires_at.as_unix())
        .bind(id.to_string())
        .bind(self.clock.now().as_unix());
        self.update_one(update, REFRESH_PATIENCE).await.map_err(RegistryError::new)
    }

    async fn save(&self, session: &SessionRecord) -> Result<bool, RegistryError> {
        let update = sqlx::query(
            "UPDATE sessions SET state = $1,
                expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END
             WHERE id = $3 AND revoked_at IS NULL AND expires_at > $4",
        )
        .bind(session.state.as_json())
        .bind(session.expires_at.as_unix())
        .bind(session.id.to_string())
        .bind(self.clock.now().as_unix());
        self.update_one(update, PATIENCE).await.map_err(RegistryError::new)
    }

    async fn end(&self, id: &SessionId) -> Result<(), RegistryError> {
        let (storage, feed) = (self.storage.clone(), Arc::clone(&self.feed));
        let (id, now) = (*id, self.clock.now());
        // By itself: who logs out and closes the browser before the answer is logged out, too.
        let ending = tokio::spawn(async move {
            let mut transaction = storage.write().await?;
            let ended = revoke(&mut transaction, &id, now).await?;
            transaction.commit().await?;
            feed.note(ended.as_slice());
            Ok::<_, StorageError>(())
        });
        ending.await.map_err(RegistryError::new)?.map_err(RegistryError::new)
    }
}

impl SessionStore {
    /// Whether there was the row that an update is for.
    async fn update_one(
        &self,
        update: Query<'_, Any, AnyArguments>,
        patience: Duration,
    ) -> Result<bool, StorageError> {
        let mut transaction = self.storage.write_within(patience).await?;
        let updated = update.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(updated.rows_affected() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, session::Lifetimes, storage::Storage};

    #[actix_web::test]
    async fn a_log_out_goes_on_when_nobody_waits_for_its_answer_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_000_000));
        let storage = Storage::connect(&url).await.unwrap();
        let store = SessionStore::load(storage, clock.clone()).await.unwrap();
        let state = State::from_json("{}".to_owned()).unwrap();
        let session = SessionRecord::open(&Lifetimes::default(), clock.now(), state);
        assert!(store.open(&session, None).await.unwrap());

        let before = store.storage.write().await.unwrap();
        tokio::select! {
            biased;
            _ = store.end(&session.id) => panic!("somebody else has the turn"),
            () = tokio::task::yield_now() => {}
        }
        drop(before);
        // The next in turn comes after it.
        drop(store.storage.write().await.unwrap());
        assert_eq!(store.standing(&session.id), Standing::Revoked);
        assert!(store.load(&session.id).await.unwrap().is_none());
    }
}

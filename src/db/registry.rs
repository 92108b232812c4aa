//! The session layer's registry on the database.

use std::time::Duration;

use sqlx::Row;

use super::{
    access::{AnyQuery, WRITE_TIMEOUT, WriteTransaction},
    error::DatabaseError,
    session_rows::{RevokedSession, insert, lock_user, revoke},
    session_store::SqlSessionStore,
};
use crate::{
    clock::Timestamp,
    session::{Registry, RegistryError, SessionId, SessionRecord, Standing, State},
    telemetry,
};

/// A refresh that comes too late is made up for by the next request; it must not keep this one.
const REFRESH_TIMEOUT: Duration = Duration::from_secs(1);

impl Registry for SqlSessionStore {
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
        self.open_row(session, replaces).await.map_err(RegistryError::new)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<State>, RegistryError> {
        let query = sqlx::query(
            "SELECT state FROM sessions WHERE id = $1 AND revoked_at IS NULL AND expires_at > $2",
        )
        .bind(id.to_string())
        .bind(self.clock.now().as_unix());
        let row = self.storage.fetch_optional(query).await.map_err(RegistryError::new)?;
        let Some(row) = row else { return Ok(None) };
        let json = row.try_get("state").map_err(RegistryError::new)?;
        State::from_json(json).map(Some).map_err(RegistryError::new)
    }

    async fn refresh(&self, id: &SessionId, expires_at: Timestamp) -> Result<bool, RegistryError> {
        let update = sqlx::query(
            "UPDATE sessions SET expires_at = CASE WHEN expires_at < $1 THEN $1 ELSE expires_at END
             WHERE id = $2 AND revoked_at IS NULL AND expires_at > $3",
        )
        .bind(expires_at.as_unix())
        .bind(id.to_string())
        .bind(self.clock.now().as_unix());
        self.update_one(update, REFRESH_TIMEOUT).await.map_err(RegistryError::new)
    }

    async fn save(&self, session: &SessionRecord) -> Result<bool, RegistryError> {
        let update = sqlx::query(
            "UPDATE sessions SET state = $1,
                expires_at = CASE WHEN expires_at < $2 THEN $2 ELSE expires_at END
             WHERE id = $3 AND revoked_at IS NULL AND expires_at > $4",
        )
        .bind(session.state.to_json())
        .bind(session.expires_at.as_unix())
        .bind(session.id.to_string())
        .bind(self.clock.now().as_unix());
        self.update_one(update, WRITE_TIMEOUT).await.map_err(RegistryError::new)
    }

    async fn end(&self, session: &SessionRecord) -> Result<(), RegistryError> {
        // Whoever ended it has committed before the list had it.
        if self.standing(&session.id) == Standing::Revoked {
            return Ok(());
        }
        let (store, session) = (self.clone(), session.clone());
        // By itself: who logs out and closes the browser before the answer is logged out, too.
        let ending = tokio::spawn(async move {
            let mut transaction = store.storage.write().await?;
            let ended = insert_revoked(&mut transaction, &session, store.clock.now()).await?;
            store.commit(transaction, vec![ended]).await
        });
        ending.await.map_err(RegistryError::new)?.map_err(RegistryError::new)
    }
}

impl SqlSessionStore {
    async fn open_row(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, DatabaseError> {
        let (user_id, now) = (session.state.get::<String>(State::USER_ID), self.clock.now());
        let mut transaction = self.storage.write().await?;
        // Whoever ends all sessions of this user ends this one too, or did so before.
        if let Some(user_id) = &user_id {
            lock_user(&mut transaction, user_id).await?;
        }
        let mut ended = Vec::new();
        if let Some(id) = replaces {
            ended.extend(revoke(&mut transaction, id, now).await?);
            if !ended.iter().any(|session| now < session.expires_at) {
                return Ok(false);
            }
        }
        insert(&mut transaction, session, user_id.as_deref(), None).await?;
        self.commit(transaction, ended).await?;
        telemetry::session_opened();
        Ok(true)
    }

    /// Whether there was the row that an update is for.
    async fn update_one(
        &self,
        update: AnyQuery<'_>,
        timeout: Duration,
    ) -> Result<bool, DatabaseError> {
        let mut transaction = self.storage.write_within(timeout).await?;
        let updated = transaction.execute(update).await?;
        transaction.commit().await?;
        Ok(updated == 1)
    }
}

/// Revokes a session that a cookie vouches for, whether its row is there or not: in a database that
/// was restored from a backup it may be missing, and the revocation has to be in it all the same.
async fn insert_revoked(
    transaction: &mut WriteTransaction,
    session: &SessionRecord,
    now: Timestamp,
) -> Result<RevokedSession, DatabaseError> {
    let query = sqlx::query(
        "INSERT INTO sessions (id, state, auth_time, last_seen, expires_at, revoked_at)
         VALUES ($1, '{}', $2, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET revoked_at = COALESCE(sessions.revoked_at, $4)
         RETURNING id, expires_at",
    )
    .bind(session.id.to_string())
    .bind(session.auth_time.as_unix())
    .bind(session.expires_at.as_unix())
    .bind(now.as_unix());
    let rows = transaction.fetch_all(query).await?;
    rows.first().map(RevokedSession::read).transpose()?.ok_or(DatabaseError::Corrupt("session"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, db::Database, session::Lifetimes};

    #[actix_web::test]
    async fn a_log_out_goes_on_when_nobody_waits_for_its_answer_any_more() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_000_000));
        let storage = Database::connect(&url).await.unwrap();
        let store = SqlSessionStore::load(storage, clock.clone()).await.unwrap();
        let state = State::from_json("{}").unwrap();
        let session = SessionRecord::open(&Lifetimes::default(), clock.now(), state);
        assert!(store.open(&session, None).await.unwrap());

        let before = store.storage.write().await.unwrap();
        tokio::select! {
            biased;
            _ = store.end(&session) => panic!("somebody else has the write_lock"),
            () = tokio::task::yield_now() => {}
        }
        drop(before);
        // The next in write_lock comes after it.
        drop(store.storage.write().await.unwrap());
        assert_eq!(store.standing(&session.id), Standing::Revoked);
        assert!(store.load(&session.id).await.unwrap().is_none());
    }
}

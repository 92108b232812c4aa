//! Sessions that are ended for somebody: one, or all.

use super::{
    error::DatabaseError,
    session_rows::{self, RevokedSession},
    session_store::SqlSessionStore,
};
use crate::session::SessionId;

impl SqlSessionStore {
    /// Revokes a session; with a user, only if it is that one's. Whether it was live.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn revoke(
        &self,
        id: &SessionId,
        user_id: Option<&str>,
    ) -> Result<bool, DatabaseError> {
        let now = self.clock.now();
        let mut transaction = self.storage.write().await?;
        let query = sqlx::query(
            "UPDATE sessions SET revoked_at = $1
             WHERE id = $2 AND revoked_at IS NULL AND ($3 = '' OR user_id = $3)
             RETURNING id, expires_at",
        )
        .bind(now.as_unix())
        .bind(id.to_string())
        .bind(user_id.unwrap_or_default());
        let row = transaction.fetch_optional(query).await?;
        let ended = row.as_ref().map(RevokedSession::read).transpose()?;
        self.commit(transaction, ended.into_iter().collect()).await?;
        Ok(ended.is_some_and(|session| now < session.expires_at))
    }

    /// Revokes all sessions of a user but one. How many those were.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn revoke_all(
        &self,
        user_id: &str,
        but: Option<&SessionId>,
    ) -> Result<usize, DatabaseError> {
        let mut transaction = self.storage.write().await?;
        let now = self.clock.now();
        let ended = session_rows::revoke_all(&mut transaction, user_id, but, now).await?;
        let live = ended.iter().filter(|session| now < session.expires_at).count();
        self.commit(transaction, ended).await?;
        Ok(live)
    }
}

//! Revoking a session, or all sessions of a user, outside a request of that session.

use waxseal_session::SessionId;

use crate::{
    database::DatabaseError, retry::retry_lock_conflict, session_changes::RevokedSession,
    store::SqlSessionStore,
};

impl SqlSessionStore {
    /// Revokes a session; with `owner`, only if it is that user's. If it was revoked before, announces that
    /// again. Returns whether it was live.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn revoke_session(
        &self,
        id: &SessionId,
        owner: Option<&str>,
    ) -> Result<bool, DatabaseError> {
        let revoked = retry_lock_conflict(|| self.try_revoke(id, owner)).await?;
        Ok(revoked.is_some_and(|session| session.was_live))
    }

    /// Revokes all sessions of a user except `except`, and announces those that were revoked before again.
    /// Returns how many were live.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn revoke_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<usize, DatabaseError> {
        let revoked = retry_lock_conflict(|| self.try_revoke_all(user_id, except)).await?;
        Ok(revoked.iter().filter(|session| session.was_live).count())
    }

    async fn try_revoke(
        &self,
        id: &SessionId,
        owner: Option<&str>,
    ) -> Result<Option<RevokedSession>, DatabaseError> {
        let mut transaction = self.begin().await?;
        let revoked = transaction.writer().revoke(id, owner, None).await?;
        transaction.commit().await?;
        Ok(revoked)
    }

    async fn try_revoke_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<Vec<RevokedSession>, DatabaseError> {
        let mut transaction = self.begin().await?;
        let revoked = transaction.revoke_all(user_id, except).await?;
        transaction.commit().await?;
        Ok(revoked)
    }
}

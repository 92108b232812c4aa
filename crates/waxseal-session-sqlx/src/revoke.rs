//! Revoking a session, or all sessions of a user, outside a request of that session.

use waxseal_session::{Revocation, SessionId};

use crate::{database::DatabaseError, store::SqlSessionStore};

impl SqlSessionStore {
    /// Revokes a session; with `owner`, only if it is that user's. Returns whether it was live.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn revoke_session(
        &self,
        id: &SessionId,
        owner: Option<&str>,
    ) -> Result<bool, DatabaseError> {
        let mut transaction = self.begin().await?;
        let revoked = transaction.writer().revoke(id, owner, None).await?;
        transaction.commit().await?;
        Ok(revoked.is_some_and(|session| self.clock.now() < session.expires_at))
    }

    /// Revokes all sessions of a user except `except`. Returns how many of them were live.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn revoke_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<usize, DatabaseError> {
        let revoked = match self.try_revoke_all(user_id, except).await {
            Err(error) if error.is_lock_conflict() => self.try_revoke_all(user_id, except).await?,
            outcome => outcome?,
        };
        let now = self.clock.now();
        Ok(revoked.iter().filter(|session| now < session.expires_at).count())
    }

    async fn try_revoke_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<Vec<Revocation>, DatabaseError> {
        let mut transaction = self.begin().await?;
        let revoked = transaction.revoke_all(user_id, except).await?;
        transaction.commit().await?;
        Ok(revoked)
    }
}

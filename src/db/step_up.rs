//! Step-up: renews the session of a user who has entered the password again.

use waxseal_session::{SessionId, SessionRecord};
use waxseal_session_sqlx::{DatabaseError, retry_lock_conflict};

use super::{
    account_store::AccountStore,
    login_failures::reset_failures,
    logins::{NewLogin, is_new, record},
};
use crate::domain::StepUp;

impl AccountStore {
    /// Ends the session and opens `session` in its place. The same form sent again within a minute gets the same
    /// session. `None`, with nothing changed, if the verified hash is no longer the stored one.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn step_up(
        &self,
        login: NewLogin<'_>,
        session: SessionRecord,
    ) -> Result<Option<StepUp>, DatabaseError> {
        retry_lock_conflict(|| self.try_step_up(&login, session.clone())).await
    }

    async fn try_step_up(
        &self,
        login: &NewLogin<'_>,
        mut session: SessionRecord,
    ) -> Result<Option<StepUp>, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        let user = login.user_id.to_string();
        // Locks the row: a concurrent change of password or role comes first, or waits and ends the new session.
        let lock = sqlx::query(
            "UPDATE users SET password_hash = password_hash
             WHERE id = $1 AND password_hash = $2 AND disabled_at IS NULL",
        )
        .bind(&user)
        .bind(login.verified_hash.as_phc());
        if transaction.execute(lock).await? == 0 {
            return Ok(None);
        }
        let now = self.clock.now();
        if let Some(until) = reset_failures(&mut transaction, login.attempt, now).await? {
            return Ok(Some(StepUp::Throttled(until)));
        }
        // Only a form with an id can have opened it.
        if let Some(opened) = transaction.find(&session.id).await? {
            if is_new(&opened, login.user_id, now) {
                transaction.commit().await?;
                return Ok(Some(StepUp::Repeated(record(opened))));
            }
            // An id names one session: this is another.
            session.id = SessionId::random();
        }
        let Some(old) = &login.context.replaces else { return Ok(Some(StepUp::SessionEnded)) };
        if transaction.replace(old, &session.id).await?.is_none() {
            return Ok(Some(StepUp::SessionEnded));
        }
        transaction.create(&session, Some(&user), Some(&login.context.client)).await?;
        transaction.commit().await?;
        Ok(Some(StepUp::Done(session)))
    }
}

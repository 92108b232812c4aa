//! Sign-up with an invitation.

use waxseal_session::SessionRecord;
use waxseal_session_sqlx::{DatabaseError, retry_lock_conflict};

use super::{
    account_store::AccountStore,
    login_context::LoginContext,
    logins::{NewUser, open_session},
};
use crate::domain::{InvitationLink, Link, SignUp};

impl AccountStore {
    /// Whether a link is marked as used.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn is_link_used(&self, id: &str) -> Result<bool, DatabaseError> {
        let query = sqlx::query("SELECT id FROM used_links WHERE id = $1").bind(id);
        Ok(self.database.fetch_optional(query).await?.is_some())
    }

    /// Uses an invitation up, adds the user with a confirmed address, and opens their first session. Nothing
    /// changes if the invitation was used, or the address has an account.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn sign_up_invited(
        &self,
        user: NewUser<'_>,
        link: &str,
        session: SessionRecord,
        context: &LoginContext,
    ) -> Result<SignUp, DatabaseError> {
        let now = self.clock.now();
        retry_lock_conflict(|| async {
            let mut transaction = self.sessions.begin().await?;
            // It is kept at least as long as the link is valid.
            let mark = sqlx::query(
                "INSERT INTO used_links (id, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            )
            .bind(link)
            .bind((now + InvitationLink::VALIDITY).as_unix());
            let is_first = transaction.execute(mark).await? == 1;
            if !is_first || !self.insert_user(&mut transaction, &user).await? {
                return Ok(SignUp::InvitationUsed);
            }
            let confirm = sqlx::query("UPDATE users SET email_confirmed_at = $1 WHERE id = $2")
                .bind(now.as_unix())
                .bind(user.id.to_string());
            transaction.execute(confirm).await?;
            open_session(&mut transaction, user.id, &session, context).await?;
            transaction.commit().await?;
            Ok(SignUp::Done(session.clone()))
        })
        .await
    }
}

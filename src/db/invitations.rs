//! Sign-up with an invitation.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use waxseal_session::{SessionRecord, Timestamp};
use waxseal_session_sqlx::{DatabaseError, SessionTransaction, SqlQuery, retry_lock_conflict};

use super::{
    account_store::AccountStore,
    login_context::LoginContext,
    logins::open_session,
    new_users::{NewUser, confirm},
};
use crate::domain::{Email, InvitationLink, Link, SignUp};

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

    /// Whether an invitation was used, or withdrawn with others to its address.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn is_invitation_over(&self, link: &InvitationLink) -> Result<bool, DatabaseError> {
        Ok(self.database.fetch_optional(over(link)).await?.is_some())
    }

    /// Uses an invitation up, and others to its address, adds the user with a confirmed address, and opens their
    /// first session. Nothing changes if the invitation is over, or the address has an account.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn sign_up_invited(
        &self,
        user: NewUser<'_>,
        link: &InvitationLink,
        session: SessionRecord,
        context: &LoginContext,
    ) -> Result<SignUp, DatabaseError> {
        let now = self.clock.now();
        retry_lock_conflict(|| async {
            let mut transaction = self.sessions.begin().await?;
            let is_over = transaction.fetch_optional(over(link)).await?.is_some();
            if is_over || !self.insert_user(&mut transaction, &user).await? {
                return Ok(SignUp::InvitationUsed);
            }
            mark(&mut transaction, &link.id, now).await?;
            withdraw_invitations(&mut transaction, &link.email, now).await?;
            confirm(&mut transaction, &user.id.to_string(), now.as_unix()).await?;
            open_session(&mut transaction, user.id, &session, context).await?;
            transaction.commit().await?;
            Ok(SignUp::Done(session.clone()))
        })
        .await
    }
}

/// Withdraws all invitations to an address that were asked for until now: it has an account, or had one that is
/// deleted.
pub(super) async fn withdraw_invitations(
    transaction: &mut SessionTransaction,
    email: &Email,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    mark(transaction, &invitations_to(email), now).await
}

/// Marks a link as used, or an address's links, for as long as they could be valid.
async fn mark(
    transaction: &mut SessionTransaction,
    id: &str,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let mark = sqlx::query(
        "INSERT INTO used_links (id, expires_at) VALUES ($1, $2)
         ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at",
    )
    .bind(id)
    .bind((now + InvitationLink::VALIDITY).as_unix());
    transaction.execute(mark).await.map(drop)
}

/// Finds what an invitation is over by: its own mark, or a later one of its address.
fn over(link: &InvitationLink) -> SqlQuery<'_> {
    sqlx::query("SELECT id FROM used_links WHERE id = $1 OR (id = $2 AND expires_at >= $3)")
        .bind(&link.id)
        .bind(invitations_to(&link.email))
        .bind((link.asked_at + InvitationLink::VALIDITY).as_unix())
}

/// A hash of the address: the account may be deleted.
fn invitations_to(email: &Email) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("waxseal invitations to {email}")))
}

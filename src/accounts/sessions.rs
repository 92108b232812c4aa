//! The sessions of a person: seen and ended.

use super::{
    error::AccountsError,
    paging::{Page, PageNumber},
    service::Accounts,
    user::UserId,
};
use crate::{
    db::{ListedSession, SessionRow, SessionTrace},
    session::SessionId,
};

/// How many sessions a batch has: many, because each costs a look at all of them.
const BATCH: u32 = 20_000;

/// A live session.
pub type OpenSession = SessionRow;

/// How revoking a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It has ended.
    Done,
    /// It had ended or expired before.
    OverAlready,
    /// There is no such session, or its row is deleted already.
    NoSuchSession,
}

impl Accounts {
    /// The live sessions of a user: this one first, then those that were last seen.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn sessions_of(
        &self,
        user: UserId,
        this: &SessionId,
        page: PageNumber,
    ) -> Result<Page<OpenSession>, AccountsError> {
        let user = user.to_string();
        Ok(page.of(self.sessions.live(&user, this, page.limit(), page.offset()).await?))
    }

    /// A live session of this user; that of anybody else is none.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn session_of(
        &self,
        user: UserId,
        id: &SessionId,
    ) -> Result<Option<OpenSession>, AccountsError> {
        let (owner, now) = (user.to_string(), self.clock.now());
        let trace = self.sessions.trace(id).await?.filter(|trace| {
            let SessionRow { user_id, expires_at, .. } = &trace.session;
            user_id.as_ref() == Some(&owner) && trace.revoked_at.is_none() && now < *expires_at
        });
        Ok(trace.map(|trace| trace.session))
    }

    /// Ends a session of this user; that of anybody else is none.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn end_session(
        &self,
        user: UserId,
        id: &SessionId,
    ) -> Result<Revocation, AccountsError> {
        let owner = user.to_string();
        if self.sessions.revoke(id, Some(&owner)).await? {
            return Ok(Revocation::Done);
        }
        let trace = self.sessions.trace(id).await?;
        Ok(match trace.filter(|trace| trace.session.user_id == Some(owner)) {
            Some(_) => Revocation::OverAlready,
            None => Revocation::NoSuchSession,
        })
    }

    /// Ends all sessions of a user, but perhaps one. How many those were.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn end_sessions(
        &self,
        user: UserId,
        but: Option<&SessionId>,
    ) -> Result<usize, AccountsError> {
        Ok(self.sessions.revoke_all(&user.to_string(), but).await?)
    }

    /// The live sessions of a user or of everybody in batches, the latest log-in first: what
    /// comes after this one, or the beginning. The last batch is empty.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn live_sessions_after(
        &self,
        user: Option<UserId>,
        after: Option<&ListedSession>,
    ) -> Result<Vec<ListedSession>, AccountsError> {
        let user = user.map(|id| id.to_string());
        Ok(self.sessions.live_after(user.as_deref(), after, BATCH).await?)
    }

    /// What is known of a session, whatever has become of it.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn trace(&self, id: &SessionId) -> Result<Option<SessionTrace>, AccountsError> {
        Ok(self.sessions.trace(id).await?)
    }

    /// Ends a session, whoever's it is.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn revoke_session(&self, id: &SessionId) -> Result<Revocation, AccountsError> {
        if self.sessions.revoke(id, None).await? {
            return Ok(Revocation::Done);
        }
        Ok(match self.sessions.trace(id).await? {
            Some(_) => Revocation::OverAlready,
            None => Revocation::NoSuchSession,
        })
    }
}

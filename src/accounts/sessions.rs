//! Listing and revoking sessions.

use waxseal_session::SessionId;

use super::{
    error::AccountsError,
    paging::{Page, PageNumber},
    service::Accounts,
};
use crate::{
    audit,
    db::{SessionDetails, SessionInfo},
    domain::{Actor, Email, Revocation, UserId},
};

/// Sessions per batch: many, because each batch's query scans all sessions.
const BATCH: u32 = 20_000;

/// A live session, with its user's address.
#[derive(Debug, Clone)]
pub struct ListedSession {
    /// The session.
    pub session: SessionInfo,
    /// The user's email address, if the user has an account.
    pub email: Option<Email>,
}

/// A session, live or not, with its user's address.
#[derive(Debug, Clone)]
pub struct FoundSession {
    /// The session's record.
    pub details: SessionDetails,
    /// The user's email address, if the user has an account.
    pub email: Option<Email>,
}

impl Accounts {
    /// Lists a user's live sessions: `first` (the current one), then the others, most recently seen
    /// first.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn sessions_of(
        &self,
        user: UserId,
        first: &SessionId,
        page: PageNumber,
    ) -> Result<Page<SessionInfo>, AccountsError> {
        let (user, sessions) = (user.to_string(), self.store.sessions());
        Ok(page.of(sessions.sessions_of(&user, first, page.limit(), page.offset()).await?))
    }

    /// Finds a live session of this user. Other users' sessions are not found.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn session_of(
        &self,
        user: UserId,
        id: &SessionId,
    ) -> Result<Option<SessionInfo>, AccountsError> {
        let now = self.clock.now();
        let found = self.store.sessions().find(id).await?.filter(|found| {
            belongs_to(found, user) && found.revoked_at.is_none() && now < found.session.expires_at
        });
        Ok(found.map(|found| found.session))
    }

    /// Revokes a session of this user. Other users' sessions are not found.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn revoke_session_of(
        &self,
        user: UserId,
        id: &SessionId,
        by: &Actor,
    ) -> Result<Revocation, AccountsError> {
        let sessions = self.store.sessions();
        if sessions.revoke_session(id, Some(&user.to_string())).await? {
            audit::session_revoked(Some(user), id, &by.acting_on(user));
            return Ok(Revocation::Done);
        }
        let found = sessions.find(id).await?.filter(|found| belongs_to(found, user));
        Ok(found.map_or(Revocation::NoSuchSession, |_| Revocation::AlreadyEnded))
    }

    /// Revokes any session.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn revoke_session(
        &self,
        id: &SessionId,
        by: &Actor,
    ) -> Result<Revocation, AccountsError> {
        let sessions = self.store.sessions();
        let Some(found) = sessions.find(id).await? else { return Ok(Revocation::NoSuchSession) };
        if !sessions.revoke_session(id, None).await? {
            return Ok(Revocation::AlreadyEnded);
        }
        let by = match user_of(&found.session) {
            Some(user) => by.acting_on(user),
            None => by.in_log(),
        };
        audit::session_revoked(found.session.user_id, id, &by);
        Ok(Revocation::Done)
    }

    /// Revokes all sessions of a user except `except`. Returns how many of them were live.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<&SessionId>,
        by: &Actor,
    ) -> Result<usize, AccountsError> {
        let revoked = self.store.sessions().revoke_all(&user.to_string(), except).await?;
        if revoked > 0 {
            audit::sessions_revoked(user, revoked, &by.in_log());
        }
        Ok(revoked)
    }

    /// Lists the live sessions of a user, or of all users, in batches, latest log-in first: those after
    /// this session, or the first ones. An empty batch marks the end.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn sessions_after(
        &self,
        user: Option<UserId>,
        after: Option<&SessionInfo>,
    ) -> Result<Vec<ListedSession>, AccountsError> {
        let user = user.map(|id| id.to_string());
        let sessions = self.store.sessions().sessions_after(user.as_deref(), after, BATCH).await?;
        let mut users: Vec<UserId> = sessions.iter().filter_map(user_of).collect();
        users.sort_unstable();
        users.dedup();
        let emails = self.store.emails_of(&users).await?;
        let listed = |session: SessionInfo| {
            let email = user_of(&session).and_then(|user| emails.get(&user).cloned());
            ListedSession { session, email }
        };
        Ok(sessions.into_iter().map(listed).collect())
    }

    /// Finds a session, live or not.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn find_session(
        &self,
        id: &SessionId,
    ) -> Result<Option<FoundSession>, AccountsError> {
        let Some(details) = self.store.sessions().find(id).await? else { return Ok(None) };
        let email = match user_of(&details.session) {
            Some(user) => self.store.user(user).await?.map(|user| user.email),
            None => None,
        };
        Ok(Some(FoundSession { details, email }))
    }
}

fn belongs_to(found: &SessionDetails, user: UserId) -> bool {
    user_of(&found.session) == Some(user)
}

/// The session's user. `None` if it has none, or an id in another format: handlers that use the session
/// middleware directly may use their own.
pub(super) fn user_of(session: &SessionInfo) -> Option<UserId> {
    session.user_id.as_deref()?.parse().ok()
}

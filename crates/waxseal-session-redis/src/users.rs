//! The sessions of a user.

use std::{collections::HashMap, time::Duration};

use waxseal_session::{SessionId, Timestamp, telemetry};

use crate::{
    error::RedisStoreError,
    requests::within_timeout,
    scripts,
    shared::{Shared, timestamp},
    store::RedisSessionStore,
};

/// The longest time for which browsers keep a cookie: 400 days (RFC 6265bis, section 5.5).
const LONGEST_COOKIE: Duration = Duration::from_secs(400 * 86_400);

/// A session's metadata, without its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// The session's id.
    pub id: SessionId,
    /// When the user logged in.
    pub auth_time: Timestamp,
    /// When it was last used, as far as this node knows.
    pub last_seen: Timestamp,
    /// When it expires unless it is refreshed.
    pub expires_at: Timestamp,
}

impl RedisSessionStore {
    /// The live sessions of a user, the one seen last first.
    ///
    /// # Errors
    ///
    /// If Redis fails.
    pub async fn sessions_of(&self, user_id: &str) -> Result<Vec<SessionInfo>, RedisStoreError> {
        within_timeout(self.shared.sessions_of(user_id)).await
    }

    /// Revokes a session; with `owner`, only if it is that user's. Returns whether it was live.
    ///
    /// # Errors
    ///
    /// If Redis fails.
    pub async fn revoke_session(
        &self,
        id: &SessionId,
        owner: Option<&str>,
    ) -> Result<bool, RedisStoreError> {
        let now = self.shared.clock.now();
        // Without a record, no one knows when its cookie expires.
        let latest_expiry = now + LONGEST_COOKIE;
        within_timeout(async {
            match self.shared.load(id).await? {
                Some(_) => self.shared.revoke(id, now, owner, owner).await,
                None => self.shared.revoke(id, latest_expiry, owner, owner).await,
            }
        })
        .await
    }

    /// Revokes all sessions of a user except `except`: call it when a password or a role changes. Returns
    /// how many of them were live.
    ///
    /// # Errors
    ///
    /// If Redis fails. Nothing changes then, unless it failed to answer in time.
    pub async fn revoke_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<usize, RedisStoreError> {
        within_timeout(self.shared.revoke_all(user_id, except)).await
    }
}

impl Shared {
    async fn sessions_of(&self, user_id: &str) -> Result<Vec<SessionInfo>, RedisStoreError> {
        let ids = self.members(user_id).await?;
        let mut script = scripts::SESSIONS.prepare_invoke();
        script.key(self.keys.user(user_id));
        script.arg(user_id).arg(self.clock.earliest().as_unix()).arg(Self::slack());
        for id in &ids {
            script.key(self.keys.session(id)).arg(id.to_string());
        }
        let rows: Vec<[String; 4]> = self.requests.run(&script).await?;
        let mut sessions = Vec::new();
        for [id, auth_time, expires_at, last_seen] in &rows {
            let id = parse(id)?;
            let written = timestamp(last_seen)?;
            sessions.push(SessionInfo {
                id,
                auth_time: timestamp(auth_time)?,
                last_seen: self.last_seen.of(&id).map_or(written, |seen| seen.max(written)),
                expires_at: timestamp(expires_at)?,
            });
        }
        let (now, beginning) = (self.clock.now(), self.epoch.beginning());
        sessions.retain(|session| session.auth_time >= beginning && session.expires_at > now);
        sessions.sort_by_key(|session| std::cmp::Reverse((session.last_seen, session.auth_time)));
        Ok(sessions)
    }

    async fn revoke_all(
        &self,
        user_id: &str,
        except: Option<&SessionId>,
    ) -> Result<usize, RedisStoreError> {
        let revoked = loop {
            let ids: Vec<_> = self.members(user_id).await?;
            let mut script = scripts::REVOKE_ALL.prepare_invoke();
            script.key(&self.keys.revoked).key(&self.keys.revocations);
            script.key(self.keys.user(user_id));
            script.arg(user_id).arg(except.map(SessionId::to_string).unwrap_or_default());
            for id in &ids {
                script.key(self.keys.session(id)).arg(id.to_string());
            }
            let revoked: Option<Vec<[String; 3]>> = self.requests.run(&script).await?;
            // Otherwise the user has logged in meanwhile.
            if let Some(revoked) = revoked {
                break revoked;
            }
        };
        let mut live = HashMap::new();
        for [id, latest_expiry, record_expires_at] in &revoked {
            let id = parse(id)?;
            self.insert_revoked(id, timestamp(latest_expiry)?);
            live.insert(id, timestamp(record_expires_at)? > self.clock.now());
        }
        let count = live.values().filter(|is_live| **is_live).count();
        telemetry::sessions_revoked(count);
        Ok(count)
    }

    /// The sessions on a user's list, among them some that are over.
    async fn members(&self, user_id: &str) -> Result<Vec<SessionId>, RedisStoreError> {
        let mut script = scripts::MEMBERS.prepare_invoke();
        script.key(self.keys.user(user_id));
        let ids: Vec<String> = self.requests.run(&script).await?;
        ids.iter().map(|id| parse(id)).collect()
    }
}

fn parse(id: &str) -> Result<SessionId, RedisStoreError> {
    id.parse().map_err(|_| RedisStoreError::Corrupt("a session id"))
}

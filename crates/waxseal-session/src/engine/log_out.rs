//! Someone logs out.

use super::{Outgoing, SessionEngine};
use crate::{
    error::SessionError,
    expiry::MAX_COOKIE_AGE,
    id::SessionId,
    record::SessionRecord,
    request_session::{ActiveSession, RejectedCookie},
    state::State,
    store::SessionStore,
};

impl<S: SessionStore> SessionEngine<S> {
    /// Ends the session: someone logged out.
    pub(super) async fn log_out(&self, active: &ActiveSession) -> Result<Outgoing, SessionError> {
        let id = &active.record.id;
        // If not, the handler has perhaps ended it in a transaction of its own.
        if self.is_live(id) {
            Box::pin(self.store.revoke(&active.record)).await?;
        }
        self.log_out_successors(*id).await
    }

    /// Ends the session of a token that was rejected. If it was ended before, it is announced again; its
    /// record may have been lost, so that other nodes don't know.
    pub(super) async fn log_out_rejected(
        &self,
        rejected: Option<RejectedCookie>,
        over: Option<&SessionRecord>,
    ) -> Result<Outgoing, SessionError> {
        let now = self.settings.clock.now();
        if let Some(record) = over.filter(|record| now < record.latest_expiry) {
            Box::pin(self.store.revoke(record)).await?;
        }
        match rejected {
            Some(RejectedCookie::Replaced { by }) => {
                if let Some(record) = self.live_record(&by).await? {
                    Box::pin(self.store.revoke(&record)).await?;
                }
                self.log_out_successors(by).await
            }
            rejected => Ok(self.clear(rejected)),
        }
    }

    /// Ends the sessions that have taken this one's place a moment ago: the request to log out crossed a
    /// renewal.
    pub(super) async fn log_out_successors(&self, id: SessionId) -> Result<Outgoing, SessionError> {
        let mut successor = self.successor(&id);
        while let Some(id) = successor {
            if let Some(record) = self.live_record(&id).await? {
                Box::pin(self.store.revoke(&record)).await?;
            }
            successor = self.successor(&id).filter(|next| *next != id);
        }
        Ok(Outgoing::Clear)
    }

    /// A session of which only the id is known.
    pub(super) async fn live_record(
        &self,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, SessionError> {
        if !self.is_live(id) {
            return Ok(None);
        }
        let now = self.settings.clock.now();
        let unknown = || SessionRecord {
            id: *id,
            auth_time: now,
            expires_at: now + MAX_COOKIE_AGE,
            latest_expiry: now + MAX_COOKIE_AGE,
            state: State::default(),
        };
        Ok(Some(Box::pin(self.store.load(id)).await?.unwrap_or_else(unknown)))
    }
}

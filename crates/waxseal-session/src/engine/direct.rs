//! Sessions outside of requests: for tests, sockets and tools.

use actix_web::cookie::Cookie;

use super::{SessionEngine, UnsealedClaims};
use crate::{
    clock::Timestamp,
    error::SessionError,
    evaluation::{Evaluation, evaluate},
    id::SessionId,
    record::SessionRecord,
    request_session::ActiveSession,
    state::State,
    store::SessionStore,
};

/// A live session that was opened from its token.
#[derive(Debug, Clone)]
pub struct OpenedSession {
    /// The session's id.
    pub id: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When the session expires unless it is refreshed.
    pub expires_at: Timestamp,
    /// Its state.
    pub state: State,
}

impl<S: SessionStore> SessionEngine<S> {
    /// Creates a session with this state, and returns its cookie as a browser would send it.
    pub(crate) async fn cookie_for(&self, state: State) -> Result<Cookie<'static>, SessionError> {
        let now = self.settings.clock.now();
        let record = SessionRecord::new(&self.settings.policy, now, state);
        let active = ActiveSession { record, own: None, reseal: true, from_store: false };
        let token = self.settings.seal(&active, self.settings.mode, now)?;
        self.store.create(&active.record, None).await?;
        Ok(Cookie::new(self.settings.cookie.name.clone(), token))
    }

    /// Opens a token: `None` if the session is over, or it is no token of this app.
    pub(crate) async fn open(&self, token: &str) -> Result<Option<OpenedSession>, SessionError> {
        let Ok(UnsealedClaims { claims, by_fallback }) = self.settings.unseal(token.as_bytes())
        else {
            return Ok(None);
        };
        let (now, status) = (self.settings.clock.now(), self.revocation_status(&claims));
        let (policy, mode) = (&self.settings.policy, self.settings.mode);
        match evaluate(&claims, by_fallback, status, now, policy, mode) {
            Evaluation::Accepted(_) => {}
            Evaluation::Rejected(_) => return Ok(None),
            Evaluation::Unknown => return Err(SessionError::Stale),
        }
        let Some(ActiveSession { record, .. }) = self.find_active(&claims).await? else {
            return Ok(None);
        };
        let SessionRecord { id, auth_time, expires_at, state, .. } = record;
        let Ok(state) = State::from_json(state.to_json()) else { return Ok(None) };
        Ok(Some(OpenedSession { id, auth_time, expires_at, state }))
    }
}

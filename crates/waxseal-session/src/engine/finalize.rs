//! A response goes out: what the handler did to the session is kept, and the cookie is sealed, cleared
//! or left alone.
//!
//! A response acts on the session that its request was about, as that session stands now. If it has ended
//! meanwhile, nothing goes out: the browser may have another session's cookie by now.

use actix_session::SessionStatus;
use actix_web::http::header::HeaderValue;

use super::{SessionEngine, Settings};
use crate::{
    clock::Timestamp,
    error::SessionError,
    id::SessionId,
    mode::Mode,
    node_memory::NODE,
    record::SessionRecord,
    request_session::{ActiveSession, Incoming, RejectedCookie, RequestSession, TokenSource},
    state::State,
    state_changes::StateChanges,
    store::SessionStore,
};

/// What the response says of the session.
pub(crate) enum Outgoing {
    /// Nothing.
    Nothing,
    /// A token, in a cookie.
    Cookie(HeaderValue),
    /// A token, in a header.
    Header(HeaderValue),
    /// The cookie is cleared.
    Clear,
}

/// What became of a session.
pub(crate) struct Finalized {
    pub(crate) outgoing: Outgoing,
    /// Only the client's token knows of the change: it has to go out.
    pub(crate) is_only_copy: bool,
}

impl<S: SessionStore> SessionEngine<S> {
    /// Keeps what the handler changed.
    pub(crate) async fn finalize(
        &self,
        shared: &RequestSession,
    ) -> Result<Finalized, SessionError> {
        let Incoming { active, rejected, over, source, .. } = shared.incoming.borrow().clone();
        let rejected = rejected.map(|rejected| self.as_of_now(rejected));
        let status = shared.handlers.status();
        let is_only_copy = match (&active, &status) {
            (_, SessionStatus::Purged) => true,
            (Some(_), SessionStatus::Renewed) => true,
            (Some(_), _) => !self.store.keeps_records(),
            (None, _) => !shared.is_empty(),
        };
        let outgoing = match (active, status) {
            (Some(active), SessionStatus::Purged) => self.log_out(&active).await?,
            (Some(active), SessionStatus::Renewed) => self.renew(shared, active, source).await?,
            (Some(active), _) => self.update(shared, active, rejected, source).await?,
            (None, SessionStatus::Purged) => {
                self.log_out_rejected(rejected, over.as_deref()).await?
            }
            (None, _) if shared.is_empty() => self.clear(rejected),
            (None, _) => self.open_for_visitor(shared, rejected, source).await?,
        };
        // A client that brought its token in a header has no cookie to clear.
        let is_cleared = matches!(outgoing, Outgoing::Clear) && source == TokenSource::Bearer;
        let outgoing = if is_cleared { Outgoing::Nothing } else { outgoing };
        Ok(Finalized { outgoing, is_only_copy })
    }

    /// Keeps what the handler changed, if anything, and re-seals the cookie where needed.
    async fn update(
        &self,
        shared: &RequestSession,
        mut active: ActiveSession,
        rejected: Option<RejectedCookie>,
        source: TokenSource,
    ) -> Result<Outgoing, SessionError> {
        let changed = shared.changed_state(&active.record.state);
        let lifecycle = shared.lifecycle.get();
        if changed.is_none() && !active.reseal && lifecycle.is_none() {
            return Ok(Outgoing::Nothing);
        }
        if !self.is_live(&active.record.id) {
            log::info!("a session was changed after it was over: {}", active.record.id);
            return Ok(Outgoing::Nothing);
        }
        let now = self.settings.clock.now();
        if lifecycle.is_some() {
            let (policy, own) = self.settings.lifecycle(lifecycle, None);
            active.own = own;
            active.reseal = true;
            let SessionRecord { auth_time, expires_at, latest_expiry, .. } = &mut active.record;
            // It can be earlier than before, too.
            *expires_at = policy.expiry(*auth_time, now);
            // Cookies sealed before stay valid for as long as they say.
            *latest_expiry = policy.latest_expiry(*auth_time).max(*latest_expiry);
        }
        let kept = match changed {
            Some(state) => self.save(shared, &mut active, &state, now).await?,
            None if lifecycle.is_some() => self.extend(&mut active).await?,
            None => self.bring_up_to_date(&mut active).await?,
        };
        match kept {
            true if !active.reseal => Ok(Outgoing::Nothing),
            true => {
                self.remember_successor(rejected, &active);
                self.settings.sealed(&active, source, now)
            }
            false => self.gone(&active.record.id).await,
        }
    }

    /// Keeps a changed state. `false` if the session is over.
    async fn save(
        &self,
        shared: &RequestSession,
        active: &mut ActiveSession,
        changed: &State,
        now: Timestamp,
    ) -> Result<bool, SessionError> {
        let Settings { mode, .. } = self.settings;
        let policy = self.settings.policy_of(active);
        if mode == Mode::Cookie || policy.refreshes_on_changes_only() {
            active.reseal = true;
            let keeps_expiry =
                shared.incoming.borrow().is_background || shared.lifecycle.get().is_some();
            if !keeps_expiry {
                active.record.expires_at = self.settings.later_expiry(active, now);
            }
        }
        if mode == Mode::Cookie {
            // Refused before it is kept.
            let as_changed = SessionRecord { state: changed.clone(), ..active.record.clone() };
            self.settings.check_size(&ActiveSession { record: as_changed, ..active.clone() })?;
        }
        let changes = StateChanges::between(&active.record.state, changed);
        let Some(kept) = Box::pin(self.store.save(&active.record, &changes)).await? else {
            log::info!("a session was changed after it was over: {}", active.record.id);
            return Ok(false);
        };
        // With another request's changes it may be too large.
        active.from_store = true;
        self.remember_state(&active.record.id, &kept);
        active.record.state = kept;
        Ok(true)
    }

    /// Moves the record's expiry along with the cookie's. `false` if the session is over.
    async fn extend(&self, active: &mut ActiveSession) -> Result<bool, SessionError> {
        let saved = Box::pin(self.store.save(&active.record, &StateChanges::NONE)).await?;
        let Some(state) = saved else { return Ok(false) };
        active.from_store = true;
        active.record.state = state;
        Ok(true)
    }

    /// The record of a session is gone. If it was renewed or ended on another node, of which this one has
    /// not heard yet, nothing goes out.
    async fn gone(&self, id: &SessionId) -> Result<Outgoing, SessionError> {
        Box::pin(self.store.catch_up(id)).await?;
        Ok(if self.is_live(id) { Outgoing::Clear } else { Outgoing::Nothing })
    }

    /// Reads the state that another request has changed meanwhile. `false` if the session is over.
    async fn bring_up_to_date(&self, active: &mut ActiveSession) -> Result<bool, SessionError> {
        let SessionRecord { id, state, .. } = &active.record;
        if !self.store.keeps_records() || !NODE.is_outdated(id, state) {
            return Ok(true);
        }
        let Some(record) = Box::pin(self.store.load(id)).await? else { return Ok(false) };
        // With another request's changes it may be too large for a cookie.
        active.from_store = true;
        active.record.state = record.state;
        Ok(true)
    }
}

//! A session is opened: someone logs in, the session is renewed, or a handler writes to a visitor's.

use actix_session::SessionStatus;
use serde_json::value::RawValue;

use super::{Outgoing, SessionEngine};
use crate::{
    claims::OwnLifecycle,
    error::SessionError,
    id::SessionId,
    record::SessionRecord,
    request_session::{ActiveSession, RejectedCookie, RequestSession, TokenSource},
    state::State,
    state_changes::StateChanges,
    store::SessionStore,
};

impl<S: SessionStore> SessionEngine<S> {
    /// Ends the session and opens another for the same person, or for the one who has logged in.
    pub(super) async fn renew(
        &self,
        shared: &RequestSession,
        active: ActiveSession,
        source: TokenSource,
    ) -> Result<Outgoing, SessionError> {
        let mut new = self.new_session(shared, active.own);
        let old = &active.record;
        let is_continued = continues(&old.state, &new.record.state);
        if is_continued {
            // With others' changes it may be too large for a cookie, and stays in the store then.
            let fits = || self.settings.fits_cookie(&new, new.record.auth_time);
            new.from_store = self.store.keeps_records() && (active.from_store || fits());
            new.record.state = self.with_others_changes(old, &new.record.state).await?;
        }
        let outgoing = self.settings.sealed(&new, source, new.record.auth_time)?;
        if Box::pin(self.store.create(&new.record, Some(&old.id))).await? {
            return Ok(outgoing);
        }
        // It ended meanwhile. Nothing may outlive it, but the log-in of another person stands.
        if is_continued {
            log::info!("a session was renewed after it was over: {}", old.id);
            return Ok(Outgoing::Nothing);
        }
        self.create(&new, self.successor(&old.id)).await?;
        Ok(outgoing)
    }

    /// The state of a renewed session, with what other requests have changed meanwhile.
    pub(super) async fn with_others_changes(
        &self,
        old: &SessionRecord,
        new: &State,
    ) -> Result<State, SessionError> {
        if !self.store.keeps_records() {
            return Ok(new.clone());
        }
        let latest = Box::pin(self.store.load(&old.id)).await?;
        let changes = StateChanges::between(&old.state, new);
        Ok(latest.map_or_else(|| new.clone(), |latest| changes.apply(&latest.state)))
    }

    /// Opens a session for a visitor, if a handler has written to it.
    pub(super) async fn open_for_visitor(
        &self,
        shared: &RequestSession,
        rejected: Option<RejectedCookie>,
        source: TokenSource,
    ) -> Result<Outgoing, SessionError> {
        let new = self.new_session(shared, None);
        let replaces = match rejected {
            // Someone logged in again. What was late and is no log-in must not take the place of it.
            Some(RejectedCookie::Replaced { by }) => {
                if shared.handlers.status() != SessionStatus::Renewed {
                    log::info!("a late request's change was not kept: its session was renewed");
                    return Ok(Outgoing::Nothing);
                }
                Some(by)
            }
            _ => None,
        };
        let outgoing = self.settings.sealed(&new, source, new.record.auth_time)?;
        self.create(&new, replaces).await?;
        self.remember_successor(rejected, &new);
        Ok(outgoing)
    }

    /// Creates a session, in place of this one if it is live.
    pub(super) async fn create(
        &self,
        new: &ActiveSession,
        replaces: Option<SessionId>,
    ) -> Result<(), SessionError> {
        let mut replaces = replaces;
        while let Some(next) = replaces.and_then(|id| self.successor(&id)) {
            replaces = Some(next);
        }
        let replaces = replaces.filter(|id| self.is_live(id));
        if replaces.is_none()
            || !Box::pin(self.store.create(&new.record, replaces.as_ref())).await?
        {
            Box::pin(self.store.create(&new.record, None)).await?;
        }
        Ok(())
    }

    /// The session that a handler has opened, or renewed.
    pub(super) fn new_session(
        &self,
        shared: &RequestSession,
        own: Option<OwnLifecycle>,
    ) -> ActiveSession {
        let (policy, own) = self.settings.lifecycle(shared.lifecycle.get(), own);
        let (id, auth_time) = shared.renewed();
        let (expires_at, latest_expiry) =
            (policy.expiry(auth_time, auth_time), policy.latest_expiry(auth_time));
        let state = shared.state();
        let record = SessionRecord { id, auth_time, expires_at, latest_expiry, state };
        ActiveSession { record, own, reseal: true, from_store: false }
    }
}

/// Whether a renewal continues the session: for the same person (or no one), with something of the state.
/// Otherwise someone has logged in.
fn continues(old: &State, new: &State) -> bool {
    let is_same = |(key, value): (&String, &&RawValue)| {
        new.entries().get(key).is_some_and(|other| other.get() == value.get())
    };
    old.user_id() == new.user_id() && old.entries().iter().any(is_same)
}

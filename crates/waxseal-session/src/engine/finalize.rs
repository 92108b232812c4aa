//! A response goes out: what the handler did to the session is kept, and the cookie is sealed, cleared
//! or left alone.
//!
//! A response acts on the session that its request was about, as that session stands now. If it has ended
//! meanwhile, nothing goes out: the browser may have another session's cookie by now.

use actix_session::SessionStatus;
use actix_web::http::header::HeaderValue;
use serde_json::value::RawValue;
use waxseal_seal::token_len;

use super::{SessionEngine, Settings};
use crate::{
    claims::{self, OwnLifecycle},
    clock::Timestamp,
    config::SessionLifecycle,
    cookie::MAX_COOKIE_BYTES,
    error::SessionError,
    expiry::{ExpiryPolicy, MAX_COOKIE_AGE},
    id::SessionId,
    mode::Mode,
    node_memory::NODE,
    record::SessionRecord,
    request_session::{ActiveSession, Incoming, RejectedCookie, RequestSession, TokenSource},
    state::State,
    state_changes::StateChanges,
    store::{RevocationStatus, SessionStore},
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

impl<S: SessionStore> SessionEngine<S> {
    /// Keeps what the handler changed. Also says whether the client's copy is the only one.
    pub(crate) async fn finalize(
        &self,
        shared: &RequestSession,
    ) -> Result<(Outgoing, bool), SessionError> {
        let Incoming { active, rejected, source, .. } = shared.incoming.borrow().clone();
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
            (None, SessionStatus::Purged) => self.log_out_rejected(rejected).await?,
            (None, _) if shared.is_empty() => self.clear(rejected),
            (None, _) => self.open_for_visitor(shared, rejected, source).await?,
        };
        // A client that brought its token in a header has no cookie to clear.
        let is_cleared = matches!(outgoing, Outgoing::Clear) && source == TokenSource::Bearer;
        Ok((if is_cleared { Outgoing::Nothing } else { outgoing }, is_only_copy))
    }

    /// Ends the session: someone logged out.
    async fn log_out(&self, active: &ActiveSession) -> Result<Outgoing, SessionError> {
        let id = &active.record.id;
        // If not, the handler has perhaps ended it in a transaction of its own.
        if self.is_live(id) {
            Box::pin(self.store.revoke(&active.record)).await?;
        }
        self.log_out_successors(*id).await
    }

    async fn log_out_rejected(
        &self,
        rejected: Option<RejectedCookie>,
    ) -> Result<Outgoing, SessionError> {
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
    async fn log_out_successors(&self, id: SessionId) -> Result<Outgoing, SessionError> {
        let mut successor = self.successor(&id);
        while let Some(id) = successor {
            if let Some(record) = self.live_record(&id).await? {
                Box::pin(self.store.revoke(&record)).await?;
            }
            successor = self.successor(&id).filter(|next| *next != id);
        }
        Ok(Outgoing::Clear)
    }

    /// Ends the session and opens another for the same person, or for the one who has logged in.
    async fn renew(
        &self,
        shared: &RequestSession,
        active: ActiveSession,
        source: TokenSource,
    ) -> Result<Outgoing, SessionError> {
        let mut new = self.new_session(shared, active.own);
        let old = &active.record;
        let is_continued = continues(&old.state, &new.record.state);
        if is_continued {
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
    async fn with_others_changes(
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
    async fn open_for_visitor(
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
    async fn create(
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
            // It can be earlier than before, too.
            active.record.expires_at = policy.expiry(active.record.auth_time, now);
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

    /// The session that a handler has opened, or renewed.
    fn new_session(&self, shared: &RequestSession, own: Option<OwnLifecycle>) -> ActiveSession {
        let (policy, own) = self.settings.lifecycle(shared.lifecycle.get(), own);
        let (id, auth_time) = shared.renewed();
        let expires_at = policy.expiry(auth_time, auth_time);
        let record = SessionRecord { id, auth_time, expires_at, state: shared.state() };
        ActiveSession { record, own, reseal: true, from_store: false }
    }

    /// A rejected cookie as it stands now: someone may have logged in since, perhaps in another tab.
    fn as_of_now(&self, rejected: RejectedCookie) -> RejectedCookie {
        let successor = match rejected {
            RejectedCookie::Over(Some(cookie)) => NODE.successor(cookie, self.settings.clock.now()),
            _ => None,
        };
        successor.map_or(rejected, |by| RejectedCookie::Replaced { by })
    }

    fn clear(&self, rejected: Option<RejectedCookie>) -> Outgoing {
        match rejected {
            None | Some(RejectedCookie::Replaced { .. }) => Outgoing::Nothing,
            Some(RejectedCookie::Over(_) | RejectedCookie::Several) => Outgoing::Clear,
        }
    }

    fn is_live(&self, id: &SessionId) -> bool {
        let status = self.store.revocation_status(id);
        matches!(status, RevocationStatus::Active | RevocationStatus::Unknown)
    }

    /// The session that took this one's place within the last minute.
    fn successor(&self, id: &SessionId) -> Option<SessionId> {
        match self.store.revocation_status(id) {
            RevocationStatus::Replaced { by } => Some(by),
            RevocationStatus::Revoked => {
                NODE.successor(NODE.of_session(id), self.settings.clock.now())
            }
            RevocationStatus::Active | RevocationStatus::Unknown => None,
        }
    }

    /// A session of which only the id is known.
    async fn live_record(&self, id: &SessionId) -> Result<Option<SessionRecord>, SessionError> {
        if !self.is_live(id) {
            return Ok(None);
        }
        let now = self.settings.clock.now();
        let unknown = || SessionRecord {
            id: *id,
            auth_time: now,
            expires_at: now + MAX_COOKIE_AGE,
            state: State::default(),
        };
        Ok(Some(Box::pin(self.store.load(id)).await?.unwrap_or_else(unknown)))
    }

    fn remember_state(&self, id: &SessionId, state: &State) {
        if self.store.keeps_records() {
            NODE.remember_state(id, state);
        }
    }

    fn remember_successor(&self, rejected: Option<RejectedCookie>, new: &ActiveSession) {
        if let Some(RejectedCookie::Over(Some(cookie))) = rejected {
            NODE.remember_successor(cookie, new.record.id, self.settings.clock.now());
        }
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

impl Settings {
    /// The policy of a session, and the lifecycle of its own: the one that a handler chose, or the one it
    /// had.
    pub(crate) fn lifecycle(
        &self,
        chosen: Option<SessionLifecycle>,
        own: Option<OwnLifecycle>,
    ) -> (ExpiryPolicy, Option<OwnLifecycle>) {
        let policy = chosen.and_then(|chosen| {
            Some((self.policy.with_lifecycle(chosen).ok()?, chosen.is_browser_session()))
        });
        match policy {
            Some((policy, browser_session)) => {
                let own = OwnLifecycle {
                    idle_timeout: policy.idle_timeout(),
                    lifetime: policy.lifetime(),
                    refresh_threshold: policy.refresh_threshold(),
                    browser_session,
                };
                (policy, Some(own))
            }
            None => (own.map_or(self.policy, |own| ExpiryPolicy::of_own(&own)), own),
        }
    }

    fn policy_of(&self, active: &ActiveSession) -> ExpiryPolicy {
        active.own.map_or(self.policy, |own| ExpiryPolicy::of_own(&own))
    }

    /// The expiry of a session that is re-sealed now: never earlier than it was.
    pub(super) fn later_expiry(&self, active: &ActiveSession, now: Timestamp) -> Timestamp {
        let SessionRecord { auth_time, expires_at, .. } = active.record;
        self.policy_of(active).expiry(auth_time, now).max(expires_at)
    }

    /// Seals a session and puts it where its client looks for it.
    fn sealed(
        &self,
        active: &ActiveSession,
        source: TokenSource,
        now: Timestamp,
    ) -> Result<Outgoing, SessionError> {
        // A state from the store that fits no cookie stays there.
        let stays = active.from_store && !self.fits_cookie(active, now);
        let mode = if stays { Mode::Database } else { self.mode };
        let token = self.seal(active, mode, now)?;
        let header = match source {
            TokenSource::Cookie => {
                let browser_session =
                    active.own.map_or(self.browser_session, |own| own.browser_session);
                let max_age = (!browser_session).then(|| active.record.expires_at.since(now));
                self.cookie.set(&token, max_age).map(Outgoing::Cookie)
            }
            TokenSource::Bearer => HeaderValue::try_from(token).ok().map(Outgoing::Header),
        };
        Ok(header.unwrap_or(Outgoing::Nothing))
    }

    /// The token of a session that is sealed `now`.
    pub(super) fn seal(
        &self,
        active: &ActiveSession,
        mode: Mode,
        now: Timestamp,
    ) -> Result<String, SessionError> {
        let plaintext = plaintext(active, mode, now);
        let size = self.cookie.name.len() + token_len(plaintext.len());
        if size > MAX_COOKIE_BYTES {
            return Err(SessionError::TooLarge { size });
        }
        Ok(self.keyring.seal(&self.purpose, plaintext.as_bytes()))
    }

    /// # Errors
    ///
    /// When the session does not fit into one cookie.
    fn check_size(&self, active: &ActiveSession) -> Result<(), SessionError> {
        let plaintext = plaintext(active, self.mode, self.clock.now());
        match self.cookie.name.len() + token_len(plaintext.len()) {
            ..=MAX_COOKIE_BYTES => Ok(()),
            size => Err(SessionError::TooLarge { size }),
        }
    }

    /// Whether the session fits into one cookie, state and all.
    pub(super) fn fits_cookie(&self, active: &ActiveSession, now: Timestamp) -> bool {
        let plaintext = plaintext(active, Mode::Cookie, now);
        self.cookie.name.len() + token_len(plaintext.len()) <= MAX_COOKIE_BYTES
    }
}

fn plaintext(active: &ActiveSession, mode: Mode, now: Timestamp) -> String {
    let SessionRecord { id, auth_time, expires_at, state } = &active.record;
    let state = (mode == Mode::Cookie).then_some(state);
    claims::write(id, [*auth_time, now, *expires_at], active.own.as_ref(), state)
}

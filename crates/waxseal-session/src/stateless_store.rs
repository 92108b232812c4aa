//! A session store that keeps no records.

use std::{
    future::Future,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    clock::Clock,
    expiry::MAX_COOKIE_AGE,
    id::SessionId,
    record::SessionRecord,
    revocation_feed::RevocationFeed,
    revocation_list::{Replacement, Revocation, RevocationList},
    state::State,
    state_changes::StateChanges,
    store::{RevocationStatus, SessionStore, StoreError},
    telemetry,
};

/// Keeps no records: the cookie is all there is, as with iron-session and actix-session's
/// `CookieSessionStore`.
///
/// Sessions survive restarts and are valid on any number of nodes that have the secret. **Log-out asks
/// the browser to delete its cookie, and this process refuses copies of it; other nodes, and this one
/// after a restart, accept a copy until it expires.**
///
/// Of two requests at once that change the state, the cookie that arrives last wins. A session can't be
/// listed, and no one can end another's: for that, use a store on a database.
#[derive(Debug, Clone)]
pub struct StatelessStore(Arc<Revoked>);

#[derive(Debug, Default)]
struct Revoked {
    clock: Clock,
    list: RevocationList,
    /// Revocations since expired ones were last removed.
    since_sweep: AtomicUsize,
}

/// How many revocations there are between two removals of expired ones.
const SWEEP_EVERY: usize = 4096;

impl StatelessStore {
    /// A store without records. All of a process share their log-outs, so each worker may make its own.
    pub fn new() -> Self {
        static OF_PROCESS: LazyLock<StatelessStore> =
            LazyLock::new(|| StatelessStore::with_clock(Clock::system()));
        OF_PROCESS.clone()
    }

    /// A store that shares nothing, by this clock; the middleware needs the same one.
    pub fn with_clock(clock: Clock) -> Self {
        Self(Arc::new(Revoked { clock, ..Revoked::default() }))
    }

    fn insert(&self, revocation: Revocation) {
        let Revoked { clock, list, since_sweep } = &*self.0;
        telemetry::sessions_revoked(usize::from(!list.contains(&revocation.id)));
        list.insert(revocation);
        if since_sweep.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            list.remove_expired_before(clock.earliest() - RevocationFeed::RETENTION);
        }
    }
}

impl Default for StatelessStore {
    fn default() -> Self {
        Self::new()
    }
}

impl SessionStore for StatelessStore {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        self.0.list.status(id, self.0.clock.now())
    }

    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static {
        self.0.list.revoked(id)
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        if let Some(id) = replaces {
            if self.0.list.contains(id) {
                return Ok(false);
            }
            let replaced = Some(Replacement { by: session.id, at: self.0.clock.now() });
            // When the old one would have expired is unknown; browsers drop its cookie by then.
            let expires_at = session.latest_expiry.max(self.0.clock.now() + MAX_COOKIE_AGE);
            self.insert(Revocation { id: *id, expires_at, replaced });
        }
        telemetry::session_created();
        Ok(true)
    }

    async fn load(&self, _: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        Ok(None)
    }

    async fn save(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, StoreError> {
        let is_over = self.0.list.contains(&session.id);
        Ok((!is_over).then(|| changes.apply(&session.state)))
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        // A copy of the cookie may have been refreshed since this one was sealed.
        let SessionRecord { id, expires_at, latest_expiry, .. } = *session;
        let expires_at = expires_at.max(latest_expiry);
        self.insert(Revocation { id, expires_at, replaced: None });
        Ok(())
    }

    fn keeps_records(&self) -> bool {
        false
    }
}

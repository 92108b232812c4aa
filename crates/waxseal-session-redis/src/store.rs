//! The session store.

use std::{future::Future, sync::Arc, time::Duration};

use waxseal_session::{
    Replacement, Revocation, RevocationStatus, SessionId, SessionRecord, SessionStore, State,
    StateChanges, StoreError, Timestamp, telemetry,
};

use crate::{
    background::BackgroundTasks,
    builder::RedisSessionStoreBuilder,
    error::RedisStoreError,
    requests::within_timeout,
    scripts,
    server::Server,
    shared::{Shared, timestamp},
};

/// Sessions in Redis. Clones share the connections, the revocation list and the background tasks, which stop
/// when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct RedisSessionStore {
    pub(crate) shared: Arc<Shared>,
    pub(crate) _tasks: Arc<BackgroundTasks>,
}

/// How long a node waits for a revocation of which it may not have heard yet.
const CATCH_UP: Duration = Duration::from_millis(200);

impl RedisSessionStore {
    /// Connects to `redis://USER:PASSWORD@HOST:PORT/DATABASE` (`rediss://` with the feature `rustls`), loads
    /// the revocations and starts the background tasks. With a Redis that is empty it takes two seconds: see
    /// [Lost data](crate#lost-data).
    ///
    /// # Errors
    ///
    /// If the URL is invalid, Redis can't be reached, or it fails.
    pub async fn connect(url: &str) -> Result<Self, RedisStoreError> {
        Self::builder(redis::Client::open(url)?).connect().await
    }

    /// The same as [`connect`](Self::connect), as actix-session's `RedisSessionStore` has it.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn new(url: impl AsRef<str>) -> Result<Self, RedisStoreError> {
        Self::connect(url.as_ref()).await
    }

    /// A store with other settings, or on a cluster or a master that Sentinel watches: `server` is a
    /// [`redis::Client`], or the client of those.
    pub fn builder(server: impl Into<Server>) -> RedisSessionStoreBuilder {
        RedisSessionStoreBuilder::new(server.into())
    }

    /// Whether the revocation list is fresh enough to tell whether a session is active.
    pub fn is_fresh(&self) -> bool {
        self.shared.feed.is_fresh()
    }

    /// The time since the revocation list was last complete.
    pub fn age(&self) -> Duration {
        self.shared.feed.age()
    }

    /// The number of sessions on the revocation list; it takes time proportional to it.
    pub fn revocations(&self) -> usize {
        self.shared.feed.len()
    }

    /// Writes the last-seen times that are still in memory. It happens every 30 s; call it before the
    /// process ends.
    ///
    /// # Errors
    ///
    /// If Redis fails. The times stay in memory for the next call.
    pub async fn write_last_seen(&self) -> Result<(), RedisStoreError> {
        self.shared.write_last_seen().await
    }
}

impl SessionStore for RedisSessionStore {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        self.shared.feed.status(id)
    }

    fn valid_since(&self) -> Timestamp {
        self.shared.epoch.beginning()
    }

    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static {
        let (revoked, lost) = (self.shared.feed.revoked(id), self.shared.epoch.replaced());
        async move {
            tokio::select! {
                () = revoked => {}
                () = lost => {}
            }
        }
    }

    fn touch(&self, id: &SessionId) {
        self.shared.last_seen.note(*id, self.shared.clock.now());
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        within_timeout(self.shared.create(session, replaces)).await.map_err(StoreError::new)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let loaded = within_timeout(self.shared.load(id)).await.map_err(StoreError::new)?;
        Ok(loaded.map(|(session, _)| session))
    }

    async fn save(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, StoreError> {
        within_timeout(self.shared.save(session, changes)).await.map_err(StoreError::new)
    }

    /// Waits for the feed, which is at most milliseconds behind.
    async fn catch_up(&self, id: &SessionId) -> Result<(), StoreError> {
        let _not_revoked =
            tokio::time::timeout(CATCH_UP, self.shared.feed.revoked(id)).await.is_err();
        Ok(())
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let (shared, session) = (self.shared.clone(), session.clone());
        // In a task of its own: the log-out completes even if the client disconnects.
        let revocation = tokio::spawn(async move {
            let user = session.state.user_id();
            let until = session.latest_expiry.max(session.expires_at);
            let revoked = shared.revoke(&session.id, until, user.as_deref(), None);
            within_timeout(revoked).await
        });
        revocation.await.map_err(StoreError::new)?.map_err(StoreError::new)?;
        Ok(())
    }
}

impl Shared {
    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, RedisStoreError> {
        let beginning = self.epoch.beginning();
        if session.auth_time < beginning {
            return Err(RedisStoreError::BeforeEpoch(beginning));
        }
        let (now, user) = (self.clock.now(), session.state.user_id());
        let record = self.keys.session(&session.id);
        let mut script = scripts::CREATE.prepare_invoke();
        // A key that the script does not use has to have the same hash tag as the others.
        script.key(&self.keys.revoked).key(&self.keys.revocations).key(&record);
        script.key(replaces.map_or_else(|| record.clone(), |id| self.keys.session(id)));
        script.key(user.as_ref().map_or_else(|| record.clone(), |user| self.keys.user(user)));
        script.arg(self.epoch.name()).arg(now.as_unix()).arg(session.id.to_string());
        script.arg(session.auth_time.as_unix()).arg(session.expires_at.as_unix());
        script.arg(session.latest_expiry.as_unix());
        script.arg(session.state.to_json()).arg(user.unwrap_or_default());
        script.arg(replaces.map(SessionId::to_string).unwrap_or_default()).arg(Self::slack());
        let (outcome, expires_at): (String, String) = self.requests.run(&script).await?;
        match outcome.as_str() {
            "created" => {}
            "over" => return Ok(false),
            "lost" => return Err(RedisStoreError::DataLost),
            _ => return Err(RedisStoreError::Corrupt("an outcome")),
        }
        if let Some(id) = replaces {
            let replaced = Some(Replacement { by: session.id, at: now });
            let expires_at = timestamp(&expires_at)?;
            self.feed.insert(Revocation { id: *id, expires_at, replaced });
        }
        telemetry::session_created();
        telemetry::sessions_revoked(usize::from(replaces.is_some()));
        Ok(true)
    }

    /// A live session, and the version of its state.
    pub(crate) async fn load(
        &self,
        id: &SessionId,
    ) -> Result<Option<(SessionRecord, String)>, RedisStoreError> {
        let mut script = scripts::LOAD.prepare_invoke();
        script.key(self.keys.session(id));
        let fields: [Option<String>; 5] = self.requests.run(&script).await?;
        let [Some(state), Some(version), Some(auth_time), Some(expires_at), Some(latest)] = fields
        else {
            return Ok(None);
        };
        let (auth_time, expires_at) = (timestamp(&auth_time)?, timestamp(&expires_at)?);
        if self.clock.now() >= expires_at || auth_time < self.epoch.beginning() {
            return Ok(None);
        }
        let (latest_expiry, state) = (timestamp(&latest)?, parse(&state)?);
        let session = SessionRecord { id: *id, auth_time, expires_at, latest_expiry, state };
        Ok(Some((session, version)))
    }

    async fn save(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, RedisStoreError> {
        if session.auth_time < self.epoch.beginning() {
            return Ok(None);
        }
        if changes.is_empty() {
            let saved = self.save_version(session, "", &session.state).await?;
            return saved.map(|(_, state, _)| parse(&state)).transpose();
        }
        let Some((loaded, mut version)) = self.load(&session.id).await? else { return Ok(None) };
        let mut state = loaded.state;
        loop {
            state = changes.apply(&state);
            match self.save_version(session, &version, &state).await? {
                None => return Ok(None),
                Some((true, ..)) => return Ok(Some(state)),
                // Another request has changed it meanwhile.
                Some((false, changed, its_version)) => {
                    state = parse(&changed)?;
                    version = its_version;
                }
            }
        }
    }

    /// Moves the expiry, and sets the state if it has this version; with an empty version, it is left as it
    /// is. Returns whether that was done, the state and the version before; `None` if the session is over.
    async fn save_version(
        &self,
        session: &SessionRecord,
        version: &str,
        state: &State,
    ) -> Result<Option<(bool, String, String)>, RedisStoreError> {
        let (record, user) = (self.keys.session(&session.id), state.user_id());
        let mut script = scripts::SAVE.prepare_invoke();
        script.key(&record);
        script.key(user.as_ref().map_or_else(|| record.clone(), |user| self.keys.user(user)));
        script.arg(self.clock.now().as_unix()).arg(session.id.to_string());
        script.arg(session.expires_at.as_unix()).arg(session.latest_expiry.as_unix());
        script.arg(version).arg(state.to_json());
        script.arg(user.unwrap_or_default()).arg(Self::slack());
        self.requests.run(&script).await
    }

    /// Revokes a session until `latest_expiry` or its record's, whichever is later. `user` is the one on
    /// whose list it may be; with `owner`, only that user's session is revoked. Returns whether it was
    /// live.
    pub(crate) async fn revoke(
        &self,
        id: &SessionId,
        latest_expiry: Timestamp,
        user: Option<&str>,
        owner: Option<&str>,
    ) -> Result<bool, RedisStoreError> {
        let record = self.keys.session(id);
        let mut script = scripts::REVOKE.prepare_invoke();
        script.key(&self.keys.revoked).key(&self.keys.revocations).key(&record);
        script.key(user.map_or_else(|| record.clone(), |user| self.keys.user(user)));
        script.arg(id.to_string()).arg(latest_expiry.as_unix()).arg(owner.unwrap_or_default());
        let revoked: Option<(String, String)> = self.requests.run(&script).await?;
        let Some((record_expires_at, until)) = revoked else { return Ok(false) };
        self.insert_revoked(*id, timestamp(&until)?);
        let was_live = timestamp(&record_expires_at)? > self.clock.now();
        telemetry::sessions_revoked(usize::from(was_live));
        Ok(was_live)
    }
}

fn parse(state: &str) -> Result<State, RedisStoreError> {
    State::from_json(state).map_err(|_| RedisStoreError::Corrupt("a session's state"))
}

//! A session store of an app's own, for several nodes. The database is a map and a log of commits; what is
//! below would be the same with any other.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use waxseal_session::{
    Clock, Replacement, Revocation, RevocationFeed, RevocationSource, RevocationStatus, SessionId,
    SessionRecord, SessionStore, State, StateChanges, StoreError, Timestamp, testing,
};

/// What the nodes share.
#[derive(Default)]
struct Database(Mutex<Tables>);

#[derive(Default)]
struct Tables {
    records: HashMap<SessionId, SessionRecord>,
    /// In the order of commits.
    revocations: Vec<Revocation>,
}

/// A node's store.
#[derive(Clone)]
struct OwnStore {
    database: Arc<Database>,
    clock: Clock,
    feed: Arc<RevocationFeed>,
}

impl OwnStore {
    /// Loads the revocations, and follows those of other nodes.
    async fn connect(database: Arc<Database>, clock: Clock) -> Result<Self, StoreError> {
        let feed = Arc::new(RevocationFeed::new(clock.clone()));
        let mut position = 0;
        feed.sync(&*database, &mut position).await?;
        let (following, source) = (Arc::clone(&feed), Arc::clone(&database));
        actix_web::rt::spawn(async move {
            following.follow(&*source, position, Duration::from_secs(1)).await;
        });
        Ok(Self { database, clock, feed })
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.database.0.lock().unwrap()
    }

    /// Revokes a session in the database, and then on this node. `false` if it was not live.
    fn end(&self, id: SessionId, expires_at: Timestamp, replaced: Option<Replacement>) -> bool {
        let mut tables = self.tables();
        let record = tables.records.remove(&id);
        let was_live = record.as_ref().is_some_and(|it| self.clock.now() < it.expires_at);
        if replaced.is_some() && !was_live {
            return false;
        }
        let expires_at = record.map_or(expires_at, |record| record.latest_expiry.max(expires_at));
        let revocation = Revocation { id, expires_at, replaced };
        tables.revocations.push(revocation);
        self.feed.insert(revocation);
        was_live
    }
}

impl RevocationSource for Database {
    /// How many commits were read.
    type Position = usize;

    async fn read(
        &self,
        after: &usize,
        insert: impl FnMut(Revocation),
    ) -> Result<usize, StoreError> {
        let tables = self.0.lock().map_err(|_| StoreError::new("the database is down"))?;
        tables.revocations.iter().skip(*after).copied().for_each(insert);
        Ok(tables.revocations.len())
    }
}

impl SessionStore for OwnStore {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        self.feed.status(id)
    }

    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static {
        self.feed.revoked(id)
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        let by = Replacement { by: session.id, at: self.clock.now() };
        if replaces.is_some_and(|old| !self.end(*old, session.expires_at, Some(by))) {
            return Ok(false);
        }
        self.tables().records.insert(session.id, session.clone());
        Ok(true)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let record = self.tables().records.get(id).cloned();
        Ok(record.filter(|record| self.clock.now() < record.expires_at))
    }

    async fn save(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, StoreError> {
        let mut tables = self.tables();
        let record = tables.records.get_mut(&session.id);
        Ok(record.filter(|record| self.clock.now() < record.expires_at).map(|record| {
            record.state = changes.apply(&record.state);
            record.expires_at = record.expires_at.max(session.expires_at);
            record.latest_expiry = record.latest_expiry.max(session.latest_expiry);
            record.state.clone()
        }))
    }

    async fn catch_up(&self, id: &SessionId) -> Result<(), StoreError> {
        let revocation = self.tables().revocations.iter().find(|it| it.id == *id).copied();
        revocation.into_iter().for_each(|revocation| self.feed.insert(revocation));
        Ok(())
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        self.end(session.id, session.latest_expiry, None);
        Ok(())
    }
}

#[actix_web::test]
async fn it_passes_the_suites() {
    let clock = Clock::manual(Timestamp::from_unix(1_700_000_000));
    let store = OwnStore::connect(Arc::default(), clock.clone()).await.unwrap();
    testing::acceptance_suite(&store, &clock).await.unwrap();
    testing::many_tabs_suite(&store, &clock).await.unwrap();
}

#[actix_web::test]
async fn two_nodes_hear_of_each_other() {
    let (database, clock) = (Arc::<Database>::default(), Clock::system());
    let one = OwnStore::connect(Arc::clone(&database), clock.clone()).await.unwrap();
    let other = OwnStore::connect(database, clock.clone()).await.unwrap();
    testing::two_nodes_suite(&one, &other, &clock).await.unwrap();
}

#[actix_web::test]
async fn a_node_that_hears_nothing_for_30_seconds_can_not_tell() {
    let clock = Clock::manual(Timestamp::from_unix(1_700_000_000));
    let database = Arc::<Database>::default();
    let store = OwnStore::connect(Arc::clone(&database), clock.clone()).await.unwrap();
    let id = SessionId::random();
    assert_eq!(store.revocation_status(&id), RevocationStatus::Active);
    // From now on the database does not answer.
    let _poisoned = std::thread::spawn(move || {
        let _lock = database.0.lock().unwrap();
        panic!("the database crashes");
    })
    .join();
    clock.elapse(Duration::from_secs(31));
    assert_eq!(store.revocation_status(&id), RevocationStatus::Unknown);
}

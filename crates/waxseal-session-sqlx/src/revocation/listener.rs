//! Listens for revocations on PostgreSQL (LISTEN), on its own connection.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;
use waxseal_session::ErrorChain;

use super::notify::{CHANNEL, entries};
use crate::{
    database::{DatabaseError, SessionPool},
    store::SqlSessionStore,
};

/// How long to wait for a connection, a statement or the test notification.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait for a notification before checking the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// How long to wait before reconnecting after a connection failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait before trying again if notifications don't arrive at all.
const SLOW_RETRY_INTERVAL: Duration = Duration::from_secs(300);

/// Adds the revocations of other nodes to the list as they are announced, until the future is dropped.
/// Ends at once on SQLite, which has no notifications.
pub(crate) async fn listen(store: &SqlSessionStore) {
    let SessionPool::Postgres(pool) = &store.database.pool else { return };
    let mut logged = None;
    loop {
        // A connection of its own: the pool may be small.
        let options = pool.connect_options();
        let connections = PgPoolOptions::new().max_connections(1).acquire_timeout(LISTEN_TIMEOUT);
        let connections = connections.connect_lazy_with((*options).clone());
        let problem = match Listener::start(store, &connections).await {
            Ok(mut listener) => {
                log::info!("revocation feed: listening for notifications");
                logged = None;
                listener.receive().await
            }
            Err(problem) => problem,
        };
        let pause = if problem.is_permanent() { SLOW_RETRY_INTERVAL } else { RETRY_INTERVAL };
        // Logged once, not at every retry.
        if logged != Some(problem.is_permanent()) {
            logged = Some(problem.is_permanent());
            let problem = ErrorChain(&problem);
            log::warn!("revocation feed: LISTEN failed, polling every second: {problem}");
        }
        store.clock.sleep_until(store.clock.elapsed() + pause).await;
    }
}

/// A connection that receives notifications.
struct Listener<'a> {
    store: &'a SqlSessionStore,
    listener: PgListener,
}

impl<'a> Listener<'a> {
    /// Starts to listen, and checks that notifications arrive. What was announced before is read by the
    /// polls.
    ///
    /// # Errors
    ///
    /// If the database can't be reached, or notifications don't arrive.
    async fn start(store: &'a SqlSessionStore, pool: &sqlx::PgPool) -> Result<Self, ListenError> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.eager_reconnect(false);
        // Poolers in transaction mode either refuse LISTEN, or accept it and deliver nothing.
        timed(listener.listen(CHANNEL)).await.map_err(|error| match error {
            error if is_unsupported(&error) => ListenError::Refused(error),
            error => ListenError::Connection(error),
        })?;
        let mut listener = Self { store, listener };
        listener.receive_hello().await?;
        Ok(listener)
    }

    /// Adds the sessions of each notification to the list, until the connection fails.
    async fn receive(&mut self) -> ListenError {
        loop {
            match timeout(KEEP_ALIVE, self.listener.try_recv()).await {
                Ok(Ok(Some(notification))) => self.insert(notification.payload()),
                Ok(Ok(None)) => return ListenError::Lost,
                Ok(Err(error)) => return error.into(),
                Err(_silence) => {
                    if let Err(error) =
                        timed(sqlx::query("SELECT 1").execute(&mut self.listener)).await
                    {
                        return error.into();
                    }
                }
            }
        }
    }

    /// Sends a test notification the way revocations are sent, and waits for it.
    async fn receive_hello(&mut self) -> Result<(), ListenError> {
        let hello = format!("hello {}", Uuid::new_v4());
        let notify = sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(hello.as_str());
        self.store.database.fetch_all(notify).await?;
        let until = Instant::now() + LISTEN_TIMEOUT;
        loop {
            match timeout_at(until, self.listener.try_recv()).await {
                Ok(Ok(Some(notification))) if notification.payload() == hello => return Ok(()),
                Ok(Ok(Some(notification))) => self.insert(notification.payload()),
                Ok(Ok(None)) => return Err(ListenError::Lost),
                Ok(Err(error)) => return Err(error.into()),
                Err(_elapsed) => return Err(ListenError::NotDelivered),
            }
        }
    }

    fn insert(&self, payload: &str) {
        entries(payload).for_each(|revocation| self.store.feed.insert(revocation));
    }
}

/// Whether the database does not support LISTEN: SQLSTATE 0A000 (feature not supported) or 42601 (syntax
/// error).
fn is_unsupported(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("0A000" | "42601"))
}

async fn timed<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    timeout(LISTEN_TIMEOUT, work).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Why notifications do not arrive.
#[derive(Debug, thiserror::Error)]
enum ListenError {
    /// The database does not support LISTEN on this connection.
    #[error("LISTEN is refused")]
    Refused(#[source] sqlx::Error),
    /// LISTEN succeeds, but no notification arrives.
    #[error("notifications do not arrive; is there a pooler in transaction mode?")]
    NotDelivered,
    /// The server closed the connection.
    #[error("the connection was closed")]
    Lost,
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[from] sqlx::Error),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl ListenError {
    /// Whether trying again is unlikely to help.
    fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NotDelivered)
    }
}

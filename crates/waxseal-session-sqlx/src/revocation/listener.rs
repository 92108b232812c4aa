//! Listens for revocations on PostgreSQL (LISTEN), on its own connection.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use super::notify::{CHANNEL, entries};
use crate::{
    database::{DatabaseError, DatabaseUrl},
    store::SqlSessionStore,
};

/// How long to wait for a connection, a statement or the test notification.
const LISTEN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait for a notification before checking the connection.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// A connection that receives notifications.
pub(super) struct Listener<'a> {
    sessions: &'a SqlSessionStore,
    listener: PgListener,
}

impl SqlSessionStore {
    /// Starts to listen, checks that notifications arrive, and loads all revocations committed before.
    /// `None` on SQLite, which has no notifications.
    ///
    /// # Errors
    ///
    /// If the database can't be reached, or notifications don't arrive.
    pub(super) async fn listen(&self) -> Result<Option<Listener<'_>>, ListenError> {
        let DatabaseUrl::Postgres(url) = &self.database.url else { return Ok(None) };
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(LISTEN_TIMEOUT);
        let pool = pool.connect_lazy(url)?;
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        // Poolers in transaction mode either refuse LISTEN, or accept it and deliver nothing.
        timed(listener.listen(CHANNEL)).await.map_err(|error| match error {
            error if is_unsupported(&error) => ListenError::Refused(error),
            error => ListenError::Connection(error),
        })?;
        let mut listener = Listener { sessions: self, listener };
        listener.receive_hello().await?;
        self.reload().await?;
        Ok(Some(listener))
    }
}

impl Listener<'_> {
    /// Adds the sessions of each notification to the list, until the connection fails.
    pub(super) async fn receive(&mut self) -> ListenError {
        loop {
            match timeout(KEEP_ALIVE, self.listener.try_recv()).await {
                Ok(Ok(Some(notification))) => {
                    self.sessions.feed.insert(&entries(notification.payload()))
                }
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
        self.sessions.database.fetch_all(notify).await?;
        let until = Instant::now() + LISTEN_TIMEOUT;
        loop {
            match timeout_at(until, self.listener.try_recv()).await {
                Ok(Ok(Some(notification))) if notification.payload() == hello => return Ok(()),
                Ok(Ok(Some(notification))) => {
                    self.sessions.feed.insert(&entries(notification.payload()))
                }
                Ok(Ok(None)) => return Err(ListenError::Lost),
                Ok(Err(error)) => return Err(error.into()),
                Err(_elapsed) => return Err(ListenError::NotDelivered),
            }
        }
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
pub(super) enum ListenError {
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
    pub(super) fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NotDelivered)
    }
}

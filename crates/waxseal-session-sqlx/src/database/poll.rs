//! The connection that polls for revocations.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::timeout;

use super::{
    Database, DatabaseError, SessionPool,
    codes::{TOO_MANY_CONNECTIONS, code_of},
    pool::PooledConnection,
};

/// How long the server has to refuse a connection.
const REFUSAL_TIMEOUT: Duration = Duration::from_millis(500);

impl Database {
    /// The connection that polls. If the server allows no further one, the next that a request returns. Call
    /// it with a timeout.
    ///
    /// # Errors
    ///
    /// If the database does not answer.
    pub(crate) async fn acquire_to_poll(&self) -> Result<PooledConnection, DatabaseError> {
        match self.feed_pool.acquire().await {
            Err(sqlx::Error::PoolTimedOut) if !self.is_shared && self.is_full().await => {
                self.acquire_while(|_| Ok(())).await
            }
            connection => Ok(connection?),
        }
    }

    /// Whether no connection could be opened because there are too many. The pool does not tell that from a
    /// server that does not answer.
    async fn is_full(&self) -> bool {
        let SessionPool::Postgres(pool) = &self.feed_pool else {
            // SQLite has no server that could fail to answer.
            return true;
        };
        let options = pool.connect_options();
        match timeout(REFUSAL_TIMEOUT, PgConnection::connect_with(&options)).await {
            Ok(Err(error)) => code_of(&error).as_deref() == Some(TOO_MANY_CONNECTIONS),
            // Just now there is room again.
            Ok(Ok(connection)) => connection.close().await.is_ok(),
            Err(_elapsed) => false,
        }
    }
}

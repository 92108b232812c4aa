//! Waiting in line for a connection.
//!
//! sqlx's pool gives up on a request if the server refuses another connection (as a role with a
//! `CONNECTION LIMIT` has it), even where the request could have one that another request returns a moment
//! later. So here the first in line takes whichever comes first, and the others wait behind it, for as
//! long as the timeouts of their queries and transactions allow.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use super::{Database, DatabaseError, pool::PooledConnection};

/// How often to look for a returned connection while a new one is being opened.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

/// How long an idle connection has to answer before a poll gives up on it.
const PING_TIMEOUT: Duration = Duration::from_millis(500);

/// The line of the requests that wait for a connection: who holds the lock is the first.
#[derive(Debug, Clone, Default)]
pub(super) struct Line(Arc<Mutex<()>>);

impl Database {
    /// A connection of the pool. Call it with a timeout.
    pub(super) async fn acquire(&self) -> Result<PooledConnection, DatabaseError> {
        if self.is_shared {
            // The app's settings of its pool hold, such as what it checks before a connection is used.
            return Ok(self.pool.acquire().await?);
        }
        loop {
            let mut connection = self.first_free().await?;
            if connection.is_alive().await {
                return Ok(connection);
            }
            connection.discard();
        }
    }

    async fn first_free(&self) -> Result<PooledConnection, DatabaseError> {
        let _first_in_line = self.line.0.lock().await;
        loop {
            // While this one waited, a poll may have found out.
            self.check_reachable()?;
            if let Some(idle) = self.pool.try_acquire() {
                return Ok(idle);
            }
            let opened = tokio::select! {
                biased;
                opened = self.pool.acquire() => opened,
                returned = self.returned() => return Ok(returned),
            };
            match opened {
                // No further one can be opened, but one of these will be returned.
                Err(sqlx::Error::PoolTimedOut) if self.pool.size() > 0 => {}
                opened => return Ok(opened?),
            }
        }
    }

    /// A connection that another request has returned.
    async fn returned(&self) -> PooledConnection {
        loop {
            sleep(LOOK_INTERVAL).await;
            if let Some(idle) = self.pool.try_acquire() {
                return idle;
            }
        }
    }

    /// The connection that polls. If the server refuses it, an idle one of the pool.
    pub(crate) async fn acquire_to_poll(&self) -> Result<PooledConnection, DatabaseError> {
        match self.feed_pool.acquire().await {
            Err(sqlx::Error::PoolTimedOut) if !self.is_shared => {
                Ok(self.idle().await.ok_or(sqlx::Error::PoolTimedOut)?)
            }
            connection => Ok(connection?),
        }
    }

    /// An idle connection on which the server answers.
    async fn idle(&self) -> Option<PooledConnection> {
        let mut idle = self.pool.try_acquire()?;
        if timeout(PING_TIMEOUT, idle.is_alive()).await == Ok(true) {
            return Some(idle);
        }
        idle.discard();
        None
    }
}

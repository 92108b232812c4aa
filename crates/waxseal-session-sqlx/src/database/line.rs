//! Waiting in line for a connection.
//!
//! sqlx's pool gives up on a request if the server refuses another connection (as a role with a
//! `CONNECTION LIMIT` has it), even where the request could have one that another request returns a moment
//! later. So here the first in line takes whichever comes first, and the others wait behind it, for as
//! long as the timeouts of their queries and transactions allow.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::sleep};

use super::{Database, DatabaseError, pool::PooledConnection};

/// How often to look for a returned connection while a new one is being opened.
const LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// The line of those that wait for a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    /// Who holds this lock is the first.
    first: Arc<Mutex<()>>,
    /// Held while a connection is being opened: one at a time, so that requests don't flood a server that
    /// refuses them.
    opening: Arc<Mutex<()>>,
}

impl Database {
    /// A connection of the pool. Call it with a timeout.
    pub(super) async fn acquire(&self) -> Result<PooledConnection, DatabaseError> {
        if self.is_shared {
            // The app's settings of its pool hold, such as what it checks before a connection is used.
            return Ok(self.pool.acquire().await?);
        }
        // While this one waits, a poll may find out that the database is out of reach.
        self.acquire_while(Self::check_reachable).await
    }

    /// A connection of a pool of ours, if the condition holds whenever this one looks for one.
    pub(super) async fn acquire_while(
        &self,
        condition: impl Fn(&Self) -> Result<(), DatabaseError>,
    ) -> Result<PooledConnection, DatabaseError> {
        loop {
            let mut connection = self.first_free(&condition).await?;
            if connection.is_alive().await {
                return Ok(connection);
            }
            connection.discard();
        }
    }

    async fn first_free(
        &self,
        condition: impl Fn(&Self) -> Result<(), DatabaseError>,
    ) -> Result<PooledConnection, DatabaseError> {
        let _first_in_line = self.line.first.lock().await;
        loop {
            condition(self)?;
            if let Some(idle) = self.pool.try_acquire() {
                return Ok(idle);
            }
            let opened = tokio::select! {
                biased;
                opened = self.opened() => opened,
                returned = self.returned() => return Ok(returned),
            };
            match opened {
                // No further one can be opened, but one of these will be returned.
                Err(DatabaseError::Database(sqlx::Error::PoolTimedOut)) if self.pool.size() > 0 => {
                }
                opened => return opened,
            }
        }
    }

    /// A connection that was opened. That goes on when this is dropped: the connection is the pool's then.
    /// Otherwise a pool whose connections take longer to open than to be returned would never grow.
    async fn opened(&self) -> Result<PooledConnection, DatabaseError> {
        let opening = Arc::clone(&self.line.opening).lock_owned().await;
        self.wait_for_file().await?;
        let pool = self.pool.clone();
        let opened = tokio::spawn(async move {
            let opened = pool.acquire().await;
            drop(opening);
            opened
        });
        Ok(opened.await??)
    }

    /// Waits while another file is at the path, as long as connections to the first are open. When one to the
    /// other is closed, SQLite removes the WAL file at the path: the first one's.
    async fn wait_for_file(&self) -> Result<(), DatabaseError> {
        loop {
            match self.check_file() {
                Err(_) if self.pool.size() > 0 => sleep(LOOK_INTERVAL).await,
                checked => return checked,
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
}

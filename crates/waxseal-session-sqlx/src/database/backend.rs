//! The database backend, SQLite or PostgreSQL, and the connection pool for it.

use std::{sync::Arc, time::Duration};

use sqlx::any::AnyPoolOptions;
use tokio::sync::Mutex;

use super::{postgres, sqlite};

/// How long a request waits for a connection. Requests that wait for the write lock hold none, so the
/// wait is usually short.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);

/// Which database it is.
#[derive(Debug, Clone)]
pub(super) enum Backend {
    /// SQLite has one writer at a time. The others wait for this lock without holding a connection, so
    /// that readers always get one.
    Sqlite {
        write_lock: Arc<Mutex<()>>,
    },
    Postgres,
}

impl Backend {
    /// The options for a connection pool.
    pub(super) fn pool(&self) -> AnyPoolOptions {
        let is_sqlite = matches!(self, Self::Sqlite { .. });
        AnyPoolOptions::new().acquire_timeout(ACQUIRE_TIMEOUT).after_connect(
            move |connection, _| {
                Box::pin(async move {
                    match is_sqlite {
                        true => sqlite::set_up(connection).await,
                        false => postgres::set_up(connection).await,
                    }
                })
            },
        )
    }
}

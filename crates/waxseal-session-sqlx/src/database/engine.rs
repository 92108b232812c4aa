//! The two databases that there are, and what they want of their connections.

use std::{sync::Arc, time::Duration};

use sqlx::any::AnyPoolOptions;
use tokio::sync::Mutex;

use super::{postgres, sqlite};

/// How long a request waits for a connection. One that waits for the write lock holds none, so this
/// is seldom long.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);

/// What the database is.
#[derive(Debug, Clone)]
pub(super) enum Engine {
    /// SQLite has one writer at a time. The others wait for this lock, without a connection, so that
    /// readers always find one.
    Sqlite {
        write_lock: Arc<Mutex<()>>,
    },
    Postgres,
}

impl Engine {
    /// How its pools of connections are set up.
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

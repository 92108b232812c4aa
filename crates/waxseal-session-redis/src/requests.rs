//! The connection that requests share. It is replaced when it breaks.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use redis::{ErrorKind, FromRedisValue, RedisError, ScriptInvocation, ServerErrorKind};
use tokio::{runtime::Handle, sync::Mutex};

use crate::{connection::Connection, error::RedisStoreError, server::Server};

/// How long a request waits for Redis, retries included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// How long one answer may take. A connection on which it takes longer is given up.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(1500);

#[derive(Debug)]
pub(crate) struct Requests {
    server: Arc<Server>,
    /// Where the tasks of connections run. A request's own runtime may end before the store does: Actix has
    /// one for each worker.
    runtime: Handle,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    connection: Option<Connection>,
    /// How many connections there were before.
    number: u64,
}

impl Requests {
    /// For requests on any runtime; the connections belong to the one that this is called on.
    pub(crate) fn new(server: Server) -> Self {
        let (server, runtime) = (Arc::new(server), Handle::current());
        Self { server, runtime, current: Mutex::default() }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Runs a script; once more if the connection turns out to be broken, so a script that has run may run
    /// again.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, RedisStoreError> {
        let (mut connection, number) = self.connection().await?;
        let error = match script.invoke_async(&mut connection).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if !breaks_connection(&error) {
            return Err(error.into());
        }
        self.discard(number).await;
        if error.is_timeout() {
            return Err(error.into());
        }
        let (mut connection, number) = self.connection().await?;
        match script.invoke_async(&mut connection).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                if breaks_connection(&error) {
                    self.discard(number).await;
                }
                Err(error.into())
            }
        }
    }

    async fn connection(&self) -> Result<(Connection, u64), RedisStoreError> {
        let mut current = self.current.lock().await;
        if let Some(connection) = &current.connection {
            return Ok((connection.clone(), current.number));
        }
        let server = self.server.clone();
        let connecting = async move { server.connect(RESPONSE_TIMEOUT).await };
        let connected = self.runtime.spawn(connecting).await;
        let connection = connected.map_err(|_| RedisStoreError::RuntimeStopped)??;
        current.connection = Some(connection.clone());
        Ok((connection, current.number))
    }

    async fn discard(&self, number: u64) {
        let mut current = self.current.lock().await;
        // Otherwise another request has replaced it.
        if current.number == number {
            *current = Current { connection: None, number: number + 1 };
        }
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Current").field("number", &self.number).finish_non_exhaustive()
    }
}

/// Whether the server at the other end is gone, or has become a replica.
pub(crate) fn breaks_connection(error: &RedisError) -> bool {
    let is_replica = matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
    );
    is_replica || error.is_io_error() || error.is_unrecoverable_error()
}

/// Gives up after the time that a request has.
pub(crate) async fn within_timeout<T>(
    work: impl Future<Output = Result<T, RedisStoreError>>,
) -> Result<T, RedisStoreError> {
    let timeout = tokio::time::timeout(REQUEST_TIMEOUT, work);
    timeout.await.unwrap_or(Err(RedisStoreError::Timeout(REQUEST_TIMEOUT)))
}

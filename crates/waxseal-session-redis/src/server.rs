//! How to reach Redis.

use std::{fmt, time::Duration};

#[cfg(feature = "cluster-async")]
use redis::cluster::{ClusterClient, ClusterConfig};
use redis::{AsyncConnectionConfig, Client, RedisResult};
#[cfg(feature = "sentinel")]
use {redis::sentinel::SentinelClient, tokio::sync::Mutex};

use crate::connection::Connection;

/// How long connecting may take: half of what a request has.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1500);

/// The Redis that a store uses: made from a [`redis::Client`], or with the features of these names, a
/// cluster's client or a sentinel's. A cluster's client must not read from replicas, and a sentinel's has to
/// connect to the master.
pub struct Server(Kind);

enum Kind {
    Single(Box<Client>),
    #[cfg(feature = "cluster-async")]
    Cluster(Box<ClusterClient>),
    #[cfg(feature = "sentinel")]
    Sentinel(Box<Mutex<SentinelClient>>),
}

impl Server {
    /// Opens a connection on which an answer may take this long.
    pub(crate) async fn connect(&self, response_timeout: Duration) -> RedisResult<Connection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(response_timeout));
        match &self.0 {
            Kind::Single(client) => {
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Connection::Single(connection.await?))
            }
            #[cfg(feature = "cluster-async")]
            Kind::Cluster(client) => {
                let config = ClusterConfig::new()
                    .set_connection_timeout(CONNECT_TIMEOUT)
                    .set_response_timeout(response_timeout);
                let connection = client.get_async_connection_with_config(config);
                Ok(Connection::Cluster(Box::new(connection.await?)))
            }
            #[cfg(feature = "sentinel")]
            Kind::Sentinel(client) => {
                let mut client = client.lock().await;
                let connection = client.get_async_connection_with_config(&config);
                Ok(Connection::Single(connection.await?))
            }
        }
    }
}

impl From<Client> for Server {
    fn from(client: Client) -> Self {
        Self(Kind::Single(Box::new(client)))
    }
}

#[cfg(feature = "cluster-async")]
impl From<ClusterClient> for Server {
    fn from(client: ClusterClient) -> Self {
        Self(Kind::Cluster(Box::new(client)))
    }
}

#[cfg(feature = "sentinel")]
impl From<SentinelClient> for Server {
    fn from(client: SentinelClient) -> Self {
        Self(Kind::Sentinel(Box::new(Mutex::new(client))))
    }
}

/// Without addresses: they can hold passwords.
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Kind::Single(_) => "Server(single)",
            #[cfg(feature = "cluster-async")]
            Kind::Cluster(_) => "Server(cluster)",
            #[cfg(feature = "sentinel")]
            Kind::Sentinel(_) => "Server(sentinel)",
        })
    }
}

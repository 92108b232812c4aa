//! The store on a cluster.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use redis::cluster::ClusterClient;
use test_servers::RedisCluster;
use waxseal_session::testing;
use waxseal_session_redis::redis;

use support::{clock, connect, created, first};

#[actix_web::test]
async fn the_store_passes_the_suites_on_a_cluster() {
    let Some(cluster) = RedisCluster::start() else { return };
    let client = || ClusterClient::new(cluster.urls()).unwrap();
    let clock = clock();
    let (one, other) = (first(client(), &clock).await, connect(client(), &clock).await);
    testing::acceptance_suite(&one, &clock).await.unwrap();
    testing::two_nodes_suite(&one, &other, &clock).await.unwrap();
    created(&one, "ann", &clock).await;
    assert_eq!(other.sessions_of("ann").await.unwrap().len(), 1);
    assert_eq!(other.revoke_all("ann", None).await.unwrap(), 1);
}

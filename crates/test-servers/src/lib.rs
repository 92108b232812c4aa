//! Third-party servers for waxseal's tests, from the system's packages: [`Redis`], [`RedisCluster`], and
//! [`ExternalServer`] for others. It depends on no other crate of the workspace, so that each of them can
//! use it.
//!
//! Helpers panic on failure, which fails the test.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod external_server;
mod redis;
mod redis_cluster;
mod redis_sentinel;
mod skip_test;

pub use self::{
    external_server::ExternalServer, redis::Redis, redis_cluster::RedisCluster,
    redis_sentinel::RedisSentinel, skip_test::skip_test,
};

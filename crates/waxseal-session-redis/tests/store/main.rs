//! The store on a real Redis.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod keys;
mod lost_data;
mod outages;
mod suites;
#[path = "../support/mod.rs"]
mod support;
mod users;

use redis::Client;
use test_servers::Redis;
use waxseal_session_redis::redis;

fn client(redis: &Redis) -> Client {
    Client::open(redis.url()).unwrap()
}

//! placeholder
#![cfg_attr(docsrs, feature(doc_cfg))]

mod background;
mod builder;
mod connection;
mod epoch;
mod error;
mod feed;
mod keys;
mod last_seen;
mod requests;
mod scripts;
mod server;
mod server_settings;
mod shared;
mod store;
mod users;

pub use redis;

pub use builder::RedisSessionStoreBuilder;
pub use error::RedisStoreError;
pub use server::Server;
pub use store::RedisSessionStore;
pub use users::SessionInfo;

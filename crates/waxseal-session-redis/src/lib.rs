//! A session store for [`waxseal_session`] on Redis and Valkey.
//!
//! A request with a sealed session costs no query. Sessions survive a restart of the app, and a log-out ends
//! the session on every node within milliseconds.
//!
//! ```no_run
//! use actix_session::Session;
//! use actix_web::{App, HttpServer, web};
//! use waxseal_session::{Keyring, Secret, SessionMiddleware};
//! use waxseal_session_redis::RedisSessionStore;
//!
//! async fn hello(session: Session) -> actix_web::Result<String> {
//!     Ok(format!("hello {:?}", session.get::<String>("user_id")?))
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let store = RedisSessionStore::connect("redis://127.0.0.1:6379").await?;
//!     let secret = Secret::new(&std::env::var("SESSION_SECRET")?)?;
//!     let sessions = SessionMiddleware::builder(store, Keyring::new(&secret)).build()?;
//!     HttpServer::new(move || App::new().wrap(sessions.clone()).route("/", web::get().to(hello)))
//!         .bind("127.0.0.1:8080")?
//!         .run()
//!         .await?;
//!     Ok(())
//! }
//! ```
//!
//! [`RedisSessionStore::connect`] starts the background tasks: the revocation feed, last-seen times and the
//! deletion of old revocations. They stop when the last clone of the store is dropped.
//!
//! # What Redis has to be
//!
//! Redis 6.2 or later, or Valkey. Two of its settings matter. The store asks for them when it connects, and
//! logs a warning if they are others:
//!
//! - `maxmemory-policy noeviction`. With another policy, Redis deletes sessions and revocations when its
//!   memory is full. That ends sessions, up to all of them at once, but revives none.
//! - `appendonly yes`. Changes are then on disk within about a second; with `appendfsync always`, before Redis
//!   answers. With snapshots only (`save`, the default), a crash takes Redis back to the last one. The nodes
//!   that were running write back the revocations that they know; one that no running node knows is lost, so
//!   that a copied cookie of that session is accepted again.
//!
//! # Nodes
//!
//! A node loads all revocations when it connects, and then follows a stream on a connection of its own. After a
//! failure it loads them again. Without a word from Redis for 30 seconds, the store says that it can't tell
//! which sessions were revoked, and the middleware answers 503.
//!
//! No request waits for Redis for more than three seconds. A change that fails is an error, which the
//! middleware answers with 503; the change may have happened all the same.
//!
//! The nodes' clocks have to agree to within a second. Redis' own clock doesn't matter.
//!
//! # Lost data
//!
//! Redis can lose what it knows: someone empties it, it restarts without persistence, it evicts keys, a replica
//! takes over that lags behind. **What was revoked stays revoked: when revocations are lost, everyone is logged
//! out.** In detail:
//!
//! - With the revocations, Redis keeps the time since which they are complete: the epoch. If it is gone, no one
//!   can tell which of the older sessions were revoked, so every session that began earlier is refused, on all
//!   nodes, and by nodes that start later ([`SessionStore::valid_since`]). Running nodes notice it within about
//!   a second and log it as an error; until then they go by the revocations that they have in memory.
//! - Log-ins fail for the two seconds after that, so that no new session is taken for one that began before the
//!   loss. For the same reason, connecting to an empty Redis takes two seconds.
//! - If a part of the stream is gone, as after a failover to a replica that lags, nodes read all revocations
//!   again and write back those that Redis no longer has. No one is logged out.
//! - A session whose record alone is gone ends with its next refresh or change. Deleting a record by hand is
//!   thus no way to revoke a session: use [`RedisSessionStore::revoke_session`].
//!
//! What remains: Redis replicates asynchronously, so a revocation can be lost if Redis fails over in the same
//! moment. The node that revoked knows it all the same, and writes it back when it connects again.
//!
//! If the epoch was set by a node whose clock was ahead, no one can log in until that time has come; the error
//! names it. Deleting the key `{waxseal}:revoked` begins a new epoch, and logs everyone out.
//!
//! # Users
//!
//! A session belongs to a user if its state has the user's id under
//! [`State::USER_ID`](waxseal_session::State::USER_ID), as a string or a whole number, or if actix-identity
//! logged the user in. [`RedisSessionStore::sessions_of`] lists a user's
//! sessions, [`RedisSessionStore::revoke_all`] ends them: call it when a password or a role changes.
//!
//! # Keys
//!
//! | key | type | holds |
//! | --- | --- | --- |
//! | `{waxseal}:session:ID` | hash | a session. It expires with the session |
//! | `{waxseal}:user:USER` | sorted set | the ids of a user's sessions, by the latest time at which a cookie could be valid |
//! | `{waxseal}:revoked` | sorted set | the ids of revoked sessions, by the same time, until a day after it; and the epoch |
//! | `{waxseal}:revocations` | stream | the latest revocations, about 10,000 |
//!
//! [`RedisSessionStoreBuilder::prefix`] sets another word than `waxseal`. The store runs Lua scripts, each of
//! which changes several keys at once. Because of that, all keys of a store share a hash tag, and a cluster
//! keeps them on one of its nodes: it makes the sessions more available, but doesn't spread them.
//!
//! # Cluster, Sentinel, TLS
//!
//! The features of this crate are off by default:
//!
//! - `cluster-async`: [`RedisSessionStore::builder`] takes a `redis::cluster::ClusterClient`. It must not read
//!   from replicas.
//! - `sentinel`: it takes a `redis::sentinel::SentinelClient`, which has to ask for the master.
//! - `rustls`: URLs can begin with `rediss://`. Certificates are checked against the system's roots.
//!
//! [`SessionStore::valid_since`]: waxseal_session::SessionStore::valid_since

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
pub use waxseal_session;

pub use builder::RedisSessionStoreBuilder;
pub use error::RedisStoreError;
pub use server::Server;
pub use store::RedisSessionStore;
pub use users::SessionInfo;

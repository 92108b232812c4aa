//! Revocations on several nodes. The node that revokes announces it (`notify`), the others listen
//! (`listener`) and poll the database every second (`feed`), so that none is missed. `task` runs both.

mod feed;
mod listener;
mod notify;
mod task;

pub use feed::FeedStatus;
pub(crate) use feed::{REVOCATION_RETENTION, RevocationFeed};
pub(crate) use notify::announce;
pub(crate) use task::follow;

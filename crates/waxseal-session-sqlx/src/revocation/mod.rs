//! Revocations on several nodes. The node that revokes announces it (`notify`), the others listen
//! (`listener`) and poll the database every second (`source`), so that none is missed.

mod listener;
mod notify;
mod order;
mod row;
mod source;

pub(crate) use listener::listen;
pub(crate) use notify::announce;
pub(crate) use order::next_in_order;
pub(crate) use row::{REVOCATION_COLUMNS, read_revocation};
pub(crate) use source::{FeedPosition, FeedSource};

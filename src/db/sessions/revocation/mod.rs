//! Revocations: told by the node that makes them (`notify`), heard by the others (`listener`), and
//! found by asking the database every second (`feed`), whatever was not heard.

pub(super) mod feed;
pub(super) mod listener;
pub(super) mod notify;

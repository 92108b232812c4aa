//! Extractors: what a handler names among its arguments to have it read from the request, or the
//! request rejected.

pub(crate) mod client_info;
pub(crate) mod form;
pub mod guard;
pub(crate) mod managed_user;
pub mod trusted_proxies;

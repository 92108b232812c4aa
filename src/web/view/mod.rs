//! View helpers: what handlers and templates render pages with, and the redirects between them.

pub(crate) mod form_errors;
pub(crate) mod link_request;
pub(crate) mod navigation;
pub(crate) mod pagination;
pub mod redirect;
pub(crate) mod render;
pub(crate) mod retry_after;

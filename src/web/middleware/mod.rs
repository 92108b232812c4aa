//! Middleware: what runs before a page's handler and after it. `app::site` puts it in order around
//! the routes.

mod access_log;
mod body_limits;
pub(crate) mod catch_panic;
pub(crate) mod clear_site_data;
mod cross_origin;
mod error_pages;
mod no_store;
pub(crate) mod notices;
mod request_time;
mod run_to_completion;
mod security_headers;
mod setup_checks;

pub use access_log::{ACCESS_TARGET, access_log};
pub(crate) use body_limits::MAX_BODY_BYTES;
pub use body_limits::{HEAD_TIMEOUT, body_limits};
pub use clear_site_data::clear_site_data;
pub use cross_origin::reject_cross_origin;
pub use error_pages::error_pages;
pub use no_store::no_store;
pub use notices::{NoticeCookie, notices};
pub use request_time::request_time;
pub use run_to_completion::run_to_completion;
pub use security_headers::{security_headers, strict_transport_security};
pub use setup_checks::setup_checks;

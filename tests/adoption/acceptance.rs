//! Runs every part of actix-session's acceptance suite with each store.

use actix_session::{Session, SessionExt};
use waxseal_session::{Clock, MemoryStore, SessionMiddleware, StatelessStore, Timestamp};

mod acceptance_tests;

mod storage {
    pub use waxseal_session::SessionStore;
}

mod config {
    pub use waxseal_session::config::{PersistentSession, TtlExtensionPolicy};

    /// The suite passes it on. There is no such setting here: cookies are always encrypted.
    #[derive(Clone, Copy)]
    pub struct CookieContentSecurity;
}

mod test_helpers {
    use actix_web::cookie::Key;

    pub fn key() -> Key {
        Key::generate()
    }
}

/// A clock that stands still: a test takes no second, and a second less in a Max-Age would fail it.
pub fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix(1_700_000_000))
}

macro_rules! suite {
    ($store:ident, $new:expr, [$($test:ident),*], $complex:ident) => {
        mod $store {
            use super::*;

            $(#[actix_web::test]
            async fn $test() {
                acceptance_tests::$test($new, config::CookieContentSecurity).await;
            })*

            /// Both stores know of a log-out in their own process.
            #[actix_web::test]
            async fn $complex() {
                acceptance_tests::$complex($new, true, config::CookieContentSecurity).await;
            }
        }
    };
    ($store:ident, $new:expr) => {
        suite!(
            $store,
            $new,
            [
                basic_workflow,
                expiration_is_refreshed_on_changes,
                expiration_is_always_refreshed_if_configured_to_refresh_on_every_request,
                guard
            ],
            complex_workflow
        );
    };
}

suite!(memory, || MemoryStore::with_clock(clock()));
suite!(stateless, || StatelessStore::with_clock(clock()));

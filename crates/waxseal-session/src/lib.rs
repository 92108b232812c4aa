//! Sessions for Actix Web in one encrypted cookie. A request costs no query, and with a store that keeps
//! records, a session that is revoked is refused at once.
//!
//! [`SessionMiddleware`] takes the place of `actix_session::SessionMiddleware`. Handlers use
//! [`actix_session::Session`] as before, and crates built on it keep working.
//!
//! ```
//! use actix_session::Session;
//! use actix_web::{App, HttpResponse, web};
//! use waxseal_session::{Secret, SessionMiddleware, StatelessStore};
//!
//! async fn visits(session: Session) -> actix_web::Result<HttpResponse> {
//!     let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
//!     session.insert("visits", visits)?;
//!     Ok(HttpResponse::Ok().body(format!("visit number {visits}")))
//! }
//!
//! let secret = Secret::new("what `openssl rand -base64 32` prints: keep it in your settings")?;
//! let sessions = SessionMiddleware::builder(StatelessStore::new(), secret)
//!     .cookie_secure(false) // development, over HTTP
//!     .build()?;
//! let app = App::new().wrap(sessions).route("/", web::get().to(visits));
//! # let _ = app;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Stores
//!
//! | store | |
//! | --- | --- |
//! | [`StatelessStore`] | Keeps no records, like iron-session. Log-out asks the browser to delete its cookie, and this process refuses copies of it |
//! | `SqlSessionStore` of the crate `waxseal-session-sqlx` | SQLite or PostgreSQL: a log-out on one node ends the session on all |
//! | `RedisSessionStore` of the crate `waxseal-session-redis` | The same on Redis or Valkey |
//! | [`MemoryStore`] | For tests and development: a restart logs everyone out |
//!
//! [`SessionStore`] is the trait for stores of your own: [`RevocationFeed`] and [`StateChanges`] do most of
//! the work, and [`testing`] has suites to check it.
//!
//! # The state as a type
//!
//! [`TypedSession`] reads and writes the state as a struct of yours, and has messages for the next page. An
//! app that uses nothing else does not have actix's [`Session`](actix_session::Session) populated, and pays less:
//! [`actix_session(false)`](SessionMiddlewareBuilder::actix_session).
//!
//! # What happens to a request
//!
//! 1. The middleware finds the cookie by its exact name, unseals it and reads its [`claims`].
//!    [`evaluate`] checks times and revocation. If the cookie is rejected, the request is a visitor's,
//!    and the response clears the cookie.
//! 2. A session that will soon expire is refreshed: it keeps its id and gets a later expiry.
//! 3. The handler reads and writes the state through `Session` or [`TypedSession`].
//! 4. The middleware keeps what has changed, and seals or clears the cookie if it has to: at most one
//!    `Set-Cookie`, usually none.
//!
//! A response acts on the session that its request was about, as that session stands when the response
//! leaves. If it has ended meanwhile, no cookie is sent: the browser may have another one by now.
//! Two requests at once that change different keys of the state both succeed, if the store keeps records.
//!
//! Changes made while a response body streams are lost: the cookie is a header, and has been sent.
//!
//! # Logging in and out
//!
//! Call [`Session::renew`](actix_session::Session::renew) whenever someone gains rights (log-in,
//! sign-up, password change): the session that was there is revoked and another one created, so that an
//! id planted before is worth nothing. The state is kept: at a log-in, call
//! [`clear`](actix_session::Session::clear) first, because it may be another person's. To log out, call
//! [`purge`](actix_session::Session::purge).
//!
//! For "remember me", call [`set_lifecycle`]. Await [`CurrentSession::ended`] to close a WebSocket or event
//! stream when its session ends.
//!
//! If you also revoke a user's other sessions, as after a change of password, spare this one by its id from
//! [`CurrentSession`], taken before the renewal: a session that was revoked can't be renewed.
//!
//! # Testing handlers
//!
//! [`SessionMiddleware::cookie_for`] creates a session with a state and returns its cookie, for a
//! `TestRequest`. [`MemoryStore`] needs no set-up, and [`Clock::manual`] steps through timeouts.
//!
//! # Guards
//!
//! The state is sealed, so it can say who someone is and what they may do without a query. Revoke a
//! user's sessions when their role changes.
//!
//! ```
//! use std::future::{Ready, ready};
//!
//! use actix_session::SessionExt;
//! use actix_web::{Error, FromRequest, HttpRequest, dev::Payload, error::ErrorForbidden};
//!
//! struct Editor {
//!     user_id: u64,
//! }
//!
//! impl FromRequest for Editor {
//!     type Error = Error;
//!     type Future = Ready<Result<Self, Error>>;
//!
//!     fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
//!         let session = request.get_session();
//!         let role = session.get::<String>("role").ok().flatten();
//!         let user_id = session.get("user_id").ok().flatten();
//!         ready(match (role.as_deref(), user_id) {
//!             (Some("editor"), Some(user_id)) => Ok(Self { user_id }),
//!             _ => Err(ErrorForbidden("for editors")),
//!         })
//!     }
//! }
//!
//! async fn edit(editor: Editor) -> String {
//!     format!("edited by {}", editor.user_id)
//! }
//! # actix_web::web::to(edit);
//! ```

mod builder;
pub mod claims;
mod clock;
pub mod config;
pub mod cookie;
mod current;
mod engine;
mod error;
mod error_chain;
mod evaluation;
mod expiry;
mod field_names;
mod flat_json;
mod id;
mod interval;
mod keys;
mod memory_store;
mod middleware;
mod mode;
mod node_memory;
mod record;
mod rejection;
mod request_session;
mod respond_to_errors;
mod response;
mod revocation_feed;
mod revocation_list;
mod sealed_json;
mod serve;
mod settings_error;
mod state;
mod state_changes;
mod stateless_store;
mod store;
pub mod telemetry;
pub mod testing;
mod typed_session;
mod visits;

pub use actix_session;
pub use waxseal_seal::{Keyring, KeyringError, Secret, SecretError, UnsealError};

pub use builder::SessionMiddlewareBuilder;
pub use clock::{Clock, OutOfRange, Timestamp};
pub use current::{CurrentSession, attach_session, set_lifecycle};
pub use engine::{OpenedSession, TokenSubject};
pub use error::SessionError;
pub use error_chain::ErrorChain;
pub use evaluation::{Evaluation, Reseal, evaluate};
pub use expiry::ExpiryPolicy;
pub use id::{InvalidSessionId, SessionId};
pub use interval::Interval;
pub use keys::IntoKeyring;
pub use memory_store::MemoryStore;
pub use middleware::{SessionMiddleware, SessionService};
pub use mode::Mode;
pub use record::SessionRecord;
pub use rejection::Rejection;
pub use respond_to_errors::{RespondToErrors, RespondToErrorsService};
pub use revocation_feed::{RevocationFeed, RevocationSource};
pub use revocation_list::{Replacement, Revocation, RevocationList};
pub use sealed_json::{UnsealJsonError, seal_json, unseal_json};
pub use settings_error::SettingsError;
pub use state::{InvalidState, State};
pub use state_changes::StateChanges;
pub use stateless_store::StatelessStore;
pub use store::{RevocationStatus, SessionStore, StoreError};
pub use typed_session::{Flash, TypedSession};

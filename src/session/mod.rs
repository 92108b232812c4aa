//! The session layer: one sealed cookie, read and written through [`actix_session::Session`].
//!
//! It replaces `actix_session::SessionMiddleware`; handlers, and crates built on `Session`, stay
//! as they are. What it adds: keys that rotate, a server-side expiry that slides while the
//! person is active, and sessions that can be ended at once although the cookie needs no look-up.
//!
//! ```
//! use actix_session::Session;
//! use actix_web::{App, HttpResponse, web};
//! use waxseal::{seal::Secret, session::SessionLayer};
//!
//! async fn visits(session: Session) -> actix_web::Result<HttpResponse> {
//!     let visits = session.get::<u64>("visits")?.unwrap_or(0) + 1;
//!     session.insert("visits", visits)?;
//!     Ok(HttpResponse::Ok().body(format!("visit number {visits}")))
//! }
//!
//! let sessions = SessionLayer::new(&Secret::generate());
//! let app = App::new().wrap(sessions).route("/", web::get().to(visits));
//! # let _ = app;
//! ```
//!
//! Make the layer once, outside the closure that `HttpServer::new` takes, and `clone` it inside:
//! the workers then share its registry.
//!
//! # What happens to a request
//!
//! 1. `opening` finds the cookie in the header's bytes, opens the seal and reads the claims
//!    ([`cookie`], [`envelope`]), or knows the token, because it was sealed or opened
//!    [lately](SessionLayerBuilder::recent_tokens); [`lifetimes`] and the [`Registry`] say whether
//!    the session lives. If not, the visitor is a visitor, and the cookie is cleared.
//! 2. A session that will soon expire is refreshed: same id, later expiry.
//! 3. The handler runs and finds the state in its `Session`.
//! 4. `settling` compares what the handler left with what it was given; the cookie is sealed
//!    anew, cleared or (mostly) left alone, and never sent twice.
//!
//! State put in while a body streams comes too late: the head of the response, and with it the
//! cookie, is gone by then.
//!
//! # Logging in
//!
//! Whenever somebody gains rights (log-in, sign-up, password change), call
//! [`Session::renew`](actix_session::Session::renew): the session that was there ends and another
//! opens, with a new id, so an id planted or learnt before is worth nothing after. The state goes
//! along: at a log-in, [`clear`](actix_session::Session::clear) it first, it may be another's. To log out,
//! call [`Session::purge`](actix_session::Session::purge).
//!
//! # Guards
//!
//! Who may do what, a type among a handler's arguments can say. The state is sealed, so what a
//! log-in put there is as good as a query; end a person's sessions when their role changes.
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

pub mod cookie;
mod current;
pub mod envelope;
mod error;
mod id;
mod layer;
pub mod lifetimes;
mod memory;
mod middleware;
mod opening;
mod recent;
mod record;
mod registry;
mod revocation;
mod settings;
mod settings_error;
mod settling;
mod state;

pub use current::{CurrentSession, adopt};
pub use error::SessionError;
pub use id::{InvalidSessionId, SessionId};
pub use layer::{SessionLayer, SessionLayerBuilder};
pub use lifetimes::Lifetimes;
pub use memory::MemoryRegistry;
pub use middleware::SessionMiddleware;
pub use opening::Whose;
pub use record::SessionRecord;
pub use registry::{Registry, RegistryError, Standing};
pub use revocation::RevocationList;
pub use settings::Mode;
pub use settings_error::SettingsError;
pub use state::{InvalidState, State};

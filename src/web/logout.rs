//! Logging out.

use actix_session::Session;
use actix_web::HttpResponse;

use super::redirect::see_other;

/// The session layer does the rest: it revokes the session, then clears the cookie.
pub(super) async fn submit(session: Session) -> HttpResponse {
    session.purge();
    see_other("/login")
}

//! `/` redirects to the profile, or to the log-in page.

use actix_web::HttpResponse;

use crate::web::{extractors::guard::AuthenticatedUser, view::redirect::see_other};

pub(crate) async fn redirect(auth: Option<AuthenticatedUser>) -> HttpResponse {
    see_other(if auth.is_some() { "/profile" } else { "/login" })
}

//! `/`: to where there is something to do.

use actix_web::HttpResponse;

use super::{guard::SignedIn, redirect::see_other};

pub(super) async fn home(person: Option<SignedIn>) -> HttpResponse {
    see_other(if person.is_some() { "/profile" } else { "/login" })
}

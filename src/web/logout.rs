//! Logging out.

use actix_web::{HttpRequest, HttpResponse};

use super::{departure, guard::SignedIn, redirect::see_other};

pub(super) async fn submit(person: Option<SignedIn>, request: HttpRequest) -> HttpResponse {
    let who = person.map(|person| (person.user_id, person.session.id));
    departure::log_out(&request, who);
    see_other("/login")
}

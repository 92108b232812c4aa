//! Logging out.

use actix_web::{HttpRequest, HttpResponse};

use crate::web::{
    extractors::{client_info, guard::AuthenticatedUser},
    middleware::{clear_site_data, notices},
    view::redirect::see_other,
};

pub(crate) async fn submit(auth: Option<AuthenticatedUser>, request: HttpRequest) -> HttpResponse {
    // Also with the second of two clicks, but not for a visitor who never logged in.
    if client_info::token_subject(&request).is_some() {
        notices::leave(&request, "You are logged out.");
    }
    clear_site_data::log_out(&request, auth.map(|auth| (auth.user_id, auth.session.id)));
    see_other("/login")
}

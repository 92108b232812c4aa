//! Logging out.

use actix_web::{HttpRequest, HttpResponse};

use crate::web::{
    extractors::guard::AuthenticatedUser, middleware::clear_site_data, view::redirect::see_other,
};

pub(crate) async fn submit(auth: Option<AuthenticatedUser>, request: HttpRequest) -> HttpResponse {
    clear_site_data::log_out(&request, auth.map(|auth| (auth.user_id, auth.session.id)));
    see_other("/login")
}

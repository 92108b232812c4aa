//! `/.well-known/change-password`: where password managers lead people to change a password
//! (<https://w3c.github.io/webappsec-change-password-url/>).

use actix_web::HttpResponse;

use super::profile;
use crate::web::view::redirect::see_other;

/// The form is on the profile, which asks visitors to log in.
pub(crate) async fn redirect() -> HttpResponse {
    see_other(profile::PATH)
}

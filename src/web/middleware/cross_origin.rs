//! Protection against cross-site request forgery (CSRF): writes from another origin are refused, so a
//! form on another site can't act for a signed-in user.
//!
//! Browsers say where a request comes from, so forms need no tokens; Go's
//! `net/http.CrossOriginProtection` does the same. `SameSite=Lax` is the second line of defence.

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use super::error_pages::ErrorText;
use crate::{
    audit,
    web::{
        extractors::client_info,
        setup::SetupChecks,
        site_origin::{Sender, SiteOrigin},
    },
};

/// Answers 403 to requests with an unsafe method from another origin.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn reject_cross_origin<B: MessageBody + 'static>(
    origin: Data<SiteOrigin>,
    setup: Data<SetupChecks>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if request.method().is_safe() {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let sender = origin.sender(request.headers());
    setup.check_sender(sender, request.request());
    if sender == Sender::ThisSite {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    // Browsers send the cookie along from another host of the same site.
    let subject = client_info::token_subject(request.request());
    let from = client_info::address(request.request());
    audit::cross_origin_refused(request.method(), request.path(), subject.as_ref(), from);
    let mut response = HttpResponse::Forbidden().finish();
    response.extensions_mut().insert(error_text(sender, &setup));
    Ok(request.into_response(response).map_into_right_body())
}

/// What the person in front of the browser can do.
fn error_text(sender: Sender, setup: &SetupChecks) -> ErrorText {
    match sender {
        Sender::PlainHttp => ErrorText::new("HTTPS is needed", setup.plain_http_hint()),
        _ => ErrorText::new(
            "Request refused",
            "This form seems to come from another site, so nothing was changed. Go to the home page \
             and try again from there. If that does not help, tell the administrator of this site: \
             the log says why.",
        ),
    }
}

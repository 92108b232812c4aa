//! `Clear-Site-Data` when a session ends: the browser drops the pages that it has cached.

use actix_session::SessionExt;
use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CLEAR_SITE_DATA, HeaderValue},
    middleware::Next,
};
use waxseal_session::SessionId;

use crate::{accounts::UserId, audit, web::extractors::client_info};

/// Marks a request whose session ends with it.
struct SessionEnd {
    /// Set on log-out only: other ends are audited where the session is revoked.
    logged_out: Option<(UserId, SessionId)>,
}

/// Logs out: the session middleware revokes the session, then clears the cookie.
pub(crate) fn log_out(request: &HttpRequest, session: Option<(UserId, SessionId)>) {
    mark(request, SessionEnd { logged_out: session });
}

/// Clears the cookie of a session that has been revoked already.
pub(crate) fn session_ended(request: &HttpRequest) {
    mark(request, SessionEnd { logged_out: None });
}

fn mark(request: &HttpRequest, end: SessionEnd) {
    request.get_session().purge();
    request.extensions_mut().insert(end);
}

/// Adds `Clear-Site-Data`, and the audit line of a log-out. It wraps the session middleware: only
/// when that has stored the revocation is the session over.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn clear_site_data<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let end = response.request().extensions_mut().remove::<SessionEnd>();
    let Some(SessionEnd { logged_out }) = end.filter(|_| !response.status().is_server_error())
    else {
        return Ok(response);
    };
    let cache = HeaderValue::from_static("\"cache\"");
    response.headers_mut().insert(CLEAR_SITE_DATA, cache);
    if let Some((user, session)) = logged_out {
        audit::logged_out(user, session, client_info::address(response.request()));
    }
    Ok(response)
}

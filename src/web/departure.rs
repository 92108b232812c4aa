//! Somebody leaves: their session ends with this request, and their browser is told to forget what
//! it keeps of the pages.

use actix_session::SessionExt;
use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{CLEAR_SITE_DATA, HeaderValue},
    middleware::Next,
};

use super::client;
use crate::{accounts::UserId, audit, session::SessionId};

/// Who leaves with the request at hand.
struct Leaving {
    /// Whoever logs out; other ends of a session have been written down by those who ended it.
    logs_out: Option<(UserId, SessionId)>,
}

/// Logs out whoever it is: the session layer revokes the session, then clears the cookie.
pub(super) fn log_out(request: &HttpRequest, who: Option<(UserId, SessionId)>) {
    leave(request, Leaving { logs_out: who });
}

/// The session of this request has ended already; the cookie goes too.
pub(super) fn session_over(request: &HttpRequest) {
    leave(request, Leaving { logs_out: None });
}

fn leave(request: &HttpRequest, leaving: Leaving) {
    request.get_session().purge();
    request.extensions_mut().insert(leaving);
}

/// Sees off who leaves, around the session layer: only when it has kept the end of the session is
/// that so.
///
/// # Errors
///
/// Those of middlewares further in.
pub async fn seen_off<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let leaving = response.request().extensions_mut().remove::<Leaving>();
    let Some(Leaving { logs_out }) = leaving.filter(|_| !response.status().is_server_error())
    else {
        return Ok(response);
    };
    let cache = HeaderValue::from_static("\"cache\"");
    response.headers_mut().insert(CLEAR_SITE_DATA, cache);
    if let Some((user, session)) = logs_out {
        audit::logged_out(user, session, client::address(response.request()));
    }
    Ok(response)
}

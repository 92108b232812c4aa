//! The one error map: which fault becomes which status, and which page or JSON tells it.
//!
//! Handlers return [`Fault`]; the status stands here, the cause goes to the log. The page is put
//! in by [`pages`], around everything else, so that a 404 of the router or a 413 of a form looks
//! like the rest of the site too.

use actix_web::{
    HttpResponse, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, CONTENT_TYPE, ContentType, HeaderValue, TryIntoHeaderValue},
    },
    middleware::Next,
};
use askama::Template;
use serde_json::json;

use crate::{accounts::AccountsError, causes::Causes, session::SessionError};

/// In how many seconds to try again after a fault.
pub(super) const RETRY_AFTER_SECONDS: u32 = 5;

/// A request that could not be served, through no fault of the person.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Accounts or the database failed.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The session layer failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A page could not be rendered.
    #[error("a page could not be rendered")]
    Template(#[from] askama::Error),
    /// The handler panicked; the panic itself was told on standard error.
    #[error("the handler panicked")]
    Panic,
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Accounts(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Session(error) => error.status_code(),
            Self::Accounts(_) | Self::Template(_) | Self::Panic => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, RETRY_AFTER_SECONDS));
        }
        response.finish()
    }
}

/// Gives every error that has no page of its own one: HTML, or JSON below `/api/`.
///
/// # Errors
///
/// Those of middlewares further in; ours answer with responses.
pub async fn pages<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, actix_web::Error> {
    let response = next.call(request).await?;
    let status = response.status();
    if status.is_server_error() {
        log_cause(&response);
    }
    if has_page(&response) || !(status.is_client_error() || status.is_server_error()) {
        return Ok(response.map_into_left_body());
    }
    let (kind, page) = if response.request().path().starts_with("/api/") {
        (ContentType::json(), json!({ "error": reason(status) }).to_string())
    } else {
        let (title, text) = words(status);
        (ContentType::html(), ErrorPage { title, text }.render().unwrap_or_default())
    };
    Ok(response.map_body(|head, _| {
        kind.try_into_value().map(|kind| head.headers_mut().insert(CONTENT_TYPE, kind)).ok();
        EitherBody::right(BoxBody::new(page))
    }))
}

fn has_page<B>(response: &ServiceResponse<B>) -> bool {
    let kind = response.headers().get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    kind.starts_with(b"text/html") || kind.starts_with(b"application/json")
}

fn log_cause<B>(response: &ServiceResponse<B>) {
    let (method, path) = (response.request().method(), response.request().path());
    let status = response.status();
    match response.response().error() {
        // The session layer has told its own.
        Some(error) if error.as_error::<SessionError>().is_some() => {}
        Some(error) => log::error!("{status} {method} {path:?}: {}", causes(error)),
        None => log::error!("{status} {method} {path:?}"),
    }
}

fn causes(error: &actix_web::Error) -> String {
    match error.as_error::<Fault>() {
        Some(fault) => Causes(fault).to_string(),
        None => error.to_string(),
    }
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("error")
}

/// What the page says of an error: never why, always what to do.
fn words(status: StatusCode) -> (&'static str, &'static str) {
    match status {
        StatusCode::NOT_FOUND => {
            ("Page not found", "There is nothing at this address. Perhaps it was mistyped.")
        }
        StatusCode::FORBIDDEN => (
            "Not allowed",
            "Your account is not allowed to do this, or the request came from another site.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("Not possible", "This address does not take requests of this kind.")
        }
        StatusCode::REQUEST_TIMEOUT => {
            ("Too slow", "What you sent did not arrive in time. Please go back and try again.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ("Too much at once", "What was sent is larger than anything we ask for.")
        }
        StatusCode::TOO_MANY_REQUESTS => {
            ("Too many attempts", "Please wait a little before you try again.")
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ("Just a moment", "We can't answer right now. Please try again in a few seconds.")
        }
        status if status.is_client_error() => {
            ("That did not work", "We could not read this request. Please go back and try again.")
        }
        _ => ("Something went wrong", "It is our fault, and we have been told. Please try again."),
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: &'static str,
    text: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::HashingError;

    #[test]
    fn where_waiting_helps_it_says_how_long() {
        let overloaded = Fault::from(AccountsError::from(HashingError::Overloaded));
        let response = overloaded.error_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "5");
    }
}

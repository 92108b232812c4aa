//! A page for every error response without one: HTML, or JSON below `/api/`. It wraps the whole
//! app, so a 404 of the router looks like the rest of the site.

use std::borrow::Cow;

use actix_web::{
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{CONTENT_TYPE, ContentType, HeaderValue, TryIntoHeaderValue},
    },
    middleware::Next,
};
use askama::Template;
use serde_json::json;
use waxseal_session::{ErrorChain, SessionError};

use crate::web::error::AppError;

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    text: ErrorText,
}

/// What an error page says. As an extension of a response it takes the place of the text for the
/// status.
#[derive(Clone)]
pub(crate) struct ErrorText {
    title: &'static str,
    text: Cow<'static, str>,
}

impl ErrorText {
    pub(crate) fn new(title: &'static str, text: impl Into<Cow<'static, str>>) -> Self {
        Self { title, text: text.into() }
    }
}

/// Adds the page, and logs the causes of server errors.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn error_pages<B: MessageBody + 'static>(
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
    let (content_type, page) = if response.request().path().starts_with("/api/") {
        let reason = status.canonical_reason().unwrap_or("error");
        (ContentType::json(), json!({ "error": reason }).to_string())
    } else {
        let own = response.response().extensions().get::<ErrorText>().cloned();
        let text = own.unwrap_or_else(|| text_for(status));
        (ContentType::html(), ErrorPage { text }.render().unwrap_or_default())
    };
    Ok(response.map_body(|head, _| {
        content_type
            .try_into_value()
            .map(|content_type| head.headers_mut().insert(CONTENT_TYPE, content_type))
            .ok();
        EitherBody::right(BoxBody::new(page))
    }))
}

fn has_page<B>(response: &ServiceResponse<B>) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    content_type.is_some_and(|content_type| {
        content_type.starts_with(b"text/html") || content_type.starts_with(b"application/json")
    })
}

fn log_cause<B>(response: &ServiceResponse<B>) {
    let (method, path) = (response.request().method(), response.request().path());
    let status = response.status();
    match response.response().error() {
        // The session middleware has logged its own.
        Some(error) if error.as_error::<SessionError>().is_some() => {}
        Some(error) => log::error!("{status} {method} {path:?}: {}", error_chain(error)),
        None => log::error!("{status} {method} {path:?}"),
    }
}

fn error_chain(error: &actix_web::Error) -> String {
    match error.as_error::<AppError>() {
        Some(error) => ErrorChain(error).to_string(),
        None => error.to_string(),
    }
}

/// Never the cause, always what to do.
fn text_for(status: StatusCode) -> ErrorText {
    let (title, text) = match status {
        StatusCode::NOT_FOUND => {
            ("Page not found", "There is no page at this address. Check it for typos.")
        }
        StatusCode::FORBIDDEN => ("Not allowed", "Your account is not allowed to do this."),
        StatusCode::METHOD_NOT_ALLOWED => {
            ("Method not allowed", "This address does not accept this kind of request.")
        }
        StatusCode::REQUEST_TIMEOUT => {
            ("Request timed out", "The request did not arrive in time. Go back and try again.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => {
            ("Request too large", "The request is larger than anything this site asks for.")
        }
        StatusCode::TOO_MANY_REQUESTS => {
            ("Too many attempts", "Wait a little before you try again.")
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            ("Temporarily unavailable", "We can't answer right now. Try again in a few seconds.")
        }
        status if status.is_client_error() => {
            ("Bad request", "We could not read this request. Go back and try again.")
        }
        _ => (
            "Server error",
            "Something went wrong on our side. It has been logged. Try again later.",
        ),
    };
    ErrorText::new(title, text)
}

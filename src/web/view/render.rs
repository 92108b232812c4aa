//! Rendering a page.

use actix_web::{HttpResponse, http::StatusCode, http::header::ContentType};
use askama::Template;

use super::{form_errors::FormErrors, retry_after};
use crate::web::error::AppError;

/// 200 and the page.
pub(crate) fn page(page: &impl Template) -> Result<HttpResponse, AppError> {
    respond(StatusCode::OK, page)
}

/// The page with its form again: 422, or 429 and `Retry-After` after too many attempts.
pub(crate) fn rejected_form(
    page: &impl Template,
    errors: &FormErrors,
) -> Result<HttpResponse, AppError> {
    match errors.wait() {
        None => respond(StatusCode::UNPROCESSABLE_ENTITY, page),
        Some(wait) => {
            let mut response = respond(StatusCode::TOO_MANY_REQUESTS, page)?;
            retry_after::set_header(&mut response, wait);
            Ok(response)
        }
    }
}

/// The page with this status.
pub(crate) fn respond(status: StatusCode, page: &impl Template) -> Result<HttpResponse, AppError> {
    Ok(HttpResponse::build(status).insert_header(ContentType::html()).body(page.render()?))
}

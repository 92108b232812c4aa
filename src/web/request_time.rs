//! How long requests take, for the metrics.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::{accounts::Accounts, telemetry};

/// Measures the time from a request's head to its answer's; with what a person's browser takes to
/// send a form, and without what it takes to receive a page.
///
/// # Errors
///
/// Those of middlewares further in.
pub async fn measured<B: MessageBody>(
    accounts: Data<Accounts>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let method = request.method().clone();
    let begun = accounts.clock.elapsed();
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let took = accounts.clock.elapsed().saturating_sub(begun);
    telemetry::request_answered(method.as_str(), status.as_u16(), took);
    outcome
}

//! How long requests take, for the metrics.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::{accounts::Accounts, telemetry};

/// Records the time from the end of the request's head to the response's: sending the form counts,
/// receiving the page doesn't.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn request_time<B: MessageBody>(
    accounts: Data<Accounts>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let method = request.method().clone();
    let started = accounts.clock.elapsed();
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let duration = accounts.clock.elapsed().saturating_sub(started);
    telemetry::request_answered(method.as_str(), status.as_u16(), duration);
    outcome
}

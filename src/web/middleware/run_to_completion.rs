//! Writes run to completion even if the client disconnects.
//!
//! Otherwise actix drops the handler's future midway: for example after a log-out was
//! stored and before its audit line, or before a wrong password was counted.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorServiceUnavailable,
    middleware::Next,
    rt,
};

/// Runs requests with an unsafe method in a task of their own.
///
/// # Errors
///
/// Errors of inner middleware pass through; 503 while the runtime shuts down.
pub async fn run_to_completion<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.method().is_safe() {
        return next.call(request).await;
    }
    match rt::spawn(next.call(request)).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(shutdown) => Err(ErrorServiceUnavailable(shutdown)),
        },
    }
}

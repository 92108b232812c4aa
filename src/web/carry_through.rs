//! What somebody asked for is done to its end, whether or not they wait for the answer.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorServiceUnavailable,
    middleware::Next,
    rt,
};

/// Carries requests that change something through, when their client hangs up, too.
///
/// Else the future would be dropped where it stands: after a log-out was kept, say, and before the
/// log told of it; or after a wrong password was found out, and before it was counted.
///
/// # Errors
///
/// Those of middlewares further in.
pub async fn writes<B: MessageBody + 'static>(
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
            Err(stopping) => Err(ErrorServiceUnavailable(stopping)),
        },
    }
}

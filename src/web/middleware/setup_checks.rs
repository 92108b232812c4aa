//! Looks at each request for slips in the setup: see [`setup`](crate::web::setup).

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::web::{setup::SetupChecks, trusted_proxies::TrustedProxies};

/// Notices proxies that are not trusted, and log-ins whose cookie may not come back. It wraps the
/// session middleware, which adds the cookie.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn setup_checks<B: MessageBody>(
    setup: Data<SetupChecks>,
    proxies: Data<TrustedProxies>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let slip = proxies.slip(request.request());
    let response = next.call(request).await?;
    if let Some(slip) = slip {
        setup.check_proxy(slip, response.status());
    }
    setup.lost_cookies().note(response.request(), response.status(), response.headers());
    Ok(response)
}

//! The access log: one line per request, with the target `waxseal::access`.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::StatusCode,
    middleware::Next,
    web::Data,
};
use log::Level;

use crate::{accounts::Accounts, web::extractors::client_info};

/// The target of these lines.
pub const ACCESS_TARGET: &str = "waxseal::access";

/// What load balancers ask, every few seconds.
const HEALTH_CHECKS: [&str; 2] = ["/healthz", "/readyz"];

/// Logs each request: the address, the method, the path without its query, which may hold an email
/// address, the status, and the time from the end of the request's head to the response's. Health
/// checks that pass are logged at DEBUG.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn access_log<B: MessageBody>(
    accounts: Data<Accounts>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let address = client_info::address(request.request());
    let method = request.method().clone();
    let path = request.path().as_bytes().escape_ascii().to_string();
    let is_health_check = method.is_safe() && HEALTH_CHECKS.contains(&request.path());
    let started = accounts.clock.elapsed();
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    let level =
        if is_health_check && status == StatusCode::OK { Level::Debug } else { Level::Info };
    let status = status.as_u16();
    let ms = accounts.clock.elapsed().saturating_sub(started).as_secs_f64() * 1000.0;
    log::log!(
        target: ACCESS_TARGET, level, address:%, method:%, path:%, status, ms;
        "{address} \"{method} {path}\" {status} {ms:.6}ms"
    );
    outcome
}

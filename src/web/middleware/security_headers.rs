//! Security headers, on every response, errors included.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
};

/// The headers of every response. `Referrer-Policy` is `same-origin` because with `no-referrer`
/// browsers send `Origin: null` with our own forms.
const SECURITY_HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (
        header::PERMISSIONS_POLICY,
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_OPENER_POLICY, "same-origin"),
    (header::CROSS_ORIGIN_RESOURCE_POLICY, "same-origin"),
];

/// HTTPS only for two years, in seconds. Without `includeSubDomains`: we don't know how other
/// services on subdomains are reached, and they can't touch the `__Host-` cookie.
const HSTS: &str = "max-age=63072000";

/// Adds the security headers, and `Cache-Control: no-store` to responses that don't set it: a file
/// that is missing here may exist on another node.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn security_headers<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    for (name, value) in SECURITY_HEADERS {
        // A page that needs another value has set it.
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// Adds `Strict-Transport-Security`, for production: the proxy speaks HTTPS with browsers there.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn strict_transport_security<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let hsts = HeaderValue::from_static(HSTS);
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    Ok(response)
}

//! What every response says to browsers, errors too.

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{self, HeaderName, HeaderValue},
    middleware::Next,
};

/// The headers that every response has. A page that needs more than this allows says so here.
///
/// `same-origin` and not `no-referrer`: the latter would have browsers send `Origin: null` with
/// our own forms.
const EVERYWHERE: [(HeaderName, &str); 7] = [
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

/// For two years browsers ask for this host by HTTPS only. Not for its subdomains: what else is
/// served there, and how, is not known here, and the `__Host-` cookie is out of their reach anyway.
const HTTPS_ONLY: &str = "max-age=63072000";

/// Adds the headers that every response has.
///
/// # Errors
///
/// Those of middlewares further in.
pub async fn everywhere<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let headers = response.headers_mut();
    for (name, value) in EVERYWHERE {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // Who does not say how long an answer is good for means this once: what is missing here, say, may
    // be there on another node even now.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

/// Promises HTTPS, in production: there it is what the proxy speaks with browsers.
///
/// # Errors
///
/// Those of middlewares further in.
pub async fn https_only<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let promise = HeaderValue::from_static(HTTPS_ONLY);
    response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, promise);
    Ok(response)
}

/// Keeps pages that read a session out of every cache, the browser's too.
///
/// # Errors
///
/// Those of middlewares further in.
pub async fn private<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

//! The middleware: a request in, the session opened; a response out, the cookie settled.

use std::{future::Future, pin::Pin, rc::Rc};

use actix_session::SessionExt;
use actix_web::{
    HttpMessage,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, forward_ready},
    error::InternalError,
    http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE},
};

use crate::causes::Causes;

use super::{
    current::Slot, error::SessionError, opening::Visit, registry::Registry, settings::Settings,
};

/// What [`SessionLayer`](super::SessionLayer) wraps around an app.
pub struct SessionMiddleware<S, R> {
    pub(super) service: Rc<S>,
    pub(super) settings: Rc<Settings<R>>,
}

impl<S, B, R> Service<ServiceRequest> for SessionMiddleware<S, R>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
    R: Registry,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let service = Rc::clone(&self.service);
        let settings = Rc::clone(&self.settings);
        // Every request allocates this: 680 bytes, for which the allocator has a list at hand, where
        // the registry's futures are boxed (they are rare), and 6,560 where they are in it.
        Box::pin(async move {
            let session = request.get_session();
            let Visit { live, rejected } = match settings.arrive(request.request(), &session).await
            {
                Ok(visit) => visit,
                Err(error) => {
                    // The registry that fell behind has said so, once.
                    if !matches!(error, SessionError::Stale) {
                        log::error!("a request was not served: {}", Causes(&error));
                    }
                    return Ok(request.error_response(error).map_into_right_body());
                }
            };
            let slot = Slot::default();
            slot.0.replace(live);
            request.extensions_mut().insert(slot.clone());

            let outcome = service.call(request).await;

            let live = slot.0.take();
            match settings.settle(live, &session, rejected).await {
                Ok(None) => Ok(outcome?.map_into_left_body()),
                Ok(Some(cookie)) => Ok(with_cookie(outcome, cookie)?.map_into_left_body()),
                // What the handler did was not kept, so its answer would be a lie.
                Err(error) => {
                    log::error!("a session was not kept: {}", Causes(&error));
                    match outcome {
                        Ok(response) => Ok(response.error_response(error).map_into_right_body()),
                        Err(_) => Err(error.into()),
                    }
                }
            }
        })
    }
}

/// Adds the cookie to the response, or to the response that an error will become.
fn with_cookie<B>(
    outcome: Result<ServiceResponse<B>, actix_web::Error>,
    cookie: HeaderValue,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    match outcome {
        Ok(mut response) => {
            add_cookie(response.headers_mut(), cookie);
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            add_cookie(response.headers_mut(), cookie);
            Err(InternalError::from_response(error, response).into())
        }
    }
}

/// A response with somebody's cookie is nobody else's: no shared cache may keep it, whatever the
/// handler said of its content.
fn add_cookie(headers: &mut HeaderMap, cookie: HeaderValue) {
    headers.append(SET_COOKIE, cookie);
    let is_private = |value: &HeaderValue| {
        let value = value.as_bytes().to_ascii_lowercase();
        value
            .split(|byte| *byte == b',')
            .map(<[u8]>::trim_ascii)
            .any(|directive| matches!(directive, b"private" | b"no-store"))
    };
    if !headers.get_all(CACHE_CONTROL).any(is_private) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

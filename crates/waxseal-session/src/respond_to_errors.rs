//! The middleware with responses in place of its own errors.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_web::{
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};

use crate::{
    middleware::{SessionMiddleware, SessionService},
    serve::{Failure, serve},
    store::SessionStore,
};

/// A [`SessionMiddleware`] that answers its own failures:
/// [`SessionMiddleware::respond_to_errors`].
pub struct RespondToErrors<S>(SessionMiddleware<S>);

impl<S> RespondToErrors<S> {
    pub(crate) fn new(middleware: SessionMiddleware<S>) -> Self {
        Self(middleware)
    }
}

impl<S, T, B> Transform<T, ServiceRequest> for RespondToErrors<S>
where
    S: SessionStore,
    T: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = RespondToErrorsService<T, S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: T) -> Self::Future {
        self.0.0.warn_of_memory();
        let (service, engine) = (Rc::new(service), Arc::clone(&self.0.0));
        ready(Ok(RespondToErrorsService(SessionService { service, engine })))
    }
}

/// The service that [`RespondToErrors`] wraps around an app.
pub struct RespondToErrorsService<T, S>(SessionService<T, S>);

impl<T, S, B> Service<ServiceRequest> for RespondToErrorsService<T, S>
where
    T: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    S: SessionStore,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.service.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, engine) = (Rc::clone(&self.0.service), Arc::clone(&self.0.engine));
        Box::pin(async move {
            match serve(&*service, engine, request).await {
                Ok(response) => Ok(response.map_into_left_body()),
                Err(Failure::NotLoaded(request, error)) => {
                    Ok(request.error_response(error).map_into_right_body())
                }
                Err(Failure::NotKept(response, error)) => {
                    Ok(response.error_response(error).map_into_right_body())
                }
                Err(Failure::Inner(error)) => Err(error),
            }
        })
    }
}

//! The middleware: loads the session of a request, finalizes it with the response.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    sync::Arc,
};

use actix_session::SessionExt;
use actix_web::{
    HttpMessage, HttpRequest,
    body::{EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
    error::InternalError,
    http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE},
};
use waxseal_seal::Keyring;

use crate::{
    builder::SessionMiddlewareBuilder,
    current::RequestSession,
    engine::{IncomingSession, SessionEngine, TokenSubject},
    error::SessionError,
    error_chain::ErrorChain,
    store::SessionStore,
};

/// Sealed-cookie sessions for an Actix app, in place of `actix_session::SessionMiddleware`.
///
/// Build it once, outside the closure that `HttpServer::new` takes, and clone it inside: clones share
/// the store.
pub struct SessionMiddleware<S>(pub(crate) Arc<SessionEngine<S>>);

impl<S: SessionStore> SessionMiddleware<S> {
    /// A middleware with the default settings: change them, then call
    /// [`build`](SessionMiddlewareBuilder::build).
    ///
    /// ```
    /// use std::time::Duration;
    /// use waxseal_session::{Keyring, MemoryStore, Secret, SessionMiddleware};
    ///
    /// let keyring = Keyring::new(&Secret::generate());
    /// let sessions = SessionMiddleware::builder(MemoryStore::new(), keyring)
    ///     .cookie_secure(false) // development, over HTTP
    ///     .idle_timeout(Duration::from_secs(3600))
    ///     .lifetime(Duration::from_secs(86_400))
    ///     .build()?;
    /// # let _ = sessions;
    /// # Ok::<(), waxseal_session::SettingsError>(())
    /// ```
    pub fn builder(store: S, keyring: Keyring) -> SessionMiddlewareBuilder<S> {
        SessionMiddlewareBuilder::new(store, keyring)
    }

    /// Who the session cookie of a request belongs to, for logs: the token unseals, but whether the
    /// session is live is not checked.
    pub fn subject(&self, request: &HttpRequest) -> Option<TokenSubject> {
        self.0.subject(request)
    }
}

impl<S> Clone for SessionMiddleware<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, T, B> Transform<T, ServiceRequest> for SessionMiddleware<S>
where
    S: SessionStore,
    T: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = SessionService<T, S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: T) -> Self::Future {
        ready(Ok(SessionService { service: Rc::new(service), engine: Arc::clone(&self.0) }))
    }
}

/// The service that [`SessionMiddleware`] wraps around an app.
pub struct SessionService<T, S> {
    service: Rc<T>,
    engine: Arc<SessionEngine<S>>,
}

impl<T, S, B> Service<ServiceRequest> for SessionService<T, S>
where
    T: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    S: SessionStore,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, engine) = (Rc::clone(&self.service), Arc::clone(&self.engine));
        // The store's futures are boxed on their own because they are rare: with them inside, every
        // request would allocate 6,560 bytes here instead of 680.
        Box::pin(async move {
            let session = request.get_session();
            let loaded = engine.load(request.request(), &session).await;
            let IncomingSession { active, rejected } = match loaded {
                Ok(incoming) => incoming,
                Err(error) => {
                    // A store whose feed is stale has logged that once.
                    if !matches!(error, SessionError::Stale) {
                        log::error!("a session could not be loaded: {}", ErrorChain(&error));
                    }
                    return Ok(request.error_response(error).map_into_right_body());
                }
            };
            let request_session = RequestSession::default();
            request_session.0.replace(active);
            request.extensions_mut().insert(request_session.clone());

            let outcome = service.call(request).await;

            let active = request_session.0.take();
            match engine.finalize(active, &session, rejected).await {
                Ok(None) => Ok(outcome?.map_into_left_body()),
                Ok(Some(cookie)) => Ok(with_cookie(outcome, cookie)?.map_into_left_body()),
                // The handler's change was not kept, so its response would be wrong.
                Err(error) => {
                    log::error!("a session was not kept: {}", ErrorChain(&error));
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

/// Adds the cookie, and keeps the response out of shared caches, whatever the handler said.
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

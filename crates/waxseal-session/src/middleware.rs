//! The middleware that apps wrap around their handlers.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    rc::Rc,
    sync::Arc,
};

use actix_web::{
    HttpRequest,
    cookie::Cookie,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};
use waxseal_seal::Keyring;

use crate::{
    builder::SessionMiddlewareBuilder,
    engine::{OpenedSession, SessionEngine, TokenSubject},
    error::SessionError,
    keys::IntoKeyring,
    respond_to_errors::RespondToErrors,
    serve::{Failure, serve},
    state::State,
    store::SessionStore,
};

/// Sealed-cookie sessions for an Actix app, in place of `actix_session::SessionMiddleware`.
///
/// Clones share the store. Build the middleware once, outside the closure that `HttpServer::new` takes, and
/// clone it inside; or build it inside, from clones of the store. A
/// [`MemoryStore`](crate::MemoryStore) made inside would be another one for each worker: the log says so.
///
/// A request whose session can't be loaded or kept ends with an error, as a handler's would that returned
/// it, so the type of the app's bodies stays as it is. To let outer middlewares see a response instead,
/// see [`respond_to_errors`](Self::respond_to_errors).
///
/// If a middleware inside this one returns an error, that error is passed on unchanged, and changes to the
/// session are kept in the store. Only where the cookie is the only place that knows of a change (a
/// log-in, a log-out, a change without records) is the error wrapped to carry it.
pub struct SessionMiddleware<S>(pub(crate) Arc<SessionEngine<S>>);

impl<S: SessionStore> SessionMiddleware<S> {
    /// A middleware with the default settings.
    pub fn new(store: S, keys: impl IntoKeyring) -> Self {
        SessionMiddlewareBuilder::new(store, keys.into_keyring()).build_valid()
    }

    /// A middleware with the default settings: change them, then call
    /// [`build`](SessionMiddlewareBuilder::build).
    ///
    /// ```
    /// use std::time::Duration;
    /// use waxseal_session::{MemoryStore, Secret, SessionMiddleware};
    ///
    /// let sessions = SessionMiddleware::builder(MemoryStore::new(), Secret::generate())
    ///     .cookie_secure(false) // development, over HTTP
    ///     .idle_timeout(Duration::from_secs(3600))
    ///     .lifetime(Duration::from_secs(86_400))
    ///     .build()?;
    /// # let _ = sessions;
    /// # Ok::<(), waxseal_session::SettingsError>(())
    /// ```
    pub fn builder(store: S, keys: impl IntoKeyring) -> SessionMiddlewareBuilder<S> {
        SessionMiddlewareBuilder::new(store, keys.into_keyring())
    }

    /// The keys, for [`seal_json`](crate::seal_json) and [`unseal_json`](crate::unseal_json).
    pub fn keyring(&self) -> &Keyring {
        &self.0.settings.keyring
    }

    /// Who the session cookie of a request belongs to, for logs: the token unseals, but whether the
    /// session is live is not checked.
    pub fn subject(&self, request: &HttpRequest) -> Option<TokenSubject> {
        self.0.settings.subject(request)
    }

    /// Creates a session with this state and returns its cookie, as a browser would send it. For tests
    /// and tools.
    ///
    /// ```
    /// use actix_web::test::TestRequest;
    /// use waxseal_session::{MemoryStore, Secret, SessionMiddleware, State};
    ///
    /// # actix_web::rt::System::new().block_on(async {
    /// let sessions = SessionMiddleware::new(MemoryStore::new(), Secret::generate());
    /// let ann = sessions.cookie_for(State::from_json(r#"{"user_id": "ann"}"#)?).await?;
    /// let request = TestRequest::get().cookie(ann.clone()).to_request(); // for `test::call_service`
    ///
    /// let opened = sessions.open(ann.value()).await?.ok_or("no session")?;
    /// assert_eq!(opened.state.get::<String>("user_id").as_deref(), Some("ann"));
    /// # let _ = request;
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// When the store fails, or the state is too large for a cookie.
    pub async fn cookie_for(&self, state: State) -> Result<Cookie<'static>, SessionError> {
        self.0.cookie_for(state).await
    }

    /// Opens a token without a request, for sockets and tools. `None` if the session is over, or it is no
    /// token of this app. It does not refresh the session.
    ///
    /// # Errors
    ///
    /// When the store can't say.
    pub async fn open(&self, token: &str) -> Result<Option<OpenedSession>, SessionError> {
        self.0.open(token).await
    }

    /// The same middleware, but a request whose session can't be loaded or kept gets a response instead
    /// of an error. Middlewares around it see that response and can change it, for an error page or
    /// security headers. In exchange the bodies have another type.
    pub fn respond_to_errors(&self) -> RespondToErrors<S> {
        RespondToErrors::new(self.clone())
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
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = actix_web::Error;
    type Transform = SessionService<T, S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: T) -> Self::Future {
        self.0.warn_of_memory();
        ready(Ok(SessionService { service: Rc::new(service), engine: Arc::clone(&self.0) }))
    }
}

/// The service that [`SessionMiddleware`] wraps around an app.
pub struct SessionService<T, S> {
    pub(crate) service: Rc<T>,
    pub(crate) engine: Arc<SessionEngine<S>>,
}

impl<T, S, B> Service<ServiceRequest> for SessionService<T, S>
where
    T: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    S: SessionStore,
    B: 'static,
{
    type Response = ServiceResponse<B>;
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>>>>;

    forward_ready!(service);

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (service, engine) = (Rc::clone(&self.service), Arc::clone(&self.engine));
        Box::pin(async move {
            serve(&*service, engine, request).await.map_err(|failure| match failure {
                Failure::NotLoaded(_, error) | Failure::NotKept(_, error) => error.into(),
                Failure::Inner(error) => error,
            })
        })
    }
}

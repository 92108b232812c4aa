//! The middleware: loads the session of a request, finalizes it with the response.

use std::{
    future::{Future, Ready, ready},
    pin::Pin,
    ptr,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use actix_session::SessionExt;
use actix_web::{
    HttpMessage, HttpRequest,
    body::{EitherBody, MessageBody},
    cookie::Cookie,
    dev::{Service, ServiceRequest, ServiceResponse, Transform, forward_ready},
};

use crate::{
    builder::SessionMiddlewareBuilder,
    engine::{Loaded, OpenedSession, Outgoing, SessionEnd, SessionEngine, TokenSubject},
    error::SessionError,
    error_chain::ErrorChain,
    keys::IntoKeyring,
    request_session::{HandlersView, RequestSession},
    response::SessionHeaders,
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
    /// let request = TestRequest::get().cookie(ann.clone()).to_request();
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
        RespondToErrors(self.clone())
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
    service: Rc<T>,
    engine: Arc<SessionEngine<S>>,
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

/// Why there is no response.
enum Failure<B> {
    /// The session could not be loaded.
    NotLoaded(Box<ServiceRequest>, SessionError),
    /// What the handler did to the session was not kept, so its response would be wrong.
    NotKept(Box<ServiceResponse<B>>, SessionError),
    /// A middleware inside this one returned an error.
    Inner(actix_web::Error),
}

/// Serves a request with its session.
async fn serve<T, S, B>(
    service: &T,
    engine: Arc<SessionEngine<S>>,
    request: ServiceRequest,
) -> Result<ServiceResponse<B>, Failure<B>>
where
    T: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    S: SessionStore,
{
    let outer = RequestSession::of(request.request());
    let outers = std::iter::successors(outer.as_ref(), |outer| outer.outer.as_ref());
    let same_cookie = outers
        .into_iter()
        .find(|outer| outer.settings().cookie.name == engine.settings.cookie.name);
    match same_cookie {
        None => {}
        // This middleware is around the handler twice. One does the work.
        Some(outer) if ptr::addr_eq(Arc::as_ptr(&outer.engine), Arc::as_ptr(&engine)) => {
            return service.call(request).await.map_err(Failure::Inner);
        }
        Some(_) => {
            let error = SessionError::SameCookie(engine.settings.cookie.name.clone());
            log::error!("{error}");
            return Err(Failure::NotLoaded(Box::new(request), error));
        }
    }
    let shared = match begin(&engine, &request, outer).await {
        Ok(shared) => shared,
        Err(error) => {
            // A store whose feed is stale has logged that once.
            if !matches!(error, SessionError::Stale) {
                log::error!("a session could not be loaded: {}", ErrorChain(&error));
            }
            return Err(Failure::NotLoaded(Box::new(request), error));
        }
    };
    let was_several = shared.had_several_cookies();

    let outcome = service.call(request).await;

    if let Ok(response) = &outcome
        && shared.was_bypassed(response.request())
    {
        return Err(not_kept(outcome, SessionError::NotPopulated));
    }
    // Most requests change nothing. The others' futures are boxed, because each request would allocate
    // them otherwise.
    let finalized = match shared.is_done() {
        true => Ok((Outgoing::Nothing, false)),
        false => Box::pin(engine.finalize(&shared)).await,
    };
    let (outgoing, is_only_copy) = match finalized {
        Ok(finalized) => finalized,
        Err(error) => return Err(not_kept(outcome, error)),
    };
    if let (Err(_), Some(outer)) = (&outcome, &shared.outer) {
        outer.take_back(&shared);
    }
    let headers = SessionHeaders { settings: &engine.settings, outgoing, was_several };
    match outcome {
        Ok(mut response) => {
            headers.add_to_response(&mut response, shared.may_have_been_read());
            if let Some(outer) = &shared.outer {
                outer.take_back(&shared);
                response.request().extensions_mut().insert(outer.clone());
            }
            Ok(response)
        }
        Err(error) if is_only_copy => Err(Failure::Inner(headers.add_to_error(error))),
        Err(error) => Err(Failure::Inner(error)),
    }
}

/// Loads the session and shows it to the handlers.
async fn begin<S: SessionStore>(
    engine: &Arc<SessionEngine<S>>,
    request: &ServiceRequest,
    outer: Option<RequestSession>,
) -> Result<RequestSession, SessionError> {
    let mut incoming = match engine.load(request.request())? {
        Loaded::Done(incoming) => incoming,
        Loaded::AskStore(ask) => Box::pin(engine.load_with_store(request.request(), ask)).await?,
    };
    let handlers = if engine.settings.actix_session {
        let session = request.get_session();
        if let Some(outer) = &outer {
            outer.set_aside()?;
        }
        let populated = match &incoming.active {
            Some(active) => active.record.state.populate(&session),
            None => Ok(None),
        };
        if populated.is_err() {
            session.clear();
            incoming = engine.reject_state(request.request(), &incoming);
        }
        HandlersView::map(session, populated.ok().flatten())
    } else {
        HandlersView::state()
    };
    let end = Arc::clone(engine) as Arc<dyn SessionEnd>;
    let shared = RequestSession::new(end, outer, incoming, handlers);
    request.extensions_mut().insert(shared.clone());
    Ok(shared)
}

fn not_kept<B>(
    outcome: Result<ServiceResponse<B>, actix_web::Error>,
    error: SessionError,
) -> Failure<B> {
    log::error!("a session was not kept: {}", ErrorChain(&error));
    match outcome {
        Ok(response) => Failure::NotKept(Box::new(response), error),
        Err(_) => Failure::Inner(error.into()),
    }
}

/// A [`SessionMiddleware`] that answers its own failures:
/// [`SessionMiddleware::respond_to_errors`].
pub struct RespondToErrors<S>(SessionMiddleware<S>);

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

//! Serves a request with its session: loads it, lets the handlers work, finalizes it with the response.

use std::{ptr, sync::Arc};

use actix_session::SessionExt;
use actix_web::{
    HttpMessage,
    dev::{Service, ServiceRequest, ServiceResponse},
};

use crate::{
    engine::{Finalized, Loaded, Outgoing, SessionEnd, SessionEngine},
    error::SessionError,
    error_chain::ErrorChain,
    request_session::{HandlersView, RequestSession},
    response::SessionHeaders,
    store::SessionStore,
};

/// Why there is no response.
pub(crate) enum Failure<B> {
    /// The session could not be loaded.
    NotLoaded(Box<ServiceRequest>, SessionError),
    /// What the handler did to the session was not kept, so its response would be wrong.
    NotKept(Box<ServiceResponse<B>>, SessionError),
    /// A middleware inside this one returned an error.
    Inner(actix_web::Error),
}

/// Serves a request with its session.
pub(crate) async fn serve<T, S, B>(
    service: &T,
    engine: Arc<SessionEngine<S>>,
    request: ServiceRequest,
) -> Result<ServiceResponse<B>, Failure<B>>
where
    T: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error>,
    S: SessionStore,
{
    let outer = RequestSession::of(request.request());
    let shared = match is_around_twice(&engine, outer.as_ref()) {
        // One of the two does the work.
        Ok(true) => return service.call(request).await.map_err(Failure::Inner),
        Ok(false) => begin(&engine, &request, outer).await,
        Err(error) => Err(error),
    };
    let shared = match shared {
        Ok(shared) => shared,
        Err(error) => return Err(not_loaded(request, error)),
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
        true => Ok(Finalized { outgoing: Outgoing::Nothing, is_only_copy: false }),
        false => Box::pin(engine.finalize(&shared)).await,
    };
    let Finalized { outgoing, is_only_copy } = match finalized {
        Ok(finalized) => finalized,
        Err(error) => return Err(not_kept(outcome, error)),
    };
    if let Some(outer) = &shared.outer {
        outer.take_back(&shared);
    }
    let headers = SessionHeaders { settings: &engine.settings, outgoing, was_several };
    match outcome {
        Ok(mut response) => {
            headers.add_to_response(&mut response, shared.may_have_been_read());
            if let Some(outer) = &shared.outer {
                response.request().extensions_mut().insert(outer.clone());
            }
            Ok(response)
        }
        Err(error) if is_only_copy => Err(Failure::Inner(headers.add_to_error(error))),
        Err(error) => Err(Failure::Inner(error)),
    }
}

/// Whether this middleware is around the handler already.
///
/// # Errors
///
/// When another one is, with the same cookie.
fn is_around_twice<S: SessionStore>(
    engine: &Arc<SessionEngine<S>>,
    outer: Option<&RequestSession>,
) -> Result<bool, SessionError> {
    let name = &engine.settings.cookie.name;
    let mut outers = std::iter::successors(outer, |outer| outer.outer.as_ref());
    match outers.find(|outer| outer.settings().cookie.name == *name) {
        None => Ok(false),
        Some(outer) if ptr::addr_eq(Arc::as_ptr(&outer.engine), Arc::as_ptr(engine)) => Ok(true),
        Some(_) => Err(SessionError::SameCookie(name.clone())),
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

fn not_loaded<B>(request: ServiceRequest, error: SessionError) -> Failure<B> {
    // A store whose feed is stale has logged that once.
    if !matches!(error, SessionError::Stale) {
        log::error!("a session could not be loaded: {}", ErrorChain(&error));
    }
    Failure::NotLoaded(Box::new(request), error)
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

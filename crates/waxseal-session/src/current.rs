//! The session of the current request, as handlers see it.

use std::{
    cell::RefCell,
    future::{Ready, ready},
    rc::Rc,
};

use actix_session::SessionExt;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, error::ErrorUnauthorized};

use crate::{clock::Timestamp, error::SessionError, id::SessionId, record::SessionRecord};

/// The live session of the request: its id and times. Its state is in [`Session`](actix_session::Session).
///
/// As an extractor it answers 401 where there is no session; `Option<CurrentSession>` accepts both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentSession {
    /// The session's id.
    pub id: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When the session expires unless it is refreshed again.
    pub expires_at: Timestamp,
}

/// Attaches a session that the app has created in its store to the request: the response sets its
/// cookie.
///
/// For apps that create the record in a transaction of their own. They also revoke the session that
/// was there before. Other apps call [`Session::renew`](actix_session::Session::renew).
///
/// # Errors
///
/// [`SessionError::NoMiddleware`] when no [`SessionMiddleware`](crate::SessionMiddleware) wraps the
/// handler.
pub fn attach_session(request: &HttpRequest, session: SessionRecord) -> Result<(), SessionError> {
    let request_session =
        request.extensions().get::<RequestSession>().cloned().ok_or(SessionError::NoMiddleware)?;
    let state = request.get_session();
    state.clear();
    // Its keys are unique.
    let _unique = session.state.populate(&state);
    *request_session.0.borrow_mut() =
        Some(ActiveSession { record: session, reseal: true, from_store: false });
    Ok(())
}

/// Where the middleware and the handlers share the session of the request.
#[derive(Clone, Default)]
pub(crate) struct RequestSession(pub(crate) Rc<RefCell<Option<ActiveSession>>>);

/// A live session.
#[derive(Clone)]
pub(crate) struct ActiveSession {
    pub(crate) record: SessionRecord,
    /// Whether its cookie has to be re-sealed even if the handler changes nothing.
    pub(crate) reseal: bool,
    /// Its state came from the store, and may be too large for a cookie.
    pub(crate) from_store: bool,
}

impl CurrentSession {
    /// The session of this request, if it has one.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let request_session = request.extensions().get::<RequestSession>().cloned()?;
        let active = request_session.0.borrow();
        let record = &active.as_ref()?.record;
        Some(Self { id: record.id, auth_time: record.auth_time, expires_at: record.expires_at })
    }
}

impl FromRequest for CurrentSession {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or_else(|| ErrorUnauthorized("not logged in")))
    }
}

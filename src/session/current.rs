//! The session of the request at hand, as handlers see it.

use std::{
    cell::RefCell,
    future::{Ready, ready},
    rc::Rc,
};

use actix_session::SessionExt;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, error::ErrorUnauthorized};

use super::{error::SessionError, id::SessionId, record::SessionRecord};
use crate::clock::Timestamp;

/// The live session that came with the request: its id and times. What is in it, handlers read
/// through `actix_session::Session`.
///
/// As an extractor it answers 401 where there is no session; `Option<CurrentSession>` takes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CurrentSession {
    /// Its name.
    pub id: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When it ends unless it is refreshed; a refresh that this request brings is counted in.
    pub expires_at: Timestamp,
}

/// Makes a session that the app has already opened in its own registry the session of this
/// request: its cookie goes out with the response.
///
/// For log-ins that open the row in the same transaction as something else. Ending the session
/// that was there before, if any, is then the caller's part too. All others call
/// [`Session::renew`](actix_session::Session::renew) and have the layer do it.
///
/// # Errors
///
/// [`SessionError::NoLayer`] when no [`SessionLayer`](super::SessionLayer) is around the handler.
pub fn adopt(request: &HttpRequest, session: SessionRecord) -> Result<(), SessionError> {
    let slot = request.extensions().get::<Slot>().cloned().ok_or(SessionError::NoLayer)?;
    let handlers = request.get_session();
    handlers.clear();
    session.state.feed(&handlers);
    *slot.0.borrow_mut() = Some(Live { record: session, seal: true, from_row: false });
    Ok(())
}

/// Where the middleware and the handlers share what the session of the request is.
#[derive(Clone, Default)]
pub(super) struct Slot(pub(super) Rc<RefCell<Option<Live>>>);

/// A session that lives.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) record: SessionRecord,
    /// Whether a cookie has to go out, although the handler changes nothing.
    pub(super) seal: bool,
    /// Its cookie came without a state: the state may be too large for one.
    pub(super) from_row: bool,
}

impl CurrentSession {
    /// The live session of this request, if there is one.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let slot = request.extensions().get::<Slot>().cloned()?;
        let live = slot.0.borrow();
        let record = &live.as_ref()?.record;
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

//! The session of the current request, as handlers see it.

use std::{
    fmt,
    future::{Future, Ready, ready},
    sync::Arc,
};

use actix_session::{SessionExt, SessionStatus};
use actix_web::{FromRequest, HttpRequest, dev::Payload, error::ErrorUnauthorized};

use crate::{
    clock::Timestamp,
    config::SessionLifecycle,
    engine::SessionEnd,
    error::SessionError,
    id::SessionId,
    record::SessionRecord,
    request_session::{ActiveSession, HandlersView, RequestSession},
};

/// The live session of the request: its id and times. Its state is in [`Session`](actix_session::Session)
/// or [`TypedSession`](crate::TypedSession).
///
/// Right after a handler has renewed the session, it is the new one.
///
/// As an extractor it answers 401 where there is no session; `Option<CurrentSession>` accepts both. That there is
/// a session does not say that someone has logged in: a shopping cart is one, too.
#[derive(Clone)]
pub struct CurrentSession {
    /// The session's id.
    pub id: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When the session expires unless it is refreshed again.
    pub expires_at: Timestamp,
    engine: Arc<dyn SessionEnd>,
}

impl CurrentSession {
    /// The session of this request, if it has one.
    pub fn of(request: &HttpRequest) -> Option<Self> {
        let shared = RequestSession::of(request)?;
        shared.was_read.set(true);
        let engine = Arc::clone(&shared.engine);
        let status = shared.handlers.status();
        let is_over = status == SessionStatus::Purged;
        let own = shared.incoming.borrow().active.as_ref().map(|active| active.own);
        if is_over || (own.is_none() && shared.is_empty()) {
            return None;
        }
        if status == SessionStatus::Renewed {
            let (id, auth_time) = shared.renewed();
            let (policy, _) = shared.settings().lifecycle(shared.lifecycle.get(), own.flatten());
            let expires_at = policy.expiry(auth_time, auth_time);
            return Some(Self { id, auth_time, expires_at, engine });
        }
        let incoming = shared.incoming.borrow();
        let SessionRecord { id, auth_time, expires_at, .. } = incoming.active.as_ref()?.record;
        Some(Self { id, auth_time, expires_at, engine })
    }

    /// Resolves when the session ends: when it is revoked, on this node or another one, or expires.
    /// WebSockets and event streams end with it.
    ///
    /// On the node that revokes the session it resolves at once, on others as soon as they hear of it.
    /// A renewal ends it, too: the client connects again. Traffic on the socket doesn't count as activity. While other
    /// requests refresh the session, it goes on; with
    /// [`StatelessStore`](crate::StatelessStore), which has no record of that, it ends at
    /// [`expires_at`](Self::expires_at).
    ///
    /// ```
    /// use actix_web::{HttpResponse, web};
    /// use waxseal_session::CurrentSession;
    ///
    /// async fn events(session: CurrentSession) -> HttpResponse {
    ///     let (sender, receiver) = tokio::sync::mpsc::channel::<web::Bytes>(8);
    ///     actix_web::rt::spawn(async move {
    ///         tokio::select! {
    ///             () = session.ended() => {}
    ///             () = sender.closed() => {}
    ///         }
    ///         // `sender` is dropped here, and the stream ends.
    ///     });
    /// #   let _ = receiver;
    ///     HttpResponse::Ok().finish() // or `.streaming(ReceiverStream::new(receiver))`
    /// }
    /// # actix_web::web::to(events);
    /// ```
    pub fn ended(&self) -> impl Future<Output = ()> + 'static + use<> {
        Arc::clone(&self.engine).ended(self.id, self.expires_at)
    }
}

/// Attaches a session that the app has created in its store to the request: the response sets its
/// cookie.
///
/// For apps that create the record in a transaction of their own, in which they also revoke the session that
/// was there before. Call it after the commit. Other apps call [`Session::renew`](actix_session::Session::renew).
///
/// # Errors
///
/// When no [`SessionMiddleware`](crate::SessionMiddleware) wraps the handler, or the request's session was
/// purged or renewed before.
pub fn attach_session(request: &HttpRequest, session: SessionRecord) -> Result<(), SessionError> {
    let shared = RequestSession::of(request).ok_or(SessionError::NoMiddleware)?;
    if matches!(shared.handlers.status(), SessionStatus::Purged | SessionStatus::Renewed) {
        return Err(SessionError::AttachedLate);
    }
    match &shared.handlers {
        HandlersView::Map { entries, .. } => {
            let state = request.get_session();
            state.clear();
            // Its keys are unique.
            entries.replace(session.state.populate(&state).ok().flatten());
        }
        HandlersView::State(own) => own.borrow_mut().changed = None,
    }
    shared.incoming.borrow_mut().active =
        Some(ActiveSession { record: session, own: None, reseal: true, from_store: false });
    Ok(())
}

/// Gives the session of this request a lifecycle of its own: "remember me".
///
/// It holds for as long as the session lives, also over renewals. Call it at log-in.
///
/// ```
/// use actix_session::Session;
/// use actix_web::{HttpRequest, HttpResponse, cookie::time::Duration, web};
/// use serde::Deserialize;
/// use waxseal_session::{config::{BrowserSession, PersistentSession}, set_lifecycle};
///
/// #[derive(Deserialize)]
/// struct Login {
///     remember_me: Option<String>,
/// }
///
/// async fn log_in(
///     request: HttpRequest,
///     session: Session,
///     form: web::Form<Login>,
/// ) -> actix_web::Result<HttpResponse> {
///     session.clear();
///     session.renew();
///     session.insert("user_id", "ann")?;
///     match form.remember_me {
///         Some(_) => {
///             let lifecycle = PersistentSession::default().session_ttl(Duration::days(30));
///             set_lifecycle(&request, lifecycle)?;
///         }
///         None => {
///             let lifecycle = BrowserSession::default().state_ttl(Duration::hours(2));
///             set_lifecycle(&request, lifecycle.lifetime(Duration::hours(12)))?;
///         }
///     }
///     Ok(HttpResponse::SeeOther().insert_header(("Location", "/")).finish())
/// }
/// # actix_web::web::to(log_in);
/// ```
///
/// # Errors
///
/// When no [`SessionMiddleware`](crate::SessionMiddleware) wraps the handler, or a duration is out of
/// range.
pub fn set_lifecycle(
    request: &HttpRequest,
    lifecycle: impl Into<SessionLifecycle>,
) -> Result<(), SessionError> {
    let shared = RequestSession::of(request).ok_or(SessionError::NoMiddleware)?;
    let lifecycle = lifecycle.into();
    shared.settings().policy.with_lifecycle(lifecycle)?;
    shared.lifecycle.set(Some(lifecycle));
    Ok(())
}

impl FromRequest for CurrentSession {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request).ok_or_else(|| ErrorUnauthorized("not logged in")))
    }
}

impl PartialEq for CurrentSession {
    fn eq(&self, other: &Self) -> bool {
        let Self { id, auth_time, expires_at, .. } = other;
        (self.id, self.auth_time, self.expires_at) == (*id, *auth_time, *expires_at)
    }
}

impl Eq for CurrentSession {}

impl fmt::Debug for CurrentSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentSession")
            .field("id", &self.id)
            .field("auth_time", &self.auth_time)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

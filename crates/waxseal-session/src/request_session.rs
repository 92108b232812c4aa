//! What the middleware and the handlers share about the session of a request.

use std::{
    cell::{Cell, OnceCell, RefCell},
    rc::Rc,
    sync::Arc,
};

use actix_session::{Session, SessionExt, SessionStatus};
use actix_web::{HttpMessage, HttpRequest};

use crate::{
    claims::OwnLifecycle,
    clock::Timestamp,
    config::SessionLifecycle,
    engine::{SessionEnd, Settings},
    error::SessionError,
    flat_json::Entries,
    id::SessionId,
    node_memory::CookieHash,
    record::SessionRecord,
    state::State,
    visits,
};

/// The session that a request came with.
#[derive(Clone)]
pub(crate) struct Incoming {
    pub(crate) active: Option<ActiveSession>,
    /// The request has a token, but it was rejected.
    pub(crate) rejected: Option<RejectedCookie>,
    /// The session of a rejected token that was sealed by this app: a log-out ends it again.
    pub(crate) over: Option<Box<SessionRecord>>,
    pub(crate) source: TokenSource,
    /// The request doesn't count as activity, and does not move the session's expiry.
    pub(crate) is_background: bool,
}

/// Where the token was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenSource {
    Cookie,
    Bearer,
}

/// A rejected token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RejectedCookie {
    /// There were several cookies: both scopes are cleared.
    Several,
    /// It is over: the response clears it.
    Over(Option<CookieHash>),
    /// Another session took its place a moment ago: the response leaves the browser's cookie alone.
    Replaced {
        /// That session.
        by: SessionId,
    },
}

impl Incoming {
    pub(crate) const VISITOR: Self = Self {
        active: None,
        rejected: None,
        over: None,
        source: TokenSource::Cookie,
        is_background: false,
    };

    pub(crate) fn rejected(rejected: RejectedCookie, source: TokenSource) -> Self {
        Self { rejected: Some(rejected), source, ..Self::VISITOR }
    }
}

/// A live session.
#[derive(Clone)]
pub(crate) struct ActiveSession {
    pub(crate) record: SessionRecord,
    pub(crate) own: Option<OwnLifecycle>,
    /// Whether its cookie has to be re-sealed even if the handler changes nothing.
    pub(crate) reseal: bool,
    /// Its state came from the store, and may be too large for a cookie.
    pub(crate) from_store: bool,
}

/// Where the middleware and the handlers share the session of the request.
#[derive(Clone)]
pub(crate) struct RequestSession(Rc<Shared>);

pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn SessionEnd>,
    /// The session of the next middleware around this one.
    pub(crate) outer: Option<RequestSession>,
    pub(crate) incoming: RefCell<Incoming>,
    pub(crate) handlers: HandlersView,
    /// The lifecycle that a handler chose for this session.
    pub(crate) lifecycle: Cell<Option<SessionLifecycle>>,
    /// The id and the time of log-in that the session will have if a handler has renewed it.
    renewed: OnceCell<(SessionId, Timestamp)>,
    /// Whether there is another session middleware inside this one.
    has_inner: Cell<bool>,
    /// Whether a handler has read the session, as far as that can be told.
    pub(crate) was_read: Cell<bool>,
}

impl std::ops::Deref for RequestSession {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl RequestSession {
    pub(crate) fn new(
        engine: Arc<dyn SessionEnd>,
        outer: Option<RequestSession>,
        incoming: Incoming,
        handlers: HandlersView,
    ) -> Self {
        if let Some(outer) = &outer {
            outer.has_inner.set(true);
        }
        Self(Rc::new(Shared {
            engine,
            outer,
            incoming: RefCell::new(incoming),
            handlers,
            lifecycle: Cell::new(None),
            renewed: OnceCell::new(),
            has_inner: Cell::new(false),
            was_read: Cell::new(false),
        }))
    }

    /// The one of the innermost middleware around the handler.
    pub(crate) fn of(request: &HttpRequest) -> Option<Self> {
        request.extensions().get::<Self>().cloned()
    }

    pub(crate) fn settings(&self) -> &Settings {
        self.engine.settings()
    }

    /// The id and the time of log-in of the session that a renewal opens.
    pub(crate) fn renewed(&self) -> (SessionId, Timestamp) {
        *self.renewed.get_or_init(|| (SessionId::random(), self.settings().clock.now()))
    }

    /// The state as the handlers see it now.
    pub(crate) fn state(&self) -> State {
        match &self.handlers {
            HandlersView::Map { session, set_aside, .. } => match &*set_aside.borrow() {
                Some((state, _)) => state.clone(),
                None => State::from_session(session),
            },
            HandlersView::State(_) => self.with_state(State::clone),
        }
    }

    /// Shows the state as the handlers see it now.
    pub(crate) fn with_state<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        match &self.handlers {
            HandlersView::Map { .. } => read(&self.state()),
            HandlersView::State(own) => match &own.borrow().changed {
                Some(state) => read(state),
                None => match &self.incoming.borrow().active {
                    Some(active) => read(&active.record.state),
                    None => read(&State::default()),
                },
            },
        }
    }

    /// A handler replaces the state.
    pub(crate) fn replace_state(&self, state: State) {
        match &self.handlers {
            HandlersView::Map { session, .. } => {
                session.clear();
                // Its keys are unique.
                let _unique = state.populate(session);
            }
            HandlersView::State(own) => {
                let mut own = own.borrow_mut();
                if own.status != SessionStatus::Purged {
                    own.changed = Some(state);
                }
            }
        }
    }

    /// Whether there is nothing in the state.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.handlers {
            HandlersView::Map { session, set_aside, .. } => match &*set_aside.borrow() {
                Some((state, _)) => state.is_empty(),
                None => session.entries().is_empty(),
            },
            HandlersView::State(own) => own.borrow().changed.as_ref().is_none_or(State::is_empty),
        }
    }

    /// The state, if a handler has changed it.
    pub(crate) fn changed_state(&self, loaded: &State) -> Option<State> {
        let changed = match &self.handlers {
            HandlersView::Map { .. } if self.is_as_loaded(loaded) => None,
            HandlersView::Map { .. } => Some(self.state()),
            HandlersView::State(own) => own.borrow_mut().changed.take(),
        };
        changed.filter(|state| !loaded.equals(state) && !visits::is_recent(loaded, state))
    }

    /// Whether there is nothing to keep and nothing to send.
    pub(crate) fn is_done(&self) -> bool {
        let incoming = self.incoming.borrow();
        match (&incoming.active, self.handlers.status()) {
            (_, SessionStatus::Purged) => false,
            (None, _) => incoming.rejected.is_none() && self.is_empty(),
            (Some(_), SessionStatus::Renewed) => false,
            (Some(active), _) => {
                !active.reseal
                    && self.lifecycle.get().is_none()
                    && self.is_as_loaded(&active.record.state)
            }
        }
    }

    /// Whether the handlers have left the state as it was loaded; `false` if that takes long to tell.
    fn is_as_loaded(&self, loaded: &State) -> bool {
        match &self.handlers {
            HandlersView::Map { session, entries, set_aside } => {
                set_aside.borrow().is_none() && loaded.is_in(session, entries.borrow().as_ref())
            }
            HandlersView::State(own) => own.borrow().changed.is_none(),
        }
    }

    pub(crate) fn had_several_cookies(&self) -> bool {
        self.incoming.borrow().rejected == Some(RejectedCookie::Several)
    }

    /// Whether a handler has read the session. Reading actix's `Session` leaves no trace.
    pub(crate) fn may_have_been_read(&self) -> bool {
        self.was_read.get() || matches!(self.handlers, HandlersView::Map { .. })
    }

    /// Makes room in actix's `Session` for the state of another middleware inside this one.
    ///
    /// # Errors
    ///
    /// When the session was renewed or purged before: that can't be undone in it.
    pub(crate) fn set_aside(&self) -> Result<(), SessionError> {
        let HandlersView::Map { session, set_aside, .. } = &self.handlers else { return Ok(()) };
        let status = session.status();
        if matches!(status, SessionStatus::Purged | SessionStatus::Renewed) {
            return Err(SessionError::Nested);
        }
        set_aside.replace(Some((State::from_session(session), status)));
        session.clear();
        Ok(())
    }

    /// Puts the state back after the inner middleware is done, for middlewares between the two.
    pub(crate) fn take_back(&self, inner: &Self) {
        if let HandlersView::Map { session, set_aside, .. } = &self.handlers
            && matches!(inner.handlers, HandlersView::Map { .. })
            // What the inner handlers did stays in the status: this state then remains set aside.
            && !matches!(session.status(), SessionStatus::Purged | SessionStatus::Renewed)
            && let Some((state, _)) = set_aside.take()
        {
            session.clear();
            // Its keys are unique.
            let _unique = state.populate(session);
        }
    }

    /// Whether a handler has changed actix's `Session` though no middleware populates it.
    pub(crate) fn was_bypassed(&self, request: &HttpRequest) -> bool {
        let is_alone = self.outer.is_none() && !self.has_inner.get();
        match self.handlers {
            HandlersView::State(_) if is_alone => {
                request.get_session().status() != SessionStatus::Unchanged
            }
            _ => false,
        }
    }
}

/// How handlers see the state.
pub(crate) enum HandlersView {
    /// In actix's `Session`.
    Map {
        session: Session,
        /// Where the values that it was populated with are in the loaded state, if that is known.
        entries: RefCell<Option<Entries>>,
        /// What an inner middleware has set aside, because its handlers use the same `Session`.
        set_aside: RefCell<Option<(State, SessionStatus)>>,
    },
    /// Only through `TypedSession`.
    State(RefCell<OwnState>),
}

/// The state without actix's map.
#[derive(Default)]
pub(crate) struct OwnState {
    /// What a handler has made of the state.
    pub(crate) changed: Option<State>,
    pub(crate) status: SessionStatus,
}

impl HandlersView {
    pub(crate) fn map(session: Session, entries: Option<Entries>) -> Self {
        Self::Map { session, entries: RefCell::new(entries), set_aside: RefCell::new(None) }
    }

    pub(crate) fn state() -> Self {
        Self::State(RefCell::default())
    }

    pub(crate) fn status(&self) -> SessionStatus {
        match self {
            Self::Map { session, set_aside, .. } => {
                set_aside.borrow().as_ref().map_or_else(|| session.status(), |(_, it)| it.clone())
            }
            Self::State(own) => own.borrow().status.clone(),
        }
    }
}

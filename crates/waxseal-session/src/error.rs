//! The errors of the middleware. A rejected cookie is not an error.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};

use crate::{cookie, settings_error::SettingsError, state::InvalidState, store::StoreError};

/// The middleware could not serve a request.
///
/// The response has only the status; the cause is logged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The store failed, so the session could not be read, or a change could not be kept. Answered
    /// with 503.
    #[error("the session store failed")]
    Store(#[from] StoreError),
    /// The store has heard nothing of revocations for too long to vouch for this session. Answered
    /// with 503.
    #[error("the list of revoked sessions is out of date")]
    Stale,
    /// The state does not fit into one cookie; the handler's change is not kept. Answered with 500:
    /// the app has to store less or use [`Mode::Database`](crate::Mode).
    #[error(
        "the session's cookie would be {size} bytes long; browsers keep at most {} (name and value)",
        cookie::MAX_COOKIE_BYTES
    )]
    TooLarge {
        /// The size of name and value together, in bytes.
        size: usize,
    },
    /// A handler changed actix's `Session`, which this app does not populate
    /// ([`actix_session(false)`](crate::SessionMiddlewareBuilder::actix_session)). Answered with 500.
    #[error(
        "a handler changed actix's Session, but the middleware was built with actix_session(false)"
    )]
    NotPopulated,
    /// Another session middleware, with other settings, is around this one and has the same cookie. Answered
    /// with 500.
    #[error(
        "two session middlewares inside each other have the cookie {0}: give one of them another cookie_name"
    )]
    SameCookie(String),
    /// The session was renewed or purged before another one was attached. Answered with 500.
    #[error("a session can't be attached after the request's session was renewed or purged")]
    AttachedLate,
    /// A session was renewed or purged before another session middleware ran inside the first. Answered
    /// with 500.
    #[error("actix's Session was renewed or purged before an inner session middleware ran")]
    Nested,
    /// The state is not what was asked for. Answered with 500.
    #[error("the session's state does not have the expected form")]
    State(#[from] InvalidState),
    /// A handler chose a lifecycle that is out of range. Answered with 500.
    #[error(transparent)]
    Lifecycle(#[from] SettingsError),
    /// The app is not wrapped in the middleware. Answered with 500.
    #[error("no session middleware is around this handler")]
    NoMiddleware,
}

impl SessionError {
    /// The `Retry-After` of a 503, in seconds.
    pub const RETRY_AFTER_SECONDS: u32 = 5;
}

impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Store(_) | Self::Stale => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. }
            | Self::NotPopulated
            | Self::SameCookie(_)
            | Self::AttachedLate
            | Self::Nested
            | Self::State(_)
            | Self::Lifecycle(_)
            | Self::NoMiddleware => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, Self::RETRY_AFTER_SECONDS));
        }
        response.finish()
    }
}

impl From<SessionError> for std::io::Error {
    fn from(error: SessionError) -> Self {
        Self::other(error)
    }
}

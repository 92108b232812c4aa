//! What can go wrong in the session layer. A cookie that is no session is not among it: then the
//! visitor is just not logged in.

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};

use super::{cookie, registry::RegistryError};

/// A request that the session layer could not serve honestly.
///
/// The response says no more than the status; the log has the cause.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The registry could not be reached, so what the handler did to the session could not be
    /// kept, or the session could not be read. Answered with 503.
    #[error("the session registry failed")]
    Registry(#[from] RegistryError),
    /// The registry has not heard for so long which sessions were revoked that it can't vouch for
    /// this one. Answered with 503.
    #[error("the list of revoked sessions is out of date")]
    Stale,
    /// The state does not fit into one cookie. The handler's change is not kept. Answered with
    /// 500: it is the app that has to store less, or use [`Mode::Database`](super::Mode).
    #[error(
        "the session's cookie would be {size} bytes long; browsers keep at most {} (name and value)",
        cookie::MAX_BYTES
    )]
    TooLarge {
        /// How long name and value would be together.
        size: usize,
    },
    /// A handler asked for the layer's services, but the layer is not around it. Answered with
    /// 500: the app has to `wrap` it.
    #[error("no session layer is around this handler")]
    NoLayer,
}

impl SessionError {
    /// In how many seconds to try again, where that can help.
    pub const RETRY_AFTER_SECONDS: u32 = 5;
}

impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Registry(_) | Self::Stale => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooLarge { .. } | Self::NoLayer => StatusCode::INTERNAL_SERVER_ERROR,
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

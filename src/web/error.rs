//! The one error map: which error becomes which status. The page is made by
//! [`error_pages`](super::middleware::error_pages), the cause goes to the log.

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header::RETRY_AFTER},
};
use waxseal_session::SessionError;

use crate::accounts::AccountsError;

/// Why a handler could not answer. What a person got wrong is not an error, but a page.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Accounts or the database failed.
    #[error(transparent)]
    Accounts(#[from] AccountsError),
    /// The session middleware failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A page could not be rendered.
    #[error("a page could not be rendered")]
    Template(#[from] askama::Error),
    /// The folder of development's mails can't be read.
    #[error("MAIL_DIR: the mails can't be read")]
    MailFolder(#[source] std::io::Error),
    /// The handler panicked; the panic message went to standard error.
    #[error("the handler panicked")]
    Panic,
}

impl ResponseError for AppError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Accounts(error) if error.is_temporary() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Session(error) => error.status_code(),
            Self::Accounts(_) | Self::Template(_) | Self::MailFolder(_) | Self::Panic => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if self.status_code() == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((RETRY_AFTER, SessionError::RETRY_AFTER_SECONDS));
        }
        response.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::HashingError;

    #[test]
    fn a_temporary_error_says_when_to_try_again() {
        let overloaded = AppError::from(AccountsError::from(HashingError::Overloaded));
        let response = overloaded.error_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "5");
    }
}

//! What came back for a request.

use actix_web::{
    Error, HttpResponse,
    body::{self, BoxBody},
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{HeaderMap, HeaderName, SET_COOKIE},
    },
};
use serde_json::Value;
use waxseal_session::SessionError;

/// A response, or the one that an error becomes.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    head: HttpResponse<()>,
    body: BoxBody,
}

impl From<Result<ServiceResponse, Error>> for Answer {
    fn from(outcome: Result<ServiceResponse, Error>) -> Self {
        let response = match outcome {
            Ok(response) => response.into_parts().1,
            Err(error) => HttpResponse::from_error(error),
        };
        let (head, body) = response.into_parts();
        Self { status: head.status(), headers: head.headers().clone(), head, body }
    }
}

impl Answer {
    pub async fn text(self) -> String {
        let Ok(bytes) = body::to_bytes(self.body).await else { panic!("the body broke off") };
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    /// Of an answer of `/state`: who the site says we are.
    pub async fn user(self) -> Option<String> {
        let state: Value = serde_json::from_str(&self.text().await).unwrap();
        state.get("user_id").map(|user| user.as_str().unwrap().to_owned())
    }

    pub fn header(&self, name: HeaderName) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Every `Set-Cookie`.
    pub fn set_cookies(&self) -> Vec<SetCookie> {
        self.headers
            .get_all(SET_COOKIE)
            .map(|value| SetCookie::parse(value.to_str().unwrap()))
            .collect()
    }

    /// The `Set-Cookie` of the session. There is never more than one.
    pub fn cookie(&self) -> Option<SetCookie> {
        let mut cookies = self.set_cookies();
        let is_session = |name: &str| name.contains("waxseal") || name.contains("session");
        cookies.retain(|cookie| is_session(&cookie.name.to_ascii_lowercase()));
        assert!(cookies.len() <= 1, "several: {cookies:?}");
        cookies.pop()
    }

    /// The `Set-Cookie` with a sealed session in it; there has to be one.
    #[track_caller]
    pub fn sealed(&self) -> SetCookie {
        let cookie = self.cookie().expect("a Set-Cookie");
        assert!(!cookie.is_clearing(), "cleared: {}", cookie.text);
        cookie
    }

    #[track_caller]
    pub fn assert_no_cookie(&self) {
        assert_eq!(self.cookie().map(|cookie| cookie.text), None);
    }

    #[track_caller]
    pub fn assert_cleared(&self) {
        let cookie = self.cookie().expect("a Set-Cookie that clears");
        assert!(cookie.is_clearing(), "not cleared: {}", cookie.text);
    }

    /// The error that the response was made of.
    #[track_caller]
    pub fn error(&self) -> &Error {
        self.head.error().expect("an error")
    }

    /// Why the middleware itself refused the request.
    #[track_caller]
    pub fn session_error(&self) -> &SessionError {
        self.error().as_error::<SessionError>().expect("an error of the session middleware")
    }

    /// 503, when to come back, and no cookie.
    #[track_caller]
    pub fn assert_unavailable(&self) {
        assert_eq!(self.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(
            self.header(actix_web::http::header::RETRY_AFTER),
            Some(SessionError::RETRY_AFTER_SECONDS.to_string().as_str())
        );
        self.assert_no_cookie();
    }
}

/// A `Set-Cookie` header.
#[derive(Debug, PartialEq, Eq)]
pub struct SetCookie {
    /// The whole header.
    pub text: String,
    pub name: String,
    pub value: String,
    /// In seconds; 0 if there is none: the browser keeps it until it closes.
    pub max_age: u64,
}

impl SetCookie {
    fn parse(text: &str) -> Self {
        let (pair, attributes) = text.split_once("; ").unwrap_or((text, ""));
        let (name, value) = pair.split_once('=').unwrap();
        let max_age = attributes.split("; ").find_map(|one| one.strip_prefix("Max-Age="));
        Self {
            text: text.to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
            max_age: max_age.map_or(0, |seconds| seconds.parse().unwrap()),
        }
    }

    pub fn is_clearing(&self) -> bool {
        self.value.is_empty() && self.max_age == 0
    }
}

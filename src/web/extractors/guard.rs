//! Guards: a handler says who may use it by naming one of these types among its arguments.
//!
//! | guard | lets in | asks the database |
//! | --- | --- | --- |
//! | [`AuthenticatedUser`] | signed-in users | no |
//! | [`Admin`] | administrators | no |
//! | [`VerifiedUser`] | signed-in users whose account exists with the session's role, and is not disabled | one query |
//! | [`VerifiedAdmin`] | the same, administrators only | one query |
//! | [`Recently`] | a [`VerifiedUser`] who has entered the password at most `STEP_UP_AFTER` ago | one query |
//!
//! Everyone else gets an [`AuthRejection`]: pages redirect visitors to the log-in page and from
//! there back, `/api/` answers 401 with JSON, and a role that is not enough is 403. Whose log-in is too long
//! ago for [`Recently`] enters the password again on `/confirm`; below `/api/`, that is 403 with JSON.
//!
//! The sealed session is enough for most pages, because changing a role and disabling an account end that user's
//! sessions.
//! The verified guards are for pages that ask the database anyway: they also catch a sealed session
//! whose account is not in this database (restored from a backup, or another database under the
//! same secret), and end it.
//!
//! ```
//! use actix_web::{HttpResponse, Responder};
//! use waxseal::web::guard::{Admin, AuthenticatedUser};
//!
//! async fn notes(auth: AuthenticatedUser) -> impl Responder {
//!     HttpResponse::Ok().body(format!("the notes of {}", auth.user_id))
//! }
//!
//! async fn all_notes(Admin(auth): Admin) -> impl Responder {
//!     HttpResponse::Ok().body(format!("read by {}, {}", auth.user_id, auth.role))
//! }
//! # actix_web::web::to(notes);
//! # actix_web::web::to(all_notes);
//! ```
//!
//! # Adding a role
//!
//! In an app that starts from this server, add a variant to [`Role`], with its name in
//! `Role::as_str` and `Role::ALL` (a role that is not in `ALL` can't be given to anyone), and a
//! guard that calls [`AuthenticatedUser::with_role`]. An app that only uses the session middleware
//! has users and roles of its own, and its guards read them from `Session`: see
//! [`waxseal_session`](waxseal_session#guards).
//!
//! ```
//! use actix_web::{FromRequest, HttpRequest, dev::Payload};
//! use waxseal::{accounts::Role, web::guard::{AuthRejection, AuthenticatedUser}};
//!
//! /// A user who may edit: here an administrator; put `Role::Editor` beside it.
//! struct Editor(AuthenticatedUser);
//!
//! impl FromRequest for Editor {
//!     type Error = AuthRejection;
//!     type Future = std::future::Ready<Result<Self, AuthRejection>>;
//!
//!     fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
//!         let auth = AuthenticatedUser::with_role(request, &[Role::Admin]);
//!         std::future::ready(auth.map(Self))
//!     }
//! }
//! ```

use std::{
    fmt,
    future::{Future, Ready, ready},
    pin::Pin,
};

use actix_session::SessionExt;
use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError, dev::Payload, http::StatusCode,
    web::Data,
};
use serde_json::json;
use waxseal_session::CurrentSession;

use super::client_info;
use crate::{
    accounts::{Accounts, Identity, Role, User, UserId},
    audit,
    web::{
        error::AppError,
        middleware::clear_site_data,
        view::{
            navigation,
            redirect::{self, see_other},
        },
    },
};

/// A signed-in user, as the sealed session says.
#[derive(Debug, Clone)]
pub struct AuthenticatedUser {
    /// The user's id.
    pub user_id: UserId,
    /// What the user may do.
    pub role: Role,
    /// The session of this request.
    pub session: CurrentSession,
}

/// A signed-in administrator, as the sealed session says.
#[derive(Debug, Clone)]
pub struct Admin(pub AuthenticatedUser);

/// A signed-in user whose account exists with the session's role: one query.
#[derive(Debug, Clone)]
pub struct VerifiedUser(pub AuthenticatedUser, pub User);

/// A signed-in administrator whose account exists with that role: one query.
#[derive(Debug, Clone)]
pub struct VerifiedAdmin(pub AuthenticatedUser);

/// A [`VerifiedUser`] who has logged in or entered the password again a moment ago (`STEP_UP_AFTER`): for what
/// a stolen session must not do.
#[derive(Debug, Clone)]
pub struct Recently(pub VerifiedUser);

impl AuthenticatedUser {
    /// The user of this request.
    ///
    /// # Errors
    ///
    /// When no one is signed in.
    pub fn of(request: &HttpRequest) -> Result<Self, AuthRejection> {
        Self::find(request).ok_or_else(|| AuthRejection::login_required(request))
    }

    /// The user of this request, with one of these roles.
    ///
    /// # Errors
    ///
    /// When no one is signed in, or a user with another role.
    pub fn with_role(request: &HttpRequest, roles: &[Role]) -> Result<Self, AuthRejection> {
        let auth = Self::of(request)?;
        if roles.contains(&auth.role) {
            return Ok(auth);
        }
        let from = client_info::address(request);
        audit::access_refused(auth.user_id, request.method(), request.path(), from);
        Err(AuthRejection::Forbidden)
    }

    fn find(request: &HttpRequest) -> Option<Self> {
        let session = CurrentSession::of(request)?;
        let Identity { user_id, role } = Identity::of(&request.get_session())?;
        Some(Self { user_id, role, session })
    }
}

impl FromRequest for AuthenticatedUser {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, AuthRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl FromRequest for Admin {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, AuthRejection>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(AuthenticatedUser::with_role(request, &[Role::Admin]).map(Self))
    }
}

impl FromRequest for VerifiedUser {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let auth = AuthenticatedUser::of(request);
        verify(request.clone(), auth, Self)
    }
}

impl FromRequest for VerifiedAdmin {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let auth = AuthenticatedUser::with_role(request, &[Role::Admin]);
        verify(request.clone(), auth, |auth, _| Self(auth))
    }
}

impl FromRequest for Recently {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, user) = (request.clone(), VerifiedUser::from_request(request, payload));
        Box::pin(async move {
            let user = user.await?;
            let accounts = Data::<Accounts>::extract(&request).await?;
            if accounts.is_recent(user.0.session.auth_time) {
                return Ok(Self(user));
            }
            Err(AuthRejection::step_up_required(&request).into())
        })
    }
}

type LocalBoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Compares the session with the account in the database, and ends it where they differ.
fn verify<T: 'static>(
    request: HttpRequest,
    auth: Result<AuthenticatedUser, AuthRejection>,
    guard: fn(AuthenticatedUser, User) -> T,
) -> LocalBoxFuture<Result<T, actix_web::Error>> {
    Box::pin(async move {
        let auth = auth?;
        let accounts = Data::<Accounts>::extract(&request).await?;
        let user = accounts.user(auth.user_id).await.map_err(AppError::from)?;
        let fits = |user: &User| user.role == auth.role && user.disabled_at.is_none();
        if let Some(user) = user.filter(fits) {
            return Ok(guard(auth, user));
        }
        let AuthenticatedUser { user_id, session, .. } = auth;
        audit::session_without_account(user_id, session.id, client_info::address(&request));
        clear_site_data::session_ended(&request);
        Err(AuthRejection::login_required(&request).into())
    })
}

/// Why a guard rejected a request.
#[derive(Clone, PartialEq, Eq)]
pub enum AuthRejection {
    /// No one is signed in, on a page: 303 to the log-in page.
    LoginRequired {
        /// The log-in page, with the way back.
        login_url: String,
    },
    /// No one is signed in, below `/api/`: 401 and JSON.
    Unauthorized,
    /// The user's role is not enough: 403.
    Forbidden,
    /// The log-in is too long ago, on a page: 303 to the page that asks for the password again.
    StepUpRequired {
        /// That page, with the way back.
        confirm_url: String,
    },
    /// The log-in is too long ago, below `/api/`: 403 and JSON.
    LogInAgain,
}

impl AuthRejection {
    fn login_required(request: &HttpRequest) -> Self {
        if request.path().starts_with("/api/") {
            return Self::Unauthorized;
        }
        // Log-in leads to the profile by itself.
        let is_default = !request.method().is_safe() && way_back(request) == "/profile";
        let next = if is_default { "" } else { way_back(request) };
        Self::LoginRequired { login_url: redirect::login_url(next) }
    }

    fn step_up_required(request: &HttpRequest) -> Self {
        if request.path().starts_with("/api/") {
            return Self::LogInAgain;
        }
        Self::StepUpRequired { confirm_url: redirect::confirm_url(way_back(request)) }
    }
}

/// The page that was asked for, or the one whose form was sent; may be empty.
fn way_back(request: &HttpRequest) -> &str {
    if request.method().is_safe() {
        request.uri().path_and_query().map_or("", |page| page.as_str())
    } else {
        navigation::page_of(request.path()).unwrap_or_default()
    }
}

/// Without the way back: actix-web logs this, and a query may hold an email address.
impl fmt::Debug for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoginRequired { .. } | Self::Unauthorized => "not logged in",
            Self::Forbidden => "not allowed",
            Self::StepUpRequired { .. } | Self::LogInAgain => "log in again",
        })
    }
}

impl ResponseError for AuthRejection {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::LoginRequired { .. } | Self::StepUpRequired { .. } => StatusCode::SEE_OTHER,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::LogInAgain => StatusCode::FORBIDDEN,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::LoginRequired { login_url: page }
            | Self::StepUpRequired { confirm_url: page } => see_other(page),
            Self::Unauthorized => {
                HttpResponse::Unauthorized().json(json!({ "error": self.to_string() }))
            }
            Self::Forbidden => HttpResponse::Forbidden().finish(),
            Self::LogInAgain => {
                HttpResponse::Forbidden().json(json!({ "error": self.to_string() }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use actix_web::{
        body::to_bytes,
        http::{Method, header::LOCATION},
        test::TestRequest,
    };

    use super::*;

    /// As a request is answered whose log-in is too long ago.
    fn answer(method: Method, path: &str) -> HttpResponse {
        let request = TestRequest::with_uri(path).method(method).to_http_request();
        AuthRejection::step_up_required(&request).error_response()
    }

    #[actix_web::test]
    async fn a_page_leads_to_the_password_and_back_and_the_api_says_what_to_do() {
        for (method, path, way) in [
            (Method::GET, "/a?b=c", "/confirm?next=/a%3Fb=c"),
            (Method::POST, "/profile/email", "/confirm?next=/profile/email"),
            (Method::POST, "/admin/users/1/role", "/confirm?next=/admin/users"),
            (Method::POST, "/a", "/confirm"),
        ] {
            let answer = answer(method, path);
            assert_eq!(answer.status(), StatusCode::SEE_OTHER);
            assert_eq!(answer.headers().get(LOCATION).unwrap(), way, "{path}");
        }
        let answer = answer(Method::POST, "/api/notes");
        assert_eq!(answer.status(), StatusCode::FORBIDDEN);
        let body = to_bytes(answer.into_body()).await.unwrap();
        assert_eq!(body, r#"{"error":"log in again"}"#);
    }
}

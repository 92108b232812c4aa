//! Guards: a handler says who may come in by naming a type among its arguments.
//!
//! [`SignedIn`] lets in who is logged in, [`Admin`] only administrators. Others are answered by
//! the guard: pages send visitors to the log-in page and from there back, `/api/` answers 401
//! with JSON; who is logged in but may not gets 403. These guards read the sealed session and ask
//! no database: whenever somebody's role changes, their sessions end.
//!
//! Pages that ask the database anyway have [`Known`] and [`KnownAdmin`] do it first: a sealed
//! session of somebody whose account is not there (in a database that was restored, say, or
//! another one under the same secret) ends then.
//!
//! ```
//! use actix_web::{HttpResponse, Responder};
//! use waxseal::web::guard::{Admin, SignedIn};
//!
//! async fn notes(person: SignedIn) -> impl Responder {
//!     HttpResponse::Ok().body(format!("the notes of {}", person.user_id))
//! }
//!
//! async fn everybodys_notes(Admin(person): Admin) -> impl Responder {
//!     HttpResponse::Ok().body(format!("read by {}, {}", person.user_id, person.role))
//! }
//! # actix_web::web::to(notes);
//! # actix_web::web::to(everybodys_notes);
//! ```
//!
//! # Roles of your own
//!
//! In an app that starts from this server: add a variant to [`Role`], with its name in
//! `Role::as_str` and `Role::ALL` (a role that is not in `ALL` can't be given to anybody), and a
//! guard for it, a type that asks [`SignedIn::with`] for the roles it lets in. (An app that only
//! adopts the session layer has users and roles of its own, and its guards read them from
//! `Session`: see [`session`](crate::session#guards).)
//!
//! ```
//! use actix_web::{FromRequest, HttpRequest, dev::Payload};
//! use waxseal::{accounts::Role, web::guard::{NotAllowed, SignedIn}};
//!
//! /// Somebody who may edit: here, administrators; put `Role::Editor` beside it.
//! struct Editor(SignedIn);
//!
//! impl FromRequest for Editor {
//!     type Error = NotAllowed;
//!     type Future = std::future::Ready<Result<Self, NotAllowed>>;
//!
//!     fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
//!         std::future::ready(SignedIn::with(request, &[Role::Admin]).map(Self))
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

use super::{
    client, departure,
    error::Fault,
    redirect::{Next, see_other},
};
use crate::{
    accounts::{Accounts, Identity, Role, User, UserId},
    audit,
    session::CurrentSession,
};

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who it is.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// Their session.
    pub session: CurrentSession,
}

/// An administrator who is logged in.
#[derive(Debug, Clone)]
pub struct Admin(pub SignedIn);

impl SignedIn {
    /// Whoever is logged in on this request.
    ///
    /// # Errors
    ///
    /// When nobody is.
    pub fn of(request: &HttpRequest) -> Result<Self, NotAllowed> {
        Self::find(request).ok_or_else(|| NotAllowed::visitor(request))
    }

    /// Whoever is logged in on this request, with one of these roles.
    ///
    /// # Errors
    ///
    /// When nobody is, or somebody with another role.
    pub fn with(request: &HttpRequest, roles: &[Role]) -> Result<Self, NotAllowed> {
        let person = Self::of(request)?;
        if roles.contains(&person.role) {
            return Ok(person);
        }
        let from = client::address(request);
        audit::access_refused(person.user_id, request.method(), request.path(), from);
        Err(NotAllowed::Role)
    }

    fn find(request: &HttpRequest) -> Option<Self> {
        let session = CurrentSession::of(request)?;
        let Identity { user_id, role } = Identity::of(&request.get_session())?;
        Some(Self { user_id, role, session })
    }
}

impl FromRequest for SignedIn {
    type Error = NotAllowed;
    type Future = Ready<Result<Self, NotAllowed>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl FromRequest for Admin {
    type Error = NotAllowed;
    type Future = Ready<Result<Self, NotAllowed>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(SignedIn::with(request, &[Role::Admin]).map(Self))
    }
}

/// Somebody who is logged in, and whose account is there with the role that the session says: one
/// query. Anybody else's session ends, and it goes to the log-in page.
#[derive(Debug, Clone)]
pub struct Known(pub SignedIn, pub User);

/// An administrator, as the database has it: one query.
#[derive(Debug, Clone)]
pub struct KnownAdmin(pub SignedIn);

impl FromRequest for Known {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let person = SignedIn::of(request);
        known(request.clone(), person, Self)
    }
}

impl FromRequest for KnownAdmin {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let person = SignedIn::with(request, &[Role::Admin]);
        known(request.clone(), person, |person, _| Self(person))
    }
}

type LocalBoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// Asks the database for somebody whom the session lets in.
fn known<T: 'static>(
    request: HttpRequest,
    person: Result<SignedIn, NotAllowed>,
    guard: fn(SignedIn, User) -> T,
) -> LocalBoxFuture<Result<T, actix_web::Error>> {
    Box::pin(async move {
        let person = person?;
        let accounts = Data::<Accounts>::extract(&request).await?;
        let user = accounts.user(person.user_id).await.map_err(Fault::from)?;
        if let Some(user) = user.filter(|user| user.role == person.role) {
            return Ok(guard(person, user));
        }
        let SignedIn { user_id, session, .. } = person;
        audit::session_without_account(user_id, session.id, client::address(&request));
        departure::session_over(&request);
        Err(NotAllowed::visitor(&request).into())
    })
}

/// A guard did not let somebody in.
#[derive(Clone, PartialEq, Eq)]
pub enum NotAllowed {
    /// Nobody is logged in, and a page was asked for: 303 to the log-in page, which leads back
    /// there.
    VisitorOfPage {
        /// The log-in page, with the way back.
        login_url: String,
    },
    /// Nobody is logged in, below `/api/`: 401, and JSON.
    VisitorOfApi,
    /// Somebody is logged in whose role is not enough: 403.
    Role,
}

impl NotAllowed {
    fn visitor(request: &HttpRequest) -> Self {
        if request.path().starts_with("/api/") {
            return Self::VisitorOfApi;
        }
        // What a form was sent to is no page to come back to.
        let asked_for = request.uri().path_and_query().filter(|_| request.method().is_safe());
        let next = asked_for.and_then(|path| Next::parse(path.as_str()));
        let login_url = next.as_ref().map_or("/login".to_owned(), Next::login_url);
        Self::VisitorOfPage { login_url }
    }
}

/// Without the way back: a query may hold an e-mail address, and actix-web logs this.
impl fmt::Debug for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for NotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VisitorOfPage { .. } | Self::VisitorOfApi => "not logged in",
            Self::Role => "not allowed",
        })
    }
}

impl ResponseError for NotAllowed {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::VisitorOfPage { .. } => StatusCode::SEE_OTHER,
            Self::VisitorOfApi => StatusCode::UNAUTHORIZED,
            Self::Role => StatusCode::FORBIDDEN,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::VisitorOfPage { login_url } => see_other(login_url),
            Self::VisitorOfApi => {
                HttpResponse::Unauthorized().json(json!({ "error": self.to_string() }))
            }
            Self::Role => HttpResponse::Forbidden().finish(),
        }
    }
}

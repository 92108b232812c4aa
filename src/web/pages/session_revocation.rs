//! Ending one's own sessions, one or all others, after a page that asks for confirmation.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use waxseal_session::SessionId;

use super::sessions::PATH;
use crate::{
    accounts::{Accounts, Revocation, SessionInfo},
    audit,
    web::{
        error::AppError,
        extractors::{
            client_info,
            guard::{AuthenticatedUser, VerifiedUser},
        },
        middleware::{clear_site_data, notices},
        view::{navigation::Navigation, redirect::see_other, render},
    },
};

#[derive(Template)]
#[template(path = "session_revocation.html")]
struct ConfirmPage {
    navigation: Navigation,
    session: SessionInfo,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "other_sessions_revocation.html")]
struct ConfirmOthersPage {
    navigation: Navigation,
}

/// 404 for a session of another user.
pub(crate) async fn confirm(
    VerifiedUser(auth, _): VerifiedUser,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let session = match id.parse::<SessionId>() {
        Ok(id) => accounts.session_of(auth.user_id, &id).await?,
        Err(_) => None,
    };
    let Some(session) = session else { return Ok(not_found(&auth, &request)) };
    let is_current = session.id == auth.session.id;
    let navigation = Navigation::new(&request, &auth, PATH, &accounts);
    render::page(&ConfirmPage { navigation, session, is_current })
}

/// 404 for a session of another user.
pub(crate) async fn revoke(
    VerifiedUser(auth, _): VerifiedUser,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let Ok(id) = id.parse::<SessionId>() else {
        return Ok(not_found(&auth, &request));
    };
    let actor = client_info::actor(auth.user_id, &request);
    match accounts.revoke_session_of(auth.user_id, &id, &actor).await? {
        Revocation::Done | Revocation::AlreadyEnded => {}
        Revocation::NoSuchSession => return Ok(not_found(&auth, &request)),
    }
    if id == auth.session.id {
        clear_site_data::session_ended(&request);
        notices::leave(&request, "You are logged out.");
    } else {
        notices::leave(&request, "The session has ended.");
    }
    Ok(see_other(PATH))
}

pub(crate) async fn confirm_others(
    VerifiedUser(auth, _): VerifiedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let navigation = Navigation::new(&request, &auth, PATH, &accounts);
    render::page(&ConfirmOthersPage { navigation })
}

pub(crate) async fn revoke_others(
    VerifiedUser(auth, _): VerifiedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let actor = client_info::actor(auth.user_id, &request);
    accounts.revoke_sessions(auth.user_id, Some(&auth.session.id), &actor).await?;
    notices::leave(&request, "Your other sessions have ended.");
    Ok(see_other(PATH))
}

fn not_found(auth: &AuthenticatedUser, request: &HttpRequest) -> HttpResponse {
    let from = client_info::address(request);
    audit::access_refused(auth.user_id, request.method(), request.path(), from);
    HttpResponse::NotFound().finish()
}

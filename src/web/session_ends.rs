//! Ending one's sessions: asked first, then done.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;

use super::{
    client, departure,
    error::Fault,
    guard::{Known, SignedIn},
    navigation::Navigation,
    page,
    redirect::see_other,
    sessions::PATH,
};
use crate::{
    accounts::{Accounts, Revocation, SessionInfo},
    audit,
    session::SessionId,
};

#[derive(Template)]
#[template(path = "session_end.html")]
struct One {
    navigation: Navigation,
    session: SessionInfo,
    /// It is the one that the page is read in.
    is_this: bool,
}

#[derive(Template)]
#[template(path = "session_ends.html")]
struct Others {
    navigation: Navigation,
}

/// Asks whether one session shall end. That of somebody else is not found.
pub(super) async fn ask(
    Known(person, _): Known,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let id = id.parse::<SessionId>().ok();
    let session = match id {
        Some(id) => accounts.session_of(person.user_id, &id).await?,
        None => None,
    };
    let Some(session) = session else { return Ok(not_found(&person, &request)) };
    let is_this = session.id == person.session.id;
    let navigation = Navigation::new(&person, PATH, &accounts);
    page::render(StatusCode::OK, &One { navigation, session, is_this })
}

/// Ends one session. That of somebody else is not found.
pub(super) async fn revoke(
    Known(person, _): Known,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let Ok(id) = id.parse::<SessionId>() else {
        return Ok(not_found(&person, &request));
    };
    let by = client::actor(person.user_id, &request);
    match accounts.revoke_session_of(person.user_id, &id, &by).await? {
        Revocation::Done | Revocation::OverAlready => {}
        Revocation::NoSuchSession => return Ok(not_found(&person, &request)),
    }
    if id == person.session.id {
        departure::session_over(&request);
    }
    Ok(see_other(PATH))
}

/// Asks whether all other sessions shall end.
pub(super) async fn ask_for_others(
    Known(person, _): Known,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let navigation = Navigation::new(&person, PATH, &accounts);
    page::render(StatusCode::OK, &Others { navigation })
}

/// Ends all sessions but the one at hand.
pub(super) async fn revoke_others(
    Known(person, _): Known,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let by = client::actor(person.user_id, &request);
    accounts.revoke_sessions(person.user_id, Some(&person.session.id), &by).await?;
    Ok(see_other(PATH))
}

fn not_found(person: &SignedIn, request: &HttpRequest) -> HttpResponse {
    let from = client::address(request);
    audit::access_refused(person.user_id, request.method(), request.path(), from);
    HttpResponse::NotFound().finish()
}

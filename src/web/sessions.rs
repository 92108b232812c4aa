//! Somebody's sessions: where they are logged in, and how to end that.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;

use super::{
    client, departure,
    error::Fault,
    fields::Query,
    guard::Known,
    listing::{Listing, Neighbours},
    navigation::Navigation,
    page,
    redirect::see_other,
};
use crate::{
    accounts::{Accounts, OpenSession, Revocation},
    audit,
    session::SessionId,
};

const PATH: &str = "/sessions";

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    navigation: Navigation,
    /// The session that the page is read in.
    this: Option<OpenSession>,
    others: Vec<OpenSession>,
    neighbours: Neighbours,
}

pub(super) async fn list(
    Known(person, _): Known,
    Query(listing): Query<Listing>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    // There is nothing to search for here.
    let listing = Listing { q: String::new(), ..listing };
    let this = person.session.id;
    let found = accounts.sessions_of(person.user_id, &this, listing.page()).await?;
    let neighbours = Neighbours::of(&found, &listing, PATH);
    let (this, others): (Vec<_>, Vec<_>) =
        found.items.into_iter().partition(|session| session.id == this);
    let navigation = Navigation::new(&person, PATH);
    let this = this.into_iter().next();
    page::render(StatusCode::OK, &Page { navigation, this, others, neighbours })
}

/// Ends one session. That of somebody else is not found.
pub(super) async fn revoke(
    Known(person, _): Known,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let Ok(id) = id.parse::<SessionId>() else {
        return Ok(HttpResponse::NotFound().finish());
    };
    match accounts.end_session(person.user_id, &id).await? {
        Revocation::Done => {
            audit::session_revoked(person.user_id, id, client::address(&request));
        }
        Revocation::OverAlready => {}
        Revocation::NoSuchSession => {
            let (me, from) = (person.user_id, client::address(&request));
            audit::access_refused(me, request.method(), request.path(), from);
            return Ok(HttpResponse::NotFound().finish());
        }
    }
    if id == person.session.id {
        departure::session_over(&request);
    }
    Ok(see_other(PATH))
}

pub(super) async fn revoke_others(
    Known(person, _): Known,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let ended = accounts.end_sessions(person.user_id, Some(&person.session.id)).await?;
    let (me, from) = (person.user_id, client::address(&request));
    audit::sessions_revoked(me, ended, me, from);
    Ok(see_other(PATH))
}

//! Somebody's sessions: where they are logged in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{
    error::Fault,
    fields::Query,
    guard::{Known, SignedIn},
    listing::{Listing, Neighbours},
    navigation::Navigation,
    notice, page,
};
use crate::accounts::{Accounts, SessionInfo};

pub(super) const PATH: &str = "/sessions";

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    navigation: Navigation,
    /// The session that the page is read in.
    this: Option<SessionInfo>,
    others: Vec<SessionInfo>,
    neighbours: Neighbours,
}

pub(super) async fn list(
    Known(person, _): Known,
    Query(listing): Query<Listing>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    // There is nothing to search for here.
    let listing = Listing { q: String::new(), ..listing };
    let this = person.session.id;
    let found = accounts.sessions_of(person.user_id, &this, listing.page()).await?;
    let neighbours = Neighbours::of(&found, &listing, PATH);
    let (this, others): (Vec<_>, Vec<_>) =
        found.items.into_iter().partition(|session| session.id == this);
    let notice = notice(&person, &request, &accounts, others.is_empty()).await?;
    let navigation = Navigation::new(&person, PATH, &accounts).telling(notice);
    let this = this.into_iter().next();
    page::render(StatusCode::OK, &Page { navigation, this, others, neighbours })
}

/// What has just been done, where that is so.
async fn notice(
    person: &SignedIn,
    request: &HttpRequest,
    accounts: &Accounts,
    no_others: bool,
) -> Result<Option<String>, Fault> {
    let from = notice::came_from(request);
    let Some(question) = from.as_ref().and_then(|from| from.strip_prefix("/sessions/")) else {
        return Ok(None);
    };
    let done = match question.parse() {
        Ok(id) if accounts.session_of(person.user_id, &id).await?.is_none() => {
            Some("The session has ended.")
        }
        Err(_) if question == "others" && no_others => Some("Your other sessions have ended."),
        _ => None,
    };
    Ok(done.map(str::to_owned))
}

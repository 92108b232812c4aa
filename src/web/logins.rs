//! The history of somebody's log-ins, refused ones too.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{
    error::Fault,
    fields::Query,
    guard::Known,
    listing::{Listing, Neighbours},
    navigation::Navigation,
    page,
};
use crate::accounts::{Accounts, LoginEvent, Outcome};

const PATH: &str = "/logins";

#[derive(Template)]
#[template(path = "logins.html")]
struct Page {
    navigation: Navigation,
    attempts: Vec<LoginEvent>,
    neighbours: Neighbours,
}

pub(super) async fn list(
    Known(person, _): Known,
    Query(listing): Query<Listing>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    // There is nothing to search for here.
    let listing = Listing { q: String::new(), ..listing };
    let found = accounts.login_history(person.user_id, listing.page()).await?;
    let neighbours = Neighbours::of(&found, &listing, PATH);
    let navigation = Navigation::new(&person, PATH, &accounts);
    page::render(StatusCode::OK, &Page { navigation, attempts: found.items, neighbours })
}

/// How an attempt ended, for the person who made it or did not.
fn in_words(attempt: &LoginEvent) -> &'static str {
    match (attempt.event.outcome, attempt.is_new_here) {
        (Outcome::Refused, _) => "Refused: wrong password",
        (Outcome::Granted, true) => "Logged in from a new address",
        (Outcome::Granted, false) => "Logged in",
    }
}

/// Whether its person should look at it twice.
fn stands_out(attempt: &LoginEvent) -> bool {
    attempt.event.outcome == Outcome::Refused || attempt.is_new_here
}

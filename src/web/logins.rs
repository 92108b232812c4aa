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
    events: Vec<LoginEvent>,
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
    let navigation = Navigation::new(&person, PATH);
    page::render(StatusCode::OK, &Page { navigation, events: found.items, neighbours })
}

/// How an attempt ended, for the person who made it or did not.
fn in_words(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Granted => "Logged in",
        Outcome::Refused => "Refused: wrong password",
    }
}

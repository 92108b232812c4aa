//! The users, for administrators: found by their addresses.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{
    error::Fault,
    fields::Query,
    guard::KnownAdmin,
    listing::{Listing, Neighbours},
    navigation::Navigation,
    page,
};
use crate::accounts::{Accounts, UserId, UserSummary};

pub(super) const PATH: &str = "/admin/users";

#[derive(Template)]
#[template(path = "admin_users.html")]
struct Page<'a> {
    navigation: Navigation,
    /// Who reads the page.
    me: UserId,
    listing: &'a Listing,
    users: Vec<UserSummary>,
    neighbours: Neighbours,
}

pub(super) async fn list(
    KnownAdmin(person): KnownAdmin,
    Query(listing): Query<Listing>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let found = accounts.users(&listing.q, listing.page()).await?;
    let neighbours = Neighbours::of(&found, &listing, PATH);
    let navigation = Navigation::new(&person, PATH, &accounts);
    let (me, users) = (person.user_id, found.items);
    page::render(StatusCode::OK, &Page { navigation, me, listing: &listing, users, neighbours })
}

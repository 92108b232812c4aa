//! The users, for administrators: found, given a role, logged out everywhere.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use serde::Deserialize;

use super::{
    client, departure,
    error::Fault,
    fields::{Form, FormOrNothing, Query},
    guard::{KnownAdmin, SignedIn},
    listing::{Listing, Neighbours},
    navigation::Navigation,
    page,
    redirect::see_other,
};
use crate::{
    accounts::{Accounts, Change, Role, UserId, UserSummary},
    audit,
};

const PATH: &str = "/admin/users";

/// A new role for somebody; and which page of the list it was chosen on, to come back to.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RoleInput {
    role: String,
    q: String,
    page: String,
}

#[derive(Template)]
#[template(path = "admin_users.html")]
struct Page<'a> {
    navigation: Navigation,
    /// Who reads the page.
    me: UserId,
    listing: &'a Listing,
    users: Vec<UserSummary>,
    neighbours: Neighbours,
    refused: Option<Refused>,
}

/// A role that somebody was not given.
struct Refused {
    user: UserId,
    /// What was chosen; none where there is no such role.
    role: Option<Role>,
    reason: &'static str,
}

impl Page<'_> {
    /// Why this user was not given a role, if that was just tried.
    fn refused(&self, user: &UserId) -> Option<&Refused> {
        self.refused.as_ref().filter(|refused| refused.user == *user)
    }

    /// The role that the form for this user shows.
    fn chosen(&self, summary: &UserSummary) -> Role {
        let tried = self.refused(&summary.user.id).and_then(|refused| refused.role);
        tried.unwrap_or(summary.user.role)
    }

    /// Why a user was not given a role who is not on this page.
    fn refused_elsewhere(&self) -> Option<&Refused> {
        let here = |refused: &&Refused| self.users.iter().any(|row| row.user.id == refused.user);
        self.refused.as_ref().filter(|refused| !here(refused))
    }
}

pub(super) async fn list(
    KnownAdmin(person): KnownAdmin,
    Query(listing): Query<Listing>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    render(&person, &accounts, &listing, None).await
}

pub(super) async fn set_role(
    KnownAdmin(person): KnownAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Form(input): Form<RoleInput>,
) -> Result<HttpResponse, Fault> {
    let RoleInput { role, q, page } = input;
    let listing = Listing { q, page };
    let Some(user) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let Ok(role) = role.parse::<Role>() else {
        let refused = Refused { user, role: None, reason: "There is no such role." };
        return render(&person, &accounts, &listing, Some(refused)).await;
    };
    match accounts.set_role(user, role).await? {
        Change::Done => {
            audit::role_set(user, role, person.user_id, client::address(&request));
            // One's own sessions have ended with one's role.
            if user == person.user_id && role != person.role {
                departure::session_over(&request);
                return Ok(see_other("/login"));
            }
            Ok(see_other(&listing.url(PATH)))
        }
        Change::NoSuchUser => Ok(HttpResponse::NotFound().finish()),
        Change::LastAdmin => {
            let reason = "This is the last administrator. Make somebody else one first.";
            let refused = Refused { user, role: Some(role), reason };
            render(&person, &accounts, &listing, Some(refused)).await
        }
    }
}

pub(super) async fn revoke_sessions(
    KnownAdmin(person): KnownAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(listing): FormOrNothing<Listing>,
) -> Result<HttpResponse, Fault> {
    let Some(user) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let ended = accounts.end_sessions(user, None).await?;
    audit::sessions_revoked(user, ended, person.user_id, client::address(&request));
    if user == person.user_id {
        departure::session_over(&request);
    }
    // Where nothing was sent along, it is back to the first page.
    Ok(see_other(&listing.url(PATH)))
}

/// The user whom a path names.
async fn find(accounts: &Accounts, id: &str) -> Result<Option<UserId>, Fault> {
    let Ok(id) = id.parse() else { return Ok(None) };
    Ok(accounts.user(id).await?.map(|user| user.id))
}

/// The list; 422 where a role was refused.
async fn render(
    person: &SignedIn,
    accounts: &Accounts,
    listing: &Listing,
    refused: Option<Refused>,
) -> Result<HttpResponse, Fault> {
    let status = match refused {
        None => StatusCode::OK,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let found = accounts.users(&listing.q, listing.page()).await?;
    let neighbours = Neighbours::of(&found, listing, PATH);
    let (navigation, me) = (Navigation::new(person, PATH), person.user_id);
    page::render(status, &Page { navigation, me, listing, users: found.items, neighbours, refused })
}

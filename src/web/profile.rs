//! The profile: who is logged in, and since when; with the forms to change the password
//! ([`password_change`](super::password_change)) and to delete the account
//! ([`account_deletion`](super::account_deletion)).

use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{error::Fault, guard::Known, navigation::Navigation, page, wait};
use crate::{
    accounts::{Accounts, User},
    clock::Timestamp,
};

/// Where the profile is.
pub(super) const PATH: &str = "/profile";

/// What is wrong with what was sent with one of the profile's forms.
#[derive(Default, PartialEq, Eq)]
pub(super) struct Problems {
    /// Of the password's change.
    pub(super) current_password: Option<String>,
    /// The same.
    pub(super) new_password: Option<String>,
    /// Of the deletion.
    pub(super) password: Option<String>,
    /// Of the deletion: nobody could manage the accounts any more.
    pub(super) last_admin: bool,
    /// Of either: too many wrong passwords, or too many from here. How long to wait.
    pub(super) wait: Option<Duration>,
}

impl Problems {
    fn any(&self) -> bool {
        *self != Self::default()
    }
}

#[derive(Template)]
#[template(path = "profile.html")]
struct Page {
    navigation: Navigation,
    user: User,
    began: Timestamp,
    expires: Timestamp,
    /// Whether using it moves the end of the session any further.
    extendable: bool,
    min_length: usize,
    problems: Problems,
}

pub(super) async fn show(known: Known, accounts: Data<Accounts>) -> Result<HttpResponse, Fault> {
    render(known, &accounts, Problems::default())
}

/// The profile, with what is wrong beside the fields: 422 then.
pub(super) fn render(
    Known(person, user): Known,
    accounts: &Accounts,
    problems: Problems,
) -> Result<HttpResponse, Fault> {
    let (began, expires) = (person.session.auth_time, person.session.expires_at);
    let extendable = expires < began + accounts.lifetimes.lifetime();
    let (navigation, min_length) = (Navigation::new(&person, PATH), accounts.policy.min_length());
    let page = Page { navigation, user, began, expires, extendable, min_length, problems };
    match (page.problems.wait, page.problems.any()) {
        (Some(wait), _) => wait::render(&page, wait),
        (None, true) => page::render(StatusCode::UNPROCESSABLE_ENTITY, &page),
        (None, false) => page::render(StatusCode::OK, &page),
    }
}

//! The profile: who is logged in, and since when; with the forms to change the password
//! ([`password_change`](super::password_change)) and to delete the account
//! ([`account_deletion`](super::account_deletion)).

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{
    error::Fault, guard::Known, navigation::Navigation, notice, page, problems::Problems, wait,
};
use crate::{
    accounts::{Accounts, User},
    clock::Timestamp,
};

/// Where the profile is.
pub(super) const PATH: &str = "/profile";

/// For so long after it the page says what has been done.
const JUST_NOW: Duration = Duration::from_secs(60);

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
    /// Of the change of the password.
    problems: Problems,
}

pub(super) async fn show(
    known: Known,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let page = page(known, &request, &accounts, Problems::default());
    page::render(StatusCode::OK, &page)
}

/// The profile, with what is wrong beside the fields: 422, or 429 where there is a wait.
pub(super) fn refuse(
    known: Known,
    request: &HttpRequest,
    accounts: &Accounts,
    problems: Problems,
    wait: Option<Duration>,
) -> Result<HttpResponse, Fault> {
    wait::refuse(&page(known, request, accounts, problems), wait)
}

fn page(
    Known(person, user): Known,
    request: &HttpRequest,
    accounts: &Accounts,
    problems: Problems,
) -> Page {
    let (began, expires) = (person.session.auth_time, person.session.expires_at);
    let extendable = expires < began + accounts.lifetimes.lifetime();
    let navigation = Navigation::new(&person, PATH, accounts);
    let is_new = navigation.now.since(began) < JUST_NOW;
    let from = notice::came_from(request).filter(|_| !problems.any());
    let done = match from.as_deref() {
        Some("/signup") if is_new && user.created_at == began => {
            Some("Your account is made, and you are logged in.")
        }
        // A new password renews the session. A log-in comes from elsewhere.
        Some(PATH | "/profile/password") if is_new => {
            Some("Your password is changed. Your other sessions have ended.")
        }
        _ => None,
    };
    let navigation = navigation.telling(done.map(str::to_owned));
    let min_length = accounts.policy.min_length();
    Page { navigation, user, began, expires, extendable, min_length, problems }
}

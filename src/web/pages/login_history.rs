//! The log-in history of the signed-in user, failed attempts included.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;

use crate::{
    accounts::{Accounts, LoginEvent, Outcome},
    web::{
        error::AppError,
        extractors::{form::Query, guard::VerifiedUser},
        view::{
            navigation::Navigation,
            pagination::{ListQuery, Pagination},
            render,
        },
    },
};

const PATH: &str = "/logins";

#[derive(Template)]
#[template(path = "login_history.html")]
struct Page {
    navigation: Navigation,
    attempts: Vec<LoginEvent>,
    pagination: Pagination,
}

pub(crate) async fn list(
    VerifiedUser(auth, _): VerifiedUser,
    Query(query): Query<ListQuery>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let query = query.without_search();
    let found = accounts.login_history(auth.user_id, query.page_number()).await?;
    let pagination = Pagination::new(&found, &query, PATH);
    let navigation = Navigation::new(&request, &auth, PATH, &accounts);
    render::page(&Page { navigation, attempts: found.items, pagination })
}

/// The result of an attempt, in words.
fn result(attempt: &LoginEvent) -> &'static str {
    match (attempt.event.outcome, attempt.is_new_here) {
        (Outcome::Refused, _) => "Failed: wrong password",
        (Outcome::Granted, true) => "Logged in from a new IP address",
        (Outcome::Granted, false) => "Logged in",
    }
}

/// Whether the user should look at it twice.
fn is_highlighted(attempt: &LoginEvent) -> bool {
    attempt.event.outcome == Outcome::Refused || attempt.is_new_here
}

//! Logging in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{
    client::Caller,
    error::Fault,
    fields::{Form, Query},
    guard::SignedIn,
    limits::Limits,
    page,
    redirect::{Next, see_other},
    wait,
};
use crate::{
    accounts::{Accounts, Email, LogIn, Password},
    session,
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Link {
    next: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Input {
    email: String,
    password: String,
    next: String,
}

#[derive(Template, Default)]
#[template(path = "login.html")]
struct Page<'a> {
    next: &'a str,
    email: &'a str,
    /// The pair is wrong, and no telling which of the two.
    refused: bool,
    /// That it is too early for the next attempt.
    wait: Option<String>,
    email_error: Option<String>,
    password_error: Option<String>,
}

pub(super) async fn form(
    person: Option<SignedIn>,
    Query(link): Query<Link>,
) -> Result<HttpResponse, Fault> {
    if person.is_some() {
        return Ok(see_other("/profile"));
    }
    page::render(StatusCode::OK, &Page { next: kept(&link.next), ..Page::default() })
}

pub(super) async fn submit(
    request: HttpRequest,
    Caller(arrival): Caller,
    accounts: Data<Accounts>,
    limits: Data<Limits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let mut page = Page { email: &input.email, next: kept(&input.next), ..Page::default() };
    if let Some(wait) = limits.log_in(&arrival.client.address) {
        page.wait = Some(wait::too_many(wait));
        return wait::render(&page, wait);
    }
    match (input.email.parse::<Email>(), Password::parse(&input.password)) {
        (Ok(email), Ok(password)) => match accounts.log_in(&email, &password, &arrival).await? {
            LogIn::Granted(opened) => {
                session::adopt(&request, opened)?;
                let next = Next::parse(&input.next);
                return Ok(see_other(next.as_ref().map_or("/profile", Next::as_str)));
            }
            LogIn::Refused => page.refused = true,
            LogIn::Throttled(until) => {
                let wait = until.since(accounts.clock.now());
                page.wait = Some(wait::too_many(wait));
                return wait::render(&page, wait);
            }
        },
        (email, password) => {
            page.email_error = email.err().map(|error| error.to_string());
            page.password_error = password.err().map(|error| error.to_string());
        }
    }
    page::render(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// Where it is to go after logging in, as the form has it again. What nobody can have typed does
/// not come back.
fn kept(next: &str) -> &str {
    if next.contains(char::is_control) { "" } else { next }
}

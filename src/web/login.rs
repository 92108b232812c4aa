//! Logging in.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{
    client::Caller,
    error::Fault,
    fields::{Form, Query, SecretString},
    guard::SignedIn,
    limits::Limits,
    navigation, notice, page,
    problems::Problems,
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
    password: SecretString,
    next: String,
}

#[derive(Template, Default)]
#[template(path = "login.html")]
struct Page<'a> {
    next: &'a str,
    email: &'a str,
    /// Somebody has just logged out.
    logged_out: bool,
    /// The pair is wrong, and no telling which of the two.
    refused: bool,
    problems: Problems,
}

pub(super) async fn form(
    person: Option<SignedIn>,
    request: HttpRequest,
    Query(link): Query<Link>,
) -> Result<HttpResponse, Fault> {
    if person.is_some() {
        return Ok(see_other("/profile"));
    }
    let from = notice::came_from(&request).and_then(|from| navigation::page_of(&from));
    let next = kept(&link.next);
    // Whoever ends their own session is led to /sessions, and from there to here.
    let logged_out = from.is_some_and(|from| next.is_empty() || next == from);
    // Whose session was over when they sent a form: back to where they were.
    let next = if next.is_empty() { from.unwrap_or_default() } else { next };
    page::render(StatusCode::OK, &Page { next, logged_out, ..Page::default() })
}

pub(super) async fn submit(
    request: HttpRequest,
    Caller(arrival): Caller,
    accounts: Data<Accounts>,
    limits: Data<Limits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let mut page = Page { email: &input.email, next: kept(&input.next), ..Page::default() };
    let mut wait = limits.log_in(&arrival.client.address);
    match (input.email.parse::<Email>(), Password::parse(&input.password)) {
        _ if wait.is_some() => {}
        (Ok(email), Ok(password)) => match accounts.log_in(&email, &password, &arrival).await? {
            LogIn::Granted(opened) => {
                session::adopt(&request, opened)?;
                let next = Next::parse(&input.next);
                return Ok(see_other(next.as_ref().map_or("/profile", Next::as_str)));
            }
            LogIn::Refused => {
                page.refused = true;
                page.problems.add("password", "The e-mail address or the password is wrong.");
            }
            LogIn::Throttled(until) => wait = Some(until.since(accounts.clock.now())),
        },
        (email, password) => {
            page.problems.extend("email", email.err());
            page.problems.extend("password", password.err());
        }
    }
    if let Some(wait) = wait {
        page.problems.add("", wait::too_many(wait));
    }
    wait::refuse(&page, wait)
}

/// Where it is to go after logging in, as the form has it again. What nobody can have typed does
/// not come back.
fn kept(next: &str) -> &str {
    if next.contains(char::is_control) { "" } else { next }
}

//! Signing up.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{
    account_deletion,
    client::Caller,
    error::Fault,
    fields::{Form, SecretString},
    guard::SignedIn,
    limits::Limits,
    notice, page,
    problems::Problems,
    redirect::see_other,
    wait,
};
use crate::{
    accounts::{Accounts, Email, Password, SignUp},
    session,
};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(super) struct Input {
    email: String,
    password: SecretString,
}

#[derive(Template)]
#[template(path = "signup.html")]
struct Page<'a> {
    min_length: usize,
    email: &'a str,
    /// Somebody has just deleted their account.
    deleted: bool,
    problems: Problems,
}

impl Page<'_> {
    fn new(accounts: &Accounts) -> Self {
        let min_length = accounts.policy.min_length();
        Self { min_length, email: "", deleted: false, problems: Problems::default() }
    }
}

pub(super) async fn form(
    person: Option<SignedIn>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    if person.is_some() {
        return Ok(see_other("/profile"));
    }
    let from = notice::came_from(&request).unwrap_or_default();
    let deleted = [account_deletion::PATH, account_deletion::DONE_AT].contains(&&*from);
    page::render(StatusCode::OK, &Page { deleted, ..Page::new(&accounts) })
}

pub(super) async fn submit(
    request: HttpRequest,
    Caller(arrival): Caller,
    accounts: Data<Accounts>,
    limits: Data<Limits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let mut page = Page { email: &input.email, ..Page::new(&accounts) };
    let wait = limits.sign_up(&arrival.client.address);
    match (input.email.parse::<Email>(), Password::parse(&input.password)) {
        _ if wait.is_some() => {}
        (Ok(email), Ok(password)) => match accounts.sign_up(&email, &password, &arrival).await? {
            SignUp::Done(opened) => {
                session::adopt(&request, opened)?;
                return Ok(see_other("/profile"));
            }
            SignUp::EmailTaken => {
                page.problems.add("email", "There is already an account with this address.");
            }
            SignUp::Rejected(rejected) => page.problems.add("password", rejected),
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

//! Signing up.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{
    client::Caller, error::Fault, fields::Form, guard::SignedIn, limits::Limits, page,
    redirect::see_other, wait,
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
    password: String,
}

#[derive(Template)]
#[template(path = "signup.html")]
struct Page<'a> {
    min_length: usize,
    email: &'a str,
    email_error: Option<String>,
    password_error: Option<String>,
    /// That it is too early for the next attempt.
    wait: Option<String>,
}

impl Page<'_> {
    fn new(accounts: &Accounts) -> Self {
        let min_length = accounts.policy.min_length();
        Self { min_length, email: "", email_error: None, password_error: None, wait: None }
    }
}

pub(super) async fn form(
    person: Option<SignedIn>,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    if person.is_some() {
        return Ok(see_other("/profile"));
    }
    page::render(StatusCode::OK, &Page::new(&accounts))
}

pub(super) async fn submit(
    request: HttpRequest,
    Caller(arrival): Caller,
    accounts: Data<Accounts>,
    limits: Data<Limits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let mut page = Page { email: &input.email, ..Page::new(&accounts) };
    if let Some(wait) = limits.sign_up(&arrival.client.address) {
        page.wait = Some(wait::too_many(wait));
        return wait::render(&page, wait);
    }
    match (input.email.parse::<Email>(), Password::parse(&input.password)) {
        (Ok(email), Ok(password)) => match accounts.sign_up(&email, &password, &arrival).await? {
            SignUp::Done(opened) => {
                session::adopt(&request, opened)?;
                return Ok(see_other("/profile"));
            }
            SignUp::EmailTaken => {
                let error = "There is already an account with this address.";
                page.email_error = Some(error.to_owned());
            }
            SignUp::Unfit(unfit) => page.password_error = Some(unfit.to_string()),
        },
        (email, password) => {
            page.email_error = email.err().map(|error| error.to_string());
            page.password_error = password.err().map(|error| error.to_string());
        }
    }
    page::render(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

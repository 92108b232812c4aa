//! Asking for a link to reset a forgotten password. The answer is the same whether or not the address has an
//! account: nothing here looks.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::mail_sent;
use crate::{
    accounts::Accounts,
    web::{
        error::AppError,
        extractors::{client_info, form::Form},
        limits::RateLimits,
        view::{form_errors::FormErrors, link_request::LinkRequest, redirect::see_other, render},
    },
};

/// The form.
pub(crate) const PATH: &str = "/forgot";

/// The page after it.
pub(crate) const SENT_PATH: &str = "/forgot/sent";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    email: String,
}

fn page(email: &str, errors: FormErrors) -> LinkRequest<'_> {
    let (title, hint) = ("Forgot your password?", "We'll email you a link to choose a new one.");
    LinkRequest { title, hint, action: PATH, email, errors }
}

pub(crate) async fn form(accounts: Data<Accounts>) -> Result<HttpResponse, AppError> {
    if !accounts.mail.is_sent {
        return Ok(HttpResponse::NotFound().finish());
    }
    render::page(&page("", FormErrors::default()))
}

pub(crate) async fn submit(
    request: HttpRequest,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    if !accounts.mail.is_sent {
        return Ok(HttpResponse::NotFound().finish());
    }
    let (mut errors, from) = (FormErrors::default(), client_info::address(&request));
    errors.throttle("", limits.check_mail(&from));
    if let Some(email) = errors.check("email", input.email.parse()) {
        accounts.request_reset(&email, &from).await?;
        return Ok(see_other(SENT_PATH));
    }
    let page = page(&input.email, errors);
    render::rejected_form(&page, &page.errors)
}

pub(crate) async fn sent(accounts: Data<Accounts>) -> Result<HttpResponse, AppError> {
    let text = "If the address has an account, a link to choose a new password is on its way. It is valid for \
                an hour.";
    mail_sent::page(text, &accounts)
}

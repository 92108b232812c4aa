//! Asking for another link to confirm an address. As with a [forgotten password](super::forgot), a visitor doesn't
//! learn whether there is anything to confirm.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::{mail_sent, profile};
use crate::{
    accounts::{Accounts, Email, EmailConfirmation},
    web::{
        error::AppError,
        extractors::{client_info, form::FormOrNothing, guard::AuthenticatedUser},
        limits::RateLimits,
        middleware::notices,
        view::{form_errors::FormErrors, link_request::LinkRequest, redirect::see_other, render},
    },
};

/// The form.
pub(crate) const PATH: &str = "/confirm-email/send";

/// The page after it.
pub(crate) const SENT_PATH: &str = "/confirm-email/sent";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    /// Empty for the address of the user who is signed in.
    email: String,
}

fn page(email: &str, errors: FormErrors) -> LinkRequest<'_> {
    let hint = "We'll email you another link to confirm it.";
    LinkRequest { title: "Confirm your email address", hint, action: PATH, email, errors }
}

pub(crate) async fn form(accounts: Data<Accounts>) -> Result<HttpResponse, AppError> {
    if !confirms(&accounts) {
        return Ok(HttpResponse::NotFound().finish());
    }
    render::page(&page("", FormErrors::default()))
}

pub(crate) async fn submit(
    request: HttpRequest,
    auth: Option<AuthenticatedUser>,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    FormOrNothing(input): FormOrNothing<Input>,
) -> Result<HttpResponse, AppError> {
    if !confirms(&accounts) {
        return Ok(HttpResponse::NotFound().finish());
    }
    let own = match auth.filter(|_| input.email.is_empty()) {
        Some(auth) => accounts.user(auth.user_id).await?.map(|user| user.email),
        None => None,
    };
    let mut errors = FormErrors::default();
    errors.throttle("", limits.check_mail(&client_info::address(&request)));
    let typed = own.as_ref().map_or(&*input.email, Email::as_str);
    if let Some(email) = errors.check("email", typed.parse()) {
        accounts.request_confirmation(&email).await?;
        return Ok(if own.is_some() { sent_to_own(&request) } else { see_other(SENT_PATH) });
    }
    let page = page(typed, errors);
    render::rejected_form(&page, &page.errors)
}

pub(crate) async fn sent(accounts: Data<Accounts>) -> Result<HttpResponse, AppError> {
    if !confirms(&accounts) {
        return Ok(HttpResponse::NotFound().finish());
    }
    let text = "If there is a sign-up with this address to confirm, a link is on its way. It is valid for 3 days.";
    mail_sent::page(text, &accounts)
}

fn confirms(accounts: &Accounts) -> bool {
    accounts.mail.confirmation != EmailConfirmation::Off
}

fn sent_to_own(request: &HttpRequest) -> HttpResponse {
    notices::leave(request, "A link to confirm your email address is on its way.");
    see_other(profile::PATH)
}

//! Asking for a change of one's own email address: a link goes to the new one, and
//! [`change_email_link`](super::change_email_link) is the page that it opens. The answer is the same whether or
//! not the new address has an account.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::Deserialize;

use super::profile;
use crate::{
    accounts::{Accounts, Email, EmailChangeRequest, User},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, FormRejection},
            guard::{Recently, VerifiedUser},
        },
        limits::RateLimits,
        middleware::notices,
        view::{form_errors::FormErrors, navigation::Navigation, redirect::see_other, render},
    },
};

/// The form.
pub(crate) const PATH: &str = "/profile/email";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    email: String,
}

#[derive(Template)]
#[template(path = "email_change.html")]
struct Page<'a> {
    navigation: Navigation,
    user: User,
    email: &'a str,
    errors: FormErrors,
}

pub(crate) async fn form(
    user: Result<Recently, Error>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Error> {
    if !accounts.mail.is_sent {
        return Ok(HttpResponse::NotFound().finish());
    }
    let Recently(VerifiedUser(auth, user)) = user?;
    let navigation = Navigation::new(&request, &auth, profile::PATH, &accounts);
    Ok(render::page(&Page { navigation, user, email: "", errors: FormErrors::default() })?)
}

pub(crate) async fn submit(
    user: Result<Recently, Error>,
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    form: Result<Form<Input>, FormRejection>,
) -> Result<HttpResponse, Error> {
    if !accounts.mail.is_sent {
        return Ok(HttpResponse::NotFound().finish());
    }
    let Recently(VerifiedUser(auth, user)) = user?;
    let Form(input) = form?;
    let mut errors = FormErrors::default();
    errors.throttle("email", limits.check_mail(&context.client.address));
    if let Some(new) = errors.check("email", input.email.parse::<Email>()) {
        let outcome = accounts.request_email_change(&user, &new, &context.client).await;
        match outcome.map_err(AppError::from)? {
            EmailChangeRequest::Done => {
                let text = format!(
                    "We sent a link to {new}. Open it in this browser to change the address."
                );
                notices::leave(&request, text);
                return Ok(see_other(profile::PATH));
            }
            EmailChangeRequest::SameAddress => {
                errors.add("email", "This is your email address already.");
            }
        }
    }
    let navigation = Navigation::new(&request, &auth, profile::PATH, &accounts);
    let page = Page { navigation, user, email: &input.email, errors };
    Ok(render::rejected_form(&page, &page.errors)?)
}

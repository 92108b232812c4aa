//! Choosing a new password with a link from a mail.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::Deserialize;

use super::forgot;
use crate::{
    accounts::{Accounts, Password, PasswordReset, ResetLink},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query, SecretString},
        },
        limits::RateLimits,
        links::{self, DeadLink, LinkQuery},
        middleware::notices,
        view::{form_errors::FormErrors, redirect::see_other},
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    t: String,
    new_password: SecretString,
}

#[derive(Template)]
#[template(path = "reset.html")]
struct Page<'a> {
    token: &'a str,
    email: &'a str,
    min_length: usize,
    errors: FormErrors,
}

pub(crate) async fn form(
    request: HttpRequest,
    accounts: Data<Accounts>,
    Query(query): Query<LinkQuery>,
) -> Result<HttpResponse, AppError> {
    let Some(link) = links::unseal::<ResetLink>(&request, &query.t) else { return dead() };
    if !accounts.is_reset_open(&link).await? {
        return dead();
    }
    let (min_length, errors) = (accounts.policy.min_length(), FormErrors::default());
    links::page(&Page { token: &query.t, email: link.email.as_str(), min_length, errors })
}

pub(crate) async fn submit(
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    let Some(link) = links::unseal::<ResetLink>(&request, &input.t) else { return dead() };
    let mut errors = FormErrors::default();
    errors.throttle("new_password", limits.check_log_in(&context.client.address));
    if let Some(new) = errors.check("new_password", Password::parse(&input.new_password)) {
        match accounts.reset_password(&link, &new, &context.client).await? {
            PasswordReset::Done | PasswordReset::Repeated => {
                notices::leave(
                    &request,
                    "Your password has been changed. Log in with the new one.",
                );
                return Ok(see_other("/login"));
            }
            PasswordReset::LinkUsed => return dead(),
            PasswordReset::Rejected(rejected) => errors.add("new_password", rejected),
        }
    }
    let (email, min_length) = (link.email.as_str(), accounts.policy.min_length());
    let page = Page { token: &input.t, email, min_length, errors };
    links::rejected_form(&page, &page.errors)
}

fn dead() -> Result<HttpResponse, AppError> {
    links::dead(&DeadLink {
        text: "It was used already, or it is more than an hour old. Ask for another one.",
        again: Some(forgot::PATH),
        page: None,
    })
}

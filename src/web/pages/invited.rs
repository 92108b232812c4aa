//! Signing up with an invitation: the link has proved the address.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{credentials::Credentials, profile};
use crate::{
    accounts::{Accounts, FormId, InvitationLink, LoginContext, SignUp},
    web::{
        error::AppError,
        limits::RateLimits,
        links::{self, DeadLink},
        middleware::notices,
        view::{form_errors::FormErrors, redirect::see_other},
    },
};

#[derive(Template)]
#[template(path = "invited.html")]
struct Page<'a> {
    token: &'a str,
    email: &'a str,
    min_length: usize,
    form: Option<FormId>,
    errors: FormErrors,
}

pub(super) async fn form(
    request: &HttpRequest,
    accounts: &Accounts,
    token: &str,
) -> Result<HttpResponse, AppError> {
    let Some(link) = links::unseal::<InvitationLink>(request, token) else { return dead() };
    if !accounts.is_invitation_open(&link).await? {
        return dead();
    }
    let (min_length, form) = (accounts.policy.min_length(), Some(FormId::random()));
    let (email, errors) = (link.email.as_str(), FormErrors::default());
    links::page(&Page { token, email, min_length, form, errors })
}

pub(super) async fn submit(
    request: &HttpRequest,
    context: &LoginContext,
    accounts: &Accounts,
    limits: &RateLimits,
    credentials: &Credentials,
) -> Result<HttpResponse, AppError> {
    let token = &*credentials.t;
    let Some(link) = links::unseal::<InvitationLink>(request, token) else { return dead() };
    let mut errors = FormErrors::default();
    errors.throttle("", limits.check_sign_up(&context.client.address));
    if let Some(password) = credentials.parse_password(&mut errors) {
        match accounts.sign_up_invited(&link, &password, context).await? {
            SignUp::Done(session) => {
                waxseal_session::attach_session(request, session)?;
                notices::leave(request, "Your account has been created, and you are logged in.");
                return Ok(see_other(profile::PATH));
            }
            SignUp::Rejected(rejected) => errors.add("password", rejected),
            _ => return dead(),
        }
    }
    let (email, min_length) = (link.email.as_str(), accounts.policy.min_length());
    let page = Page { token, email, min_length, form: credentials.form_id(), errors };
    links::rejected_form(&page, &page.errors)
}

fn dead() -> Result<HttpResponse, AppError> {
    links::dead(&DeadLink {
        text: "The invitation was used already, or it is more than 7 days old. If you have an account, log in; if \
               not, ask for another invitation.",
        again: None,
        page: Some(("/login", "Log in")),
    })
}

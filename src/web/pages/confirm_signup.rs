//! Confirming the address of a sign-up. The link proves the address, the password proves who signed up.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{
    confirm_email::{Input, dead},
    profile,
};
use crate::{
    accounts::{Accounts, ConfirmLink, Confirmation, FormId, LoginContext, Password},
    web::{
        error::AppError,
        extractors::guard::AuthenticatedUser,
        limits::RateLimits,
        links,
        middleware::notices,
        view::{form_errors::FormErrors, redirect::see_other},
    },
};

#[derive(Template)]
#[template(path = "confirm_signup.html")]
struct Page<'a> {
    token: &'a str,
    email: &'a str,
    /// Whether the user is signed in, and so has shown the password before.
    is_own: bool,
    form: Option<FormId>,
    errors: FormErrors,
}

pub(super) async fn form(
    request: &HttpRequest,
    auth: Option<AuthenticatedUser>,
    accounts: &Accounts,
    link: &ConfirmLink,
    token: &str,
) -> Result<HttpResponse, AppError> {
    let Some(user) = accounts.user_of(link).await? else { return dead(accounts) };
    let is_own = is_own(auth.as_ref(), link);
    if user.email_confirmed_at.is_some() {
        return Ok(confirmed(request, is_own));
    }
    let (email, form) = (user.email.as_str(), Some(FormId::random()));
    links::page(&Page { token, email, is_own, form, errors: FormErrors::default() })
}

pub(super) async fn submit(
    request: &HttpRequest,
    auth: Option<AuthenticatedUser>,
    context: LoginContext,
    (accounts, limits): (&Accounts, &RateLimits),
    link: &ConfirmLink,
    input: &Input,
) -> Result<HttpResponse, AppError> {
    let (is_own, form) = (is_own(auth.as_ref(), link), input.form.parse().ok());
    let context = LoginContext { form, ..context };
    let mut errors = FormErrors::default();
    let outcome = if is_own {
        Some(accounts.confirm(link, &context.client.address).await?)
    } else {
        errors.throttle("password", limits.check_log_in(&context.client.address));
        match errors.check("password", Password::parse(&input.password)) {
            Some(password) => Some(accounts.confirm_and_log_in(link, &password, &context).await?),
            None => None,
        }
    };
    match outcome {
        Some(Confirmation::Done) => return Ok(confirmed(request, true)),
        Some(Confirmation::LoggedIn(session)) => {
            waxseal_session::attach_session(request, session)?;
            return Ok(confirmed(request, true));
        }
        Some(Confirmation::DoneBefore) => return Ok(confirmed(request, false)),
        Some(Confirmation::LinkDead) => return dead(accounts),
        Some(Confirmation::WrongPassword) => {
            errors.add("password", "This is not the password that was chosen at sign-up.");
        }
        Some(Confirmation::Throttled(until)) => {
            errors.throttle("password", Some(until.since(accounts.clock.now())));
        }
        None => {}
    }
    let page = Page { token: &input.t, email: link.email.as_str(), is_own, form, errors };
    links::rejected_form(&page, &page.errors)
}

/// Whether the user of the link is signed in.
fn is_own(auth: Option<&AuthenticatedUser>, link: &ConfirmLink) -> bool {
    auth.is_some_and(|auth| auth.user_id == link.user)
}

fn confirmed(request: &HttpRequest, is_logged_in: bool) -> HttpResponse {
    notices::leave(request, "Your email address is confirmed.");
    see_other(if is_logged_in { profile::PATH } else { "/login" })
}

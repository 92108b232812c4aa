//! Changing the password, with a form on the profile.

use actix_session::SessionExt;
use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;
use waxseal_session::{SessionRecord, State, attach_session};

use super::profile;
use crate::{
    accounts::{Accounts, LoginContext, Password, PasswordChange},
    web::{
        error::AppError,
        extractors::{
            client_info::{ClientInfo, token_subject},
            form::{Form, FormRejection, SecretString},
            guard::VerifiedUser,
        },
        limits::RateLimits,
        middleware::{clear_site_data, notices},
        view::{form_errors::FormErrors, redirect::see_other, render},
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    current_password: SecretString,
    new_password: SecretString,
}

pub(crate) async fn submit(
    user: Result<VerifiedUser, Error>,
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    form: Result<Form<Input>, FormRejection>,
) -> Result<HttpResponse, Error> {
    let user = match user {
        Ok(user) => user,
        Err(rejection) => {
            return match repeat(&request, &context, &accounts, &limits, form).await? {
                Some(session) => Ok(done(&request, session)?),
                None => Err(rejection),
            };
        }
    };
    let Form(input) = form?;
    let (user_id, mut errors) = (user.0.user_id, FormErrors::default());
    errors.throttle("current_password", limits.check_password(user_id, &context.client.address));
    let current = errors.check("current_password", Password::parse(&input.current_password));
    let new = errors.check("new_password", Password::parse(&input.new_password));
    if let (Some(current), Some(new)) = (current, new) {
        let state = State::from_session(&request.get_session());
        let change = accounts.change_password(user_id, (&current, &new), &context, state).await;
        match change.map_err(AppError::from)? {
            PasswordChange::Done(session) | PasswordChange::Repeated(session) => {
                return Ok(done(&request, session)?);
            }
            PasswordChange::SessionEnded => {
                clear_site_data::session_ended(&request);
                return Ok(see_other("/login"));
            }
            PasswordChange::WrongPassword => {
                errors.add("current_password", "Your current password is incorrect.");
            }
            PasswordChange::Rejected(rejected) => errors.add("new_password", rejected),
            PasswordChange::Throttled(until) => {
                errors.throttle("current_password", Some(until.since(accounts.clock.now())));
            }
        }
    }
    let page = profile::page(user, &request, &accounts, errors);
    Ok(render::rejected_form(&page, &page.errors)?)
}

fn done(request: &HttpRequest, session: SessionRecord) -> Result<HttpResponse, AppError> {
    attach_session(request, session)?;
    notices::leave(request, "Your password has been changed. Your other sessions have ended.");
    Ok(see_other(profile::PATH))
}

/// The second click, or the same form after a lost answer: the first change has ended the session that the
/// cookie is of. The new password opens the session that took its place.
async fn repeat(
    request: &HttpRequest,
    context: &LoginContext,
    accounts: &Accounts,
    limits: &RateLimits,
    form: Result<Form<Input>, FormRejection>,
) -> Result<Option<SessionRecord>, AppError> {
    let (Some(ended), Ok(Form(input))) = (token_subject(request), form) else { return Ok(None) };
    let Ok(new) = Password::parse(&input.new_password) else { return Ok(None) };
    if limits.check_log_in(&context.client.address).is_some() {
        return Ok(None);
    }
    Ok(accounts.repeat_password_change(&ended.session, &new, context).await?)
}

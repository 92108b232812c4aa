//! Changing the password, with a form on the profile.

use actix_session::SessionExt;
use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;
use waxseal_session::{State, attach_session};

use super::profile;
use crate::{
    accounts::{Accounts, Password, PasswordChange},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, SecretString},
            guard::VerifiedUser,
        },
        limits::RateLimits,
        middleware::clear_site_data,
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
    user: VerifiedUser,
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    let (user_id, mut errors) = (user.0.user_id, FormErrors::default());
    errors.throttle("current_password", limits.check_password(user_id, &context.client.address));
    let current = errors.check("current_password", Password::parse(&input.current_password));
    let new = errors.check("new_password", Password::parse(&input.new_password));
    if let (Some(current), Some(new)) = (current, new) {
        let state = State::from_session(&request.get_session());
        match accounts.change_password(user_id, (&current, &new), &context, state).await? {
            PasswordChange::Done(session) => {
                attach_session(&request, session)?;
                return Ok(see_other(profile::PATH));
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
    render::rejected_form(&page, &page.errors)
}

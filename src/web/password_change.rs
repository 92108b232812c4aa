//! Changing the password, with a form of the profile.

use actix_session::SessionExt;
use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::{
    client::Caller,
    departure,
    error::Fault,
    fields::Form,
    guard::Known,
    limits::Limits,
    profile::{self, Problems},
    redirect::see_other,
    wait,
};
use crate::{
    accounts::{Accounts, Password, PasswordChange},
    session::{self, State},
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Input {
    current_password: String,
    new_password: String,
}

pub(super) async fn submit(
    known: Known,
    request: HttpRequest,
    Caller(arrival): Caller,
    accounts: Data<Accounts>,
    limits: Data<Limits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let (session, mut problems) = (request.get_session(), Problems::default());
    if let Some(wait) = limits.password(known.0.user_id, &arrival.client.address) {
        problems.current_password = Some(wait::too_many(wait));
        problems.wait = Some(wait);
        return profile::render(known, &accounts, problems);
    }
    match (Password::parse(&input.current_password), Password::parse(&input.new_password)) {
        (Ok(current), Ok(new)) => {
            let state = State::from_session(&session);
            let passwords = (&current, &new);
            match accounts.change_password(known.0.user_id, passwords, &arrival, state).await? {
                PasswordChange::Done(renewed) => {
                    session::adopt(&request, renewed)?;
                    return Ok(see_other(profile::PATH));
                }
                PasswordChange::WrongPassword => {
                    problems.current_password = Some("This is not your password.".to_owned());
                }
                PasswordChange::Throttled(until) => {
                    let wait = until.since(accounts.clock.now());
                    problems.current_password = Some(wait::too_many(wait));
                    problems.wait = Some(wait);
                }
                PasswordChange::SessionOver => {
                    departure::session_over(&request);
                    return Ok(see_other("/login"));
                }
                PasswordChange::Unfit(unfit) => problems.new_password = Some(unfit.to_string()),
            }
        }
        (current, new) => {
            problems.current_password = current.err().map(|error| error.to_string());
            problems.new_password = new.err().map(|error| error.to_string());
        }
    }
    profile::render(known, &accounts, problems)
}

//! Changing the password, with a form of the profile.

use actix_session::SessionExt;
use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::{
    client::Caller,
    departure,
    error::Fault,
    fields::{Form, SecretString},
    guard::Known,
    limits::Limits,
    problems::Problems,
    profile,
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
    current_password: SecretString,
    new_password: SecretString,
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
    let mut wait = limits.password(known.0.user_id, &arrival.client.address);
    let typed = (Password::parse(&input.current_password), Password::parse(&input.new_password));
    match typed {
        _ if wait.is_some() => {}
        (Ok(current), Ok(new)) => {
            let state = State::from_session(&session);
            let passwords = (&current, &new);
            match accounts.change_password(known.0.user_id, passwords, &arrival, state).await? {
                PasswordChange::Done(renewed) => {
                    session::adopt(&request, renewed)?;
                    return Ok(see_other(profile::PATH));
                }
                PasswordChange::WrongPassword => {
                    problems.add("current_password", "This is not your password.");
                }
                PasswordChange::Throttled(until) => {
                    wait = Some(until.since(accounts.clock.now()));
                }
                PasswordChange::SessionOver => {
                    departure::session_over(&request);
                    return Ok(see_other("/login"));
                }
                PasswordChange::Rejected(rejected) => problems.add("new_password", rejected),
            }
        }
        (current, new) => {
            problems.extend("current_password", current.err());
            problems.extend("new_password", new.err());
        }
    }
    if let Some(wait) = wait {
        problems.add("current_password", wait::too_many(wait));
    }
    profile::refuse(known, &request, &accounts, problems, wait)
}

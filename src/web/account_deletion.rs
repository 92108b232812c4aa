//! Deleting one's own account, with a form of the profile.

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
use crate::accounts::{AccountDeletion, Accounts, Password};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Input {
    password: String,
}

pub(super) async fn submit(
    known: Known,
    Caller(arrival): Caller,
    request: HttpRequest,
    accounts: Data<Accounts>,
    limits: Data<Limits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let mut problems = Problems::default();
    if let Some(wait) = limits.password(known.0.user_id, &arrival.client.address) {
        problems.password = Some(wait::too_many(wait));
        problems.wait = Some(wait);
        return profile::render(known, &accounts, problems);
    }
    match Password::parse(&input.password) {
        Ok(password) => {
            match accounts.delete_account(known.0.user_id, &password, &arrival).await? {
                AccountDeletion::Done => {
                    departure::session_over(&request);
                    return Ok(see_other("/signup"));
                }
                AccountDeletion::WrongPassword => {
                    problems.password = Some("This is not your password.".to_owned());
                }
                AccountDeletion::LastAdmin => problems.last_admin = true,
                AccountDeletion::Throttled(until) => {
                    let wait = until.since(accounts.clock.now());
                    problems.password = Some(wait::too_many(wait));
                    problems.wait = Some(wait);
                }
            }
        }
        Err(unfit) => problems.password = Some(unfit.to_string()),
    }
    profile::render(known, &accounts, problems)
}

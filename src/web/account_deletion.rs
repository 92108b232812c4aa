//! Deleting one's own account, with a form of the profile.

use actix_session::Session;
use actix_web::{
    HttpResponse,
    web::{Data, Form},
};
use serde::Deserialize;

use super::{
    client::Caller,
    error::Fault,
    guard::Known,
    profile::{self, Problems},
    redirect::see_other,
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
    session: Session,
    accounts: Data<Accounts>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let mut problems = Problems::default();
    match Password::parse(&input.password) {
        Ok(password) => {
            match accounts.delete_account(known.0.user_id, &password, &arrival).await? {
                AccountDeletion::Done => {
                    session.purge();
                    return Ok(see_other("/signup"));
                }
                AccountDeletion::WrongPassword => {
                    problems.password = Some("This is not your password.".to_owned());
                }
                AccountDeletion::LastAdmin => problems.last_admin = true,
            }
        }
        Err(unfit) => problems.password = Some(unfit.to_string()),
    }
    profile::render(known, &accounts, problems)
}

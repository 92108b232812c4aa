//! Deleting one's own account: asked first, then done.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use serde::Deserialize;

use super::{
    client::Caller,
    departure,
    error::Fault,
    fields::{Form, SecretString},
    guard::Known,
    limits::Limits,
    navigation::Navigation,
    page,
    problems::Problems,
    profile,
    redirect::see_other,
    wait,
};
use crate::accounts::{AccountDeletion, Accounts, Password, User};

/// Where it is asked.
pub(super) const PATH: &str = "/profile/deletion";
/// Where it is done: after a wrong password, the form comes from there.
pub(super) const DONE_AT: &str = "/profile/delete";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Input {
    password: SecretString,
}

#[derive(Template)]
#[template(path = "account_deletion.html")]
struct Page {
    navigation: Navigation,
    user: User,
    /// Nobody could manage the accounts any more.
    last_admin: bool,
    problems: Problems,
}

impl Page {
    fn new(Known(person, user): Known, accounts: &Accounts) -> Self {
        let navigation = Navigation::new(&person, profile::PATH, accounts);
        Self { navigation, user, last_admin: false, problems: Problems::default() }
    }
}

pub(super) async fn ask(known: Known, accounts: Data<Accounts>) -> Result<HttpResponse, Fault> {
    page::render(StatusCode::OK, &Page::new(known, &accounts))
}

pub(super) async fn submit(
    known: Known,
    Caller(arrival): Caller,
    request: HttpRequest,
    accounts: Data<Accounts>,
    limits: Data<Limits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let me = known.0.user_id;
    let mut page = Page::new(known, &accounts);
    let mut wait = limits.password(me, &arrival.client.address);
    if wait.is_none() {
        match Password::parse(&input.password) {
            Ok(password) => match accounts.delete_account(me, &password, &arrival).await? {
                AccountDeletion::Done => {
                    departure::session_over(&request);
                    return Ok(see_other("/signup"));
                }
                AccountDeletion::WrongPassword | AccountDeletion::NoSuchUser => {
                    page.problems.add("password", "This is not your password.");
                }
                AccountDeletion::LastAdmin => page.last_admin = true,
                AccountDeletion::Throttled(until) => {
                    wait = Some(until.since(accounts.clock.now()));
                }
            },
            Err(unfit) => page.problems.add("password", unfit),
        }
    }
    if let Some(wait) = wait {
        page.problems.add("password", wait::too_many(wait));
    }
    wait::refuse(&page, wait)
}

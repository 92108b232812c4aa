//! Deleting one's own account, after a form that asks for the password.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::Deserialize;

use super::profile;
use crate::{
    accounts::{AccountDeletion, Accounts, Password, User},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, SecretString},
            guard::VerifiedUser,
        },
        limits::RateLimits,
        middleware::clear_site_data,
        view::{form_errors::FormErrors, navigation::Navigation, redirect::see_other, render},
    },
};

pub(super) const PATH: &str = "/profile/deletion";
pub(super) const SUBMIT_PATH: &str = "/profile/delete";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    password: SecretString,
}

#[derive(Template)]
#[template(path = "account_deletion.html")]
struct Page {
    navigation: Navigation,
    user: User,
    /// No one could manage the accounts any more.
    is_last_admin: bool,
    errors: FormErrors,
}

impl Page {
    fn new(VerifiedUser(auth, user): VerifiedUser, accounts: &Accounts) -> Self {
        let navigation = Navigation::new(&auth, profile::PATH, accounts);
        Self { navigation, user, is_last_admin: false, errors: FormErrors::default() }
    }
}

pub(crate) async fn form(
    user: VerifiedUser,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    render::page(&Page::new(user, &accounts))
}

pub(crate) async fn submit(
    user: VerifiedUser,
    ClientInfo(context): ClientInfo,
    request: HttpRequest,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    let (user_id, mut page) = (user.0.user_id, Page::new(user, &accounts));
    let errors = &mut page.errors;
    errors.throttle("password", limits.check_password(user_id, &context.client.address));
    if let Some(password) = errors.check("password", Password::parse(&input.password)) {
        match accounts.delete_account(user_id, &password, &context).await? {
            AccountDeletion::Done => {
                clear_site_data::session_ended(&request);
                return Ok(see_other("/signup"));
            }
            AccountDeletion::WrongPassword | AccountDeletion::NoSuchUser => {
                errors.add("password", "Your current password is incorrect.");
            }
            AccountDeletion::LastAdmin => page.is_last_admin = true,
            AccountDeletion::Throttled(until) => {
                errors.throttle("password", Some(until.since(accounts.clock.now())));
            }
        }
    }
    render::rejected_form(&page, &page.errors)
}

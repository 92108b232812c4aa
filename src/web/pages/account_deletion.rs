//! Deleting one's own account, after a form that asks for the password.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::Deserialize;

use super::profile;
use crate::{
    accounts::{AccountDeletion, Accounts, Password, SignUpPolicy, User},
    web::{
        error::AppError,
        extractors::{
            client_info::{ClientInfo, token_subject},
            form::{Form, FormRejection, SecretString},
            guard::VerifiedUser,
        },
        limits::RateLimits,
        middleware::{clear_site_data, notices},
        view::{form_errors::FormErrors, navigation::Navigation, redirect::see_other, render},
    },
};

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
    fn new(
        request: &HttpRequest,
        VerifiedUser(auth, user): VerifiedUser,
        accounts: &Accounts,
    ) -> Self {
        let navigation = Navigation::new(request, &auth, profile::PATH, accounts);
        Self { navigation, user, is_last_admin: false, errors: FormErrors::default() }
    }
}

pub(crate) async fn form(
    user: VerifiedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    render::page(&Page::new(&request, user, &accounts))
}

pub(crate) async fn submit(
    user: Result<VerifiedUser, Error>,
    ClientInfo(context): ClientInfo,
    request: HttpRequest,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    form: Result<Form<Input>, FormRejection>,
) -> Result<HttpResponse, Error> {
    let user = match user {
        Ok(user) => user,
        // The second click: the first has deleted the account, and ended the session.
        Err(rejection) => {
            return if is_deleted(&request, &accounts).await? {
                Ok(deleted(&request, &accounts))
            } else {
                Err(rejection)
            };
        }
    };
    let Form(input) = form?;
    let (user_id, mut page) = (user.0.user_id, Page::new(&request, user, &accounts));
    let errors = &mut page.errors;
    errors.throttle("password", limits.check_password(user_id, &context.client.address));
    if let Some(password) = errors.check("password", Password::parse(&input.password)) {
        let outcome = accounts.delete_account(user_id, &password, &context).await;
        match outcome.map_err(AppError::from)? {
            AccountDeletion::Done | AccountDeletion::NoSuchUser => {
                return Ok(deleted(&request, &accounts));
            }
            AccountDeletion::WrongPassword => {
                errors.add("password", "Your current password is incorrect.");
            }
            AccountDeletion::LastAdmin => page.is_last_admin = true,
            AccountDeletion::Throttled(until) => {
                errors.throttle("password", Some(until.since(accounts.clock.now())));
            }
        }
    }
    Ok(render::rejected_form(&page, &page.errors)?)
}

fn deleted(request: &HttpRequest, accounts: &Accounts) -> HttpResponse {
    clear_site_data::session_ended(request);
    notices::leave(request, "Your account has been deleted.");
    see_other(match accounts.sign_up {
        SignUpPolicy::Open => "/signup",
        SignUpPolicy::Closed => "/login",
    })
}

/// Whether the request has the sealed cookie of an account that is gone.
async fn is_deleted(request: &HttpRequest, accounts: &Accounts) -> Result<bool, AppError> {
    match token_subject(request) {
        Some(subject) => Ok(accounts.has_lost_its_account(&subject.session).await?),
        None => Ok(false),
    }
}

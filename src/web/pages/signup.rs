//! Signing up.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::Deserialize;

use super::account_deletion;
use crate::{
    accounts::{Accounts, Email, Password, SignUp},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query, SecretString},
            guard::AuthenticatedUser,
        },
        limits::RateLimits,
        view::{
            form_errors::FormErrors,
            notice,
            redirect::{NextQuery, login_url, see_next, shown_next},
            render,
        },
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    email: String,
    password: SecretString,
    next: String,
}

#[derive(Template, Default)]
#[template(path = "signup.html")]
struct Page<'a> {
    min_length: usize,
    next: &'a str,
    email: &'a str,
    /// The visitor has just deleted their account.
    account_deleted: bool,
    errors: FormErrors,
}

pub(crate) async fn form(
    auth: Option<AuthenticatedUser>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Query(query): Query<NextQuery>,
) -> Result<HttpResponse, AppError> {
    if auth.is_some() {
        return Ok(see_next(&query.next));
    }
    let previous = notice::referer_path(&request).unwrap_or_default();
    let account_deleted =
        [account_deletion::PATH, account_deletion::SUBMIT_PATH].contains(&&*previous);
    let (min_length, next) = (accounts.policy.min_length(), shown_next(&query.next));
    render::page(&Page { min_length, next, account_deleted, ..Page::default() })
}

pub(crate) async fn submit(
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    let mut errors = FormErrors::default();
    errors.throttle("", limits.check_sign_up(&context.client.address));
    let email = errors.check("email", input.email.parse::<Email>());
    let password = errors.check("password", Password::parse(&input.password));
    if let (Some(email), Some(password)) = (email, password) {
        match accounts.sign_up(&email, &password, &context).await? {
            SignUp::Done(session) => {
                waxseal_session::attach_session(&request, session)?;
                return Ok(see_next(&input.next));
            }
            SignUp::EmailTaken => {
                errors.add("email", "An account with this email address already exists.");
            }
            SignUp::Rejected(rejected) => errors.add("password", rejected),
        }
    }
    let (min_length, email) = (accounts.policy.min_length(), &*input.email);
    let page = Page { min_length, next: shown_next(&input.next), email, errors, ..Page::default() };
    render::rejected_form(&page, &page.errors)
}

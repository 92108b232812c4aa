//! Signing up.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;

use super::{account_deletion, credentials::Credentials};
use crate::{
    accounts::{Accounts, SignUp},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query},
            guard::AuthenticatedUser,
        },
        limits::RateLimits,
        setup::connection_hint,
        view::{
            form_errors::FormErrors,
            notice,
            redirect::{NextQuery, login_url, see_next, shown_next},
            render,
        },
    },
};

#[derive(Template, Default)]
#[template(path = "signup.html")]
struct Page<'a> {
    min_length: usize,
    next: &'a str,
    email: &'a str,
    connection_hint: Option<String>,
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
    let connection_hint = connection_hint(&request);
    render::page(&Page { min_length, next, account_deleted, connection_hint, ..Page::default() })
}

pub(crate) async fn submit(
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(credentials): Form<Credentials>,
) -> Result<HttpResponse, AppError> {
    let mut errors = FormErrors::default();
    errors.throttle("", limits.check_sign_up(&context.client.address));
    if let Some((email, password)) = credentials.parse(&mut errors) {
        match accounts.sign_up(&email, &password, &context).await? {
            SignUp::Done(session) => {
                waxseal_session::attach_session(&request, session)?;
                return Ok(see_next(&credentials.next));
            }
            SignUp::EmailTaken => {
                errors.add("email", "An account with this email address already exists.");
            }
            SignUp::Rejected(rejected) => errors.add("password", rejected),
        }
    }
    let (min_length, email) = (accounts.policy.min_length(), &*credentials.email);
    let page =
        Page { min_length, next: shown_next(&credentials.next), email, errors, ..Page::default() };
    render::rejected_form(&page, &page.errors)
}

//! Signing up.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;

use super::{
    credentials::{Credentials, DISABLED},
    invited, mail_sent,
};
use crate::{
    accounts::{Accounts, EmailConfirmation, FormId, SignUp, SignUpPolicy},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query},
            guard::AuthenticatedUser,
        },
        limits::RateLimits,
        links::LinkQuery,
        middleware::notices,
        setup::connection_hint,
        view::{
            form_errors::FormErrors,
            redirect::{NextQuery, login_url, see_next, see_other, shown_next, signup_url},
            render,
        },
    },
};

/// The page after it, where addresses must be confirmed.
pub(crate) const SENT_PATH: &str = "/signup/sent";

#[derive(Template, Default)]
#[template(path = "signup.html")]
struct Page<'a> {
    min_length: usize,
    next: &'a str,
    email: &'a str,
    connection_hint: Option<String>,
    form: Option<FormId>,
    /// What has just been done.
    notice: Option<String>,
    errors: FormErrors,
}

/// Sign-up is by invitation.
#[derive(Template)]
#[template(path = "signup_closed.html")]
struct Closed;

pub(crate) async fn form(
    auth: Option<AuthenticatedUser>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Query(query): Query<NextQuery>,
    Query(LinkQuery { t }): Query<LinkQuery>,
) -> Result<HttpResponse, AppError> {
    if !t.is_empty() {
        return invited::form(&request, &accounts, &t).await;
    }
    if auth.is_some() {
        return Ok(see_next(&query.next));
    }
    if accounts.sign_up == SignUpPolicy::Closed {
        return closed();
    }
    let (min_length, next) = (accounts.policy.min_length(), shown_next(&query.next));
    let (form, notice) = (Some(FormId::random()), notices::take(&request));
    let connection_hint = connection_hint(&request);
    render::page(&Page { min_length, next, form, notice, connection_hint, ..Page::default() })
}

pub(crate) async fn submit(
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Query(query): Query<NextQuery>,
    Form(credentials): Form<Credentials>,
) -> Result<HttpResponse, AppError> {
    let (context, next) = (credentials.context(context), credentials.next(&query));
    if !credentials.t.is_empty() {
        return invited::submit(&request, &context, &accounts, &limits, &credentials).await;
    }
    if accounts.sign_up == SignUpPolicy::Closed {
        return closed();
    }
    let mut errors = FormErrors::default();
    errors.throttle("", limits.check_sign_up(&context.client.address));
    if let Some((email, password)) = credentials.parse(&mut errors) {
        let log_in_limit = || limits.check_log_in(&context.client.address);
        match accounts.sign_up(&email, &password, &context, log_in_limit).await? {
            SignUp::Done(session) => {
                waxseal_session::attach_session(&request, session)?;
                notices::leave(&request, "Your account has been created, and you are logged in.");
                return Ok(see_next(next));
            }
            SignUp::LoggedIn(session) => {
                waxseal_session::attach_session(&request, session)?;
                notices::leave(&request, "You already had an account, and are logged in.");
                return Ok(see_next(next));
            }
            SignUp::Requested => return Ok(see_other(SENT_PATH)),
            SignUp::EmailTaken | SignUp::InvitationUsed => {
                errors.add("email", "An account with this email address already exists.");
            }
            SignUp::Disabled => errors.add("", DISABLED),
            SignUp::Throttled(until) => {
                errors.throttle("", Some(until.since(accounts.clock.now())));
            }
            SignUp::Limited(wait) => errors.throttle("", Some(wait)),
            SignUp::Rejected(rejected) => errors.add("password", rejected),
        }
    }
    let (min_length, next) = (accounts.policy.min_length(), shown_next(next));
    let (email, form) = (&*credentials.email, credentials.form_id());
    let page = Page { min_length, next, email, form, errors, ..Page::default() };
    render::rejected_form(&page, &page.errors)
}

pub(crate) async fn sent(accounts: Data<Accounts>) -> Result<HttpResponse, AppError> {
    if accounts.mail.confirmation != EmailConfirmation::Required {
        return Ok(HttpResponse::NotFound().finish());
    }
    let text = "Confirm your email address with the link that we have sent you. It is valid for 3 days. If you \
                already have an account, the email says how to get back in.";
    mail_sent::page(text, &accounts)
}

fn closed() -> Result<HttpResponse, AppError> {
    render::respond(StatusCode::FORBIDDEN, &Closed)
}

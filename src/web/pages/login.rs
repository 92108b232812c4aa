//! Logging in.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;

use super::credentials::{Credentials, DISABLED};
use crate::{
    accounts::{Accounts, EmailConfirmation, FormId, LogIn, SignUpPolicy},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query},
            guard::AuthenticatedUser,
        },
        limits::RateLimits,
        middleware::notices,
        setup::connection_hint,
        view::{
            form_errors::FormErrors,
            redirect::{NextQuery, login_url, see_next, shown_next, signup_url},
            render,
        },
    },
};

#[derive(Template, Default)]
#[template(path = "login.html")]
struct Page<'a> {
    next: &'a str,
    email: &'a str,
    connection_hint: Option<String>,
    form: Option<FormId>,
    /// What has just been done.
    notice: Option<String>,
    /// Both fields are marked, so as not to tell which of them is wrong.
    both_wrong: bool,
    /// Whether mail is sent.
    can_reset: bool,
    /// Whether sign-up is open.
    can_sign_up: bool,
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
    let (form, notice) = (Some(FormId::random()), notices::take(&request));
    let (next, connection_hint) = (shown_next(&query.next), connection_hint(&request));
    let can_reset = accounts.mail.is_sent;
    let can_sign_up = accounts.sign_up == SignUpPolicy::Open;
    render::page(&Page {
        next,
        form,
        notice,
        connection_hint,
        can_reset,
        can_sign_up,
        ..Page::default()
    })
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
    let (mut errors, mut both_wrong) = (FormErrors::default(), false);
    errors.throttle("", limits.check_log_in(&context.client.address));
    if let Some((email, password)) = credentials.parse(&mut errors) {
        match accounts.log_in(&email, &password, &context).await? {
            LogIn::Granted(session) | LogIn::Repeated(session) => {
                waxseal_session::attach_session(&request, session)?;
                return Ok(see_next(next));
            }
            LogIn::Refused => {
                both_wrong = true;
                errors.add("password", refusal(accounts.mail.confirmation));
            }
            LogIn::Disabled => errors.add("", DISABLED),
            LogIn::Throttled(until) => {
                errors.throttle("", Some(until.since(accounts.clock.now())));
            }
        }
    }
    let (email, next, form) = (&*credentials.email, shown_next(next), credentials.form_id());
    let can_reset = accounts.mail.is_sent;
    let can_sign_up = accounts.sign_up == SignUpPolicy::Open;
    let page =
        Page { next, email, form, both_wrong, can_reset, can_sign_up, errors, ..Page::default() };
    render::rejected_form(&page, &page.errors)
}

/// The same for every refusal: who knows the password of an account that is not confirmed must not learn of it.
fn refusal(confirmation: EmailConfirmation) -> &'static str {
    match confirmation {
        EmailConfirmation::Off | EmailConfirmation::Optional => "Incorrect email or password.",
        EmailConfirmation::Required => {
            "Incorrect email or password. If you have just signed up, confirm your address first with the link \
             in our email."
        }
    }
}

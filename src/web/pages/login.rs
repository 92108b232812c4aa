//! Logging in.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;

use super::credentials::Credentials;
use crate::{
    accounts::{Accounts, LogIn},
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
            navigation, notice,
            redirect::{NextQuery, see_next, shown_next, signup_url},
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
    /// The visitor has just logged out.
    logged_out: bool,
    /// Both fields are marked, so as not to tell which of them is wrong.
    both_wrong: bool,
    errors: FormErrors,
}

pub(crate) async fn form(
    auth: Option<AuthenticatedUser>,
    request: HttpRequest,
    Query(query): Query<NextQuery>,
) -> Result<HttpResponse, AppError> {
    if auth.is_some() {
        return Ok(see_next(&query.next));
    }
    let previous = notice::referer_path(&request).and_then(|path| navigation::section_of(&path));
    let next = shown_next(&query.next);
    // Ending the current session leads to /sessions, and from there to here.
    let logged_out = previous.is_some_and(|previous| next.is_empty() || next == previous);
    // A session that was over when a form was sent: back to the page it was sent from.
    let next = if next.is_empty() { previous.unwrap_or_default() } else { next };
    let connection_hint = connection_hint(&request);
    render::page(&Page { next, logged_out, connection_hint, ..Page::default() })
}

pub(crate) async fn submit(
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(credentials): Form<Credentials>,
) -> Result<HttpResponse, AppError> {
    let (mut errors, mut both_wrong) = (FormErrors::default(), false);
    errors.throttle("", limits.check_log_in(&context.client.address));
    if let Some((email, password)) = credentials.parse(&mut errors) {
        match accounts.log_in(&email, &password, &context).await? {
            LogIn::Granted(session) => {
                waxseal_session::attach_session(&request, session)?;
                return Ok(see_next(&credentials.next));
            }
            LogIn::Refused => {
                both_wrong = true;
                errors.add("password", "Incorrect email or password.");
            }
            LogIn::Throttled(until) => {
                errors.throttle("", Some(until.since(accounts.clock.now())));
            }
        }
    }
    let (email, next) = (&*credentials.email, shown_next(&credentials.next));
    let page = Page { next, email, both_wrong, errors, ..Page::default() };
    render::rejected_form(&page, &page.errors)
}

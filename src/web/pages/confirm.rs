//! Step-up: entering the password again, before something that a stolen session must not do. See
//! [`Recently`](crate::web::guard::Recently).

use actix_session::SessionExt;
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::Deserialize;
use waxseal_session::{SessionRecord, State, attach_session};

use super::profile;
use crate::{
    accounts::{Accounts, FormId, LoginContext, Password, StepUp, User},
    web::{
        error::AppError,
        extractors::{
            client_info::{ClientInfo, token_subject},
            form::{Form, Query, SecretString},
            guard::{AuthenticatedUser, VerifiedUser},
        },
        limits::RateLimits,
        middleware::clear_site_data,
        view::{
            form_errors::FormErrors,
            navigation::Navigation,
            redirect::{NextQuery, confirm_url, login_url, see_next, see_other, shown_next},
            render,
        },
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    password: SecretString,
    next: String,
    /// The form's id, by which a form that is sent twice is told from two.
    form: String,
}

impl Input {
    fn next<'a>(&'a self, query: &'a NextQuery) -> &'a str {
        if self.next.is_empty() { &query.next } else { &self.next }
    }

    fn context(&self, context: LoginContext) -> LoginContext {
        LoginContext { form: self.form.parse().ok(), ..context }
    }
}

#[derive(Template)]
#[template(path = "confirm.html")]
struct Page<'a> {
    navigation: Navigation,
    user: User,
    next: &'a str,
    form: Option<FormId>,
    errors: FormErrors,
}

pub(crate) async fn form(
    auth: Option<AuthenticatedUser>,
    user: Result<VerifiedUser, Error>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Query(query): Query<NextQuery>,
) -> Result<HttpResponse, Error> {
    if auth.is_none() {
        // The log-in itself is recent enough.
        return Ok(see_other(&login_url(&query.next)));
    }
    let VerifiedUser(auth, user) = user?;
    if accounts.is_recent(auth.session.auth_time) {
        return Ok(see_next(&query.next));
    }
    let navigation = Navigation::new(&request, &auth, profile::PATH, &accounts);
    let (next, form) = (shown_next(&query.next), Some(FormId::random()));
    Ok(render::page(&Page { navigation, user, next, form, errors: FormErrors::default() })?)
}

pub(crate) async fn submit(
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Query(query): Query<NextQuery>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Error> {
    let (context, next) = (input.context(context), input.next(&query));
    if AuthenticatedUser::of(&request).is_err() {
        let repeated = repeat(&request, &context, &accounts, &limits, &input).await?;
        return match repeated {
            Some(session) => Ok(done(&request, session, next)?),
            None => Ok(see_other(&login_url(next))),
        };
    }
    let VerifiedUser(auth, user) = VerifiedUser::extract(&request).await?;
    let mut errors = FormErrors::default();
    errors.throttle("password", limits.check_password(user.id, &context.client.address));
    if let Some(password) = errors.check("password", Password::parse(&input.password)) {
        let state = State::from_session(&request.get_session());
        let outcome = accounts.step_up(user.id, &password, &context, state).await;
        match outcome.map_err(AppError::from)? {
            StepUp::Done(session) | StepUp::Repeated(session) => {
                return Ok(done(&request, session, next)?);
            }
            StepUp::WrongPassword => errors.add("password", "Your password is incorrect."),
            StepUp::SessionEnded => {
                clear_site_data::session_ended(&request);
                return Ok(see_other(&login_url(next)));
            }
            StepUp::Throttled(until) => {
                errors.throttle("password", Some(until.since(accounts.clock.now())));
            }
        }
    }
    let navigation = Navigation::new(&request, &auth, profile::PATH, &accounts);
    let page = Page { navigation, user, next: shown_next(next), form: context.form, errors };
    Ok(render::rejected_form(&page, &page.errors)?)
}

fn done(
    request: &HttpRequest,
    session: SessionRecord,
    next: &str,
) -> Result<HttpResponse, AppError> {
    attach_session(request, session)?;
    Ok(see_next(next))
}

/// The second click, or the same form after a lost answer: the first one has replaced the session that the
/// cookie is of.
async fn repeat(
    request: &HttpRequest,
    context: &LoginContext,
    accounts: &Accounts,
    limits: &RateLimits,
    input: &Input,
) -> Result<Option<SessionRecord>, AppError> {
    let Some(replaced) = token_subject(request) else { return Ok(None) };
    let Ok(password) = Password::parse(&input.password) else { return Ok(None) };
    if limits.check_log_in(&context.client.address).is_some() {
        return Ok(None);
    }
    Ok(accounts.repeat_step_up(&replaced.session, &password, context).await?)
}

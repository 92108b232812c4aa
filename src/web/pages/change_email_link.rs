//! The link that changes an email address. It must be opened by the user who asked for it, logged in: a person who
//! owns the new address by mistake must not get the account.

use actix_session::SessionExt;
use actix_web::{Error, HttpRequest, HttpResponse, http::StatusCode};
use askama::Template;
use waxseal_session::{SessionRecord, State, attach_session};

use super::{confirm_email, email_change, profile};
use crate::{
    accounts::{Accounts, ChangeEmailLink, EmailChange, LoginContext},
    web::{
        error::AppError,
        extractors::{
            client_info::token_subject,
            guard::{AuthenticatedUser, VerifiedUser},
        },
        links::{self, DeadLink},
        middleware::{clear_site_data, notices},
        view::{
            redirect::{login_url, see_other},
            render,
        },
    },
};

#[derive(Template)]
#[template(path = "change_email_link.html")]
struct Page<'a> {
    token: &'a str,
    old: &'a str,
    new: &'a str,
}

/// The page for a user who is logged in to another account.
#[derive(Template)]
#[template(path = "link_of_another_account.html")]
struct OtherAccountPage;

pub(super) async fn show(
    auth: Option<AuthenticatedUser>,
    user: Result<VerifiedUser, Error>,
    (link, token): (&ChangeEmailLink, &str),
    accounts: &Accounts,
) -> Result<HttpResponse, Error> {
    if auth.is_none() {
        return Ok(log_in_first(token));
    }
    if user?.1.id != link.user {
        return Ok(render::respond(StatusCode::FORBIDDEN, &OtherAccountPage)?);
    }
    if !accounts.is_email_change_open(link).await.map_err(AppError::from)? {
        return Ok(used()?);
    }
    Ok(links::page(&Page { token, old: link.old.as_str(), new: link.new.as_str() })?)
}

pub(super) async fn submit(
    auth: Option<AuthenticatedUser>,
    user: Result<VerifiedUser, Error>,
    (link, token): (&ChangeEmailLink, &str),
    request: &HttpRequest,
    context: &LoginContext,
    accounts: &Accounts,
) -> Result<HttpResponse, Error> {
    if auth.is_none() {
        // The second click: the first one has replaced the session that the cookie is of.
        let Some(replaced) = token_subject(request) else { return Ok(log_in_first(token)) };
        let session = accounts.repeat_email_change(link, &replaced.session).await;
        return match session.map_err(AppError::from)? {
            Some(session) => Ok(done(request, link, session)?),
            None => Ok(log_in_first(token)),
        };
    }
    let VerifiedUser(auth, user) = user?;
    if user.id != link.user {
        return Ok(render::respond(StatusCode::FORBIDDEN, &OtherAccountPage)?);
    }
    let session = (auth.session.auth_time, State::from_session(&request.get_session()));
    let outcome = accounts.change_email(link, context, session).await.map_err(AppError::from)?;
    Ok(match outcome {
        EmailChange::Done(session) | EmailChange::Repeated(session) => {
            done(request, link, session)?
        }
        EmailChange::SessionEnded => {
            clear_site_data::session_ended(request);
            see_other("/login")
        }
        EmailChange::EmailTaken => dead("Another account has this email address now.")?,
        EmailChange::LinkUsed => used()?,
    })
}

fn done(
    request: &HttpRequest,
    link: &ChangeEmailLink,
    session: SessionRecord,
) -> Result<HttpResponse, AppError> {
    attach_session(request, session)?;
    let new = &link.new;
    let text = format!("Your email address is now {new}. Your other sessions have ended.");
    notices::leave(request, text);
    Ok(see_other(profile::PATH))
}

fn log_in_first(token: &str) -> HttpResponse {
    see_other(&login_url(&format!("{}?t={token}", confirm_email::PATH)))
}

fn used() -> Result<HttpResponse, AppError> {
    dead(
        "It was used already, it is more than a day old, or your password has changed since. Ask for another one.",
    )
}

fn dead(text: &'static str) -> Result<HttpResponse, AppError> {
    let page = Some((email_change::PATH, "Change your email address"));
    links::dead(&DeadLink { text, again: None, page })
}

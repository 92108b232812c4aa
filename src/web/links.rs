//! The pages that links in mails open. GET shows one button and changes nothing, because scanners of mail open
//! every link, some of them with scripts; the button's POST acts.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, REFERRER_POLICY},
    },
    web::Data,
};
use askama::Template;
use serde::Deserialize;
use waxseal_session::SessionMiddleware;

use super::{
    error::AppError,
    view::{form_errors::FormErrors, render},
};
use crate::{
    accounts::{Accounts, Link},
    db::SqlSessionStore,
};

/// The query of such a page: the token.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct LinkQuery {
    pub(crate) t: String,
}

/// What a dead link says, and where it leads on.
#[derive(Template)]
#[template(path = "dead_link.html")]
pub(crate) struct DeadLink {
    /// Why there is another way, or what to do.
    pub(crate) text: &'static str,
    /// Where a form asks for another link by email address.
    pub(crate) again: Option<&'static str>,
    /// A page to go on with, and its name.
    pub(crate) page: Option<(&'static str, &'static str)>,
}

/// Unseals a token from a mail; `None` if it is no link of this kind, or its time is over.
pub(crate) fn unseal<L: Link>(request: &HttpRequest, token: &str) -> Option<L> {
    let sessions = request.app_data::<Data<SessionMiddleware<SqlSessionStore>>>()?;
    let accounts = request.app_data::<Data<Accounts>>()?;
    L::unseal(token, sessions.keyring(), &accounts.clock)
}

/// 200 and the page of a link.
pub(crate) fn page(page: &impl Template) -> Result<HttpResponse, AppError> {
    render::page(page).map(without_referrer)
}

/// The page with its form again.
pub(crate) fn rejected_form(
    page: &impl Template,
    errors: &FormErrors,
) -> Result<HttpResponse, AppError> {
    render::rejected_form(page, errors).map(without_referrer)
}

/// 410: the link is used, too old, or none of ours.
pub(crate) fn dead(page: &DeadLink) -> Result<HttpResponse, AppError> {
    render::respond(StatusCode::GONE, page).map(without_referrer)
}

/// The page's address holds the token, and many access logs hold the `Referer` of what a page loads.
/// (`no-referrer` would make browsers send `Origin: null` with the form.)
fn without_referrer(mut response: HttpResponse) -> HttpResponse {
    let policy = HeaderValue::from_static("strict-origin");
    response.headers_mut().insert(REFERRER_POLICY, policy);
    response
}

//! Undoing a change of email address, with a link sent to the previous address. It needs no log-in: a thief who
//! changed the address may have changed the password too.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::Deserialize;

use crate::{
    accounts::{Accounts, EmailUndo, UndoEmailLink},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query},
            guard::AuthenticatedUser,
        },
        links::{self, DeadLink, LinkQuery},
        middleware::{clear_site_data, notices},
        view::redirect::see_other,
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    t: String,
}

#[derive(Template)]
#[template(path = "undo_email.html")]
struct Page<'a> {
    token: &'a str,
    old: &'a str,
    new: &'a str,
}

pub(crate) async fn form(
    request: HttpRequest,
    accounts: Data<Accounts>,
    Query(query): Query<LinkQuery>,
) -> Result<HttpResponse, AppError> {
    let Some(link) = links::unseal::<UndoEmailLink>(&request, &query.t) else { return used() };
    if !accounts.is_email_undo_open(&link).await? {
        return used();
    }
    let (old, new) = (link.old.as_str(), link.new.as_str());
    links::page(&Page { token: &query.t, old, new })
}

pub(crate) async fn submit(
    auth: Option<AuthenticatedUser>,
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    let Some(link) = links::unseal::<UndoEmailLink>(&request, &input.t) else { return used() };
    match accounts.undo_email_change(&link, &context.client).await? {
        EmailUndo::Done | EmailUndo::Repeated => {
            if auth.is_some_and(|auth| auth.user_id == link.user) {
                clear_site_data::session_ended(&request);
            }
            let old = &link.old;
            let text = format!(
                "Your email address is {old} again. We sent a link to choose a new password there."
            );
            notices::leave(&request, text);
            Ok(see_other("/login"))
        }
        EmailUndo::EmailTaken => dead(
            "Another account has this email address now, so the change can't be undone. Ask the people who run \
             this site for help.",
        ),
        EmailUndo::LinkUsed => used(),
    }
}

fn used() -> Result<HttpResponse, AppError> {
    dead(
        "It was used already, it is more than 7 days old, or the address has changed again since: use the link in \
         our latest email then.",
    )
}

fn dead(text: &'static str) -> Result<HttpResponse, AppError> {
    links::dead(&DeadLink { text, again: None, page: Some(("/login", "Log in")) })
}

//! The page after a form that has sent a mail: "Check your email".

use actix_web::HttpResponse;
use askama::Template;

use crate::{
    accounts::Accounts,
    web::{error::AppError, view::render},
};

#[derive(Template)]
#[template(path = "mail_sent.html")]
struct Page {
    /// Which mail is on its way.
    text: &'static str,
    /// Whether development shows it.
    is_shown: bool,
}

pub(super) fn page(text: &'static str, accounts: &Accounts) -> Result<HttpResponse, AppError> {
    if !accounts.mail.is_sent {
        return Ok(HttpResponse::NotFound().finish());
    }
    render::page(&Page { text, is_shown: accounts.mail.is_shown })
}

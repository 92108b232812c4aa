//! The page of the links that confirm an address: a file for each kind.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::{confirm_again, confirm_signup};
use crate::{
    accounts::{Accounts, ConfirmLink, EmailConfirmation},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query, SecretString},
            guard::AuthenticatedUser,
        },
        limits::RateLimits,
        links::{self, DeadLink, LinkQuery},
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    pub(super) t: String,
    pub(super) password: SecretString,
    /// The form's id, by which a form that is sent twice is told from two.
    pub(super) form: String,
}

pub(crate) async fn form(
    request: HttpRequest,
    auth: Option<AuthenticatedUser>,
    accounts: Data<Accounts>,
    Query(query): Query<LinkQuery>,
) -> Result<HttpResponse, AppError> {
    if let Some(link) = links::unseal::<ConfirmLink>(&request, &query.t) {
        return confirm_signup::form(&request, auth, &accounts, &link, &query.t).await;
    }
    dead(&accounts)
}

pub(crate) async fn submit(
    request: HttpRequest,
    auth: Option<AuthenticatedUser>,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    if let Some(link) = links::unseal::<ConfirmLink>(&request, &input.t) {
        let services = (&**accounts, &**limits);
        return confirm_signup::submit(&request, auth, context, services, &link, &input).await;
    }
    dead(&accounts)
}

pub(super) fn dead(accounts: &Accounts) -> Result<HttpResponse, AppError> {
    let confirms = accounts.mail.confirmation != EmailConfirmation::Off;
    links::dead(&DeadLink {
        text: "It is too old, or the account has another address by now.",
        again: confirms.then_some(confirm_again::PATH),
        page: (!confirms).then_some(("/profile", "Profile")),
    })
}

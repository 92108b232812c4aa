//! The page of the links that prove an email address: a file for each kind.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::{change_email_link, confirm_again, confirm_signup};
use crate::{
    accounts::{Accounts, ChangeEmailLink, ConfirmLink, EmailConfirmation},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query, SecretString},
            guard::{AuthenticatedUser, VerifiedUser},
        },
        limits::RateLimits,
        links::{self, DeadLink, LinkQuery},
    },
};

/// The page.
pub(crate) const PATH: &str = "/confirm-email";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    pub(super) t: String,
    pub(super) password: SecretString,
    /// The form's id, by which a form that is sent twice is told from two.
    pub(super) form: String,
}

pub(crate) async fn form(
    user: Result<VerifiedUser, Error>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Query(query): Query<LinkQuery>,
) -> Result<HttpResponse, Error> {
    let auth = AuthenticatedUser::of(&request).ok();
    if let Some(link) = links::unseal::<ConfirmLink>(&request, &query.t) {
        return Ok(confirm_signup::form(&request, auth, &accounts, &link, &query.t).await?);
    }
    if let Some(link) = links::unseal::<ChangeEmailLink>(&request, &query.t) {
        return change_email_link::show(auth, user, (&link, &query.t), &accounts).await;
    }
    Ok(dead(&accounts)?)
}

pub(crate) async fn submit(
    user: Result<VerifiedUser, Error>,
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    limits: Data<RateLimits>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Error> {
    let auth = AuthenticatedUser::of(&request).ok();
    if let Some(link) = links::unseal::<ConfirmLink>(&request, &input.t) {
        let services = (&**accounts, &**limits);
        return Ok(confirm_signup::submit(&request, auth, context, services, &link, &input).await?);
    }
    if let Some(link) = links::unseal::<ChangeEmailLink>(&request, &input.t) {
        let link = (&link, &*input.t);
        return change_email_link::submit(auth, user, link, &request, &context, &accounts).await;
    }
    Ok(dead(&accounts)?)
}

pub(super) fn dead(accounts: &Accounts) -> Result<HttpResponse, AppError> {
    let confirms = accounts.mail.confirmation != EmailConfirmation::Off;
    links::dead(&DeadLink {
        text: "It was used already, or its time is over.",
        again: confirms.then_some(confirm_again::PATH),
        page: Some(("/profile", "Go to your profile")),
    })
}

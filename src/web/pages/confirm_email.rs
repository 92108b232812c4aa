//! The page of the links that prove an email address. Which link it is decides who answers.

use actix_web::{Error, HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::change_email_link;
use crate::{
    accounts::{Accounts, ChangeEmailLink},
    web::{
        error::AppError,
        extractors::{
            client_info::ClientInfo,
            form::{Form, Query},
            guard::{AuthenticatedUser, VerifiedUser},
        },
        links::{self, DeadLink, LinkQuery},
    },
};

/// The page.
pub(crate) const PATH: &str = "/confirm-email";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    t: String,
}

pub(crate) async fn form(
    auth: Option<AuthenticatedUser>,
    user: Result<VerifiedUser, Error>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Query(query): Query<LinkQuery>,
) -> Result<HttpResponse, Error> {
    if let Some(link) = links::unseal::<ChangeEmailLink>(&request, &query.t) {
        return change_email_link::show(auth, user, (&link, &query.t), &accounts).await;
    }
    Ok(dead()?)
}

pub(crate) async fn submit(
    auth: Option<AuthenticatedUser>,
    user: Result<VerifiedUser, Error>,
    request: HttpRequest,
    ClientInfo(context): ClientInfo,
    accounts: Data<Accounts>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Error> {
    if let Some(link) = links::unseal::<ChangeEmailLink>(&request, &input.t) {
        let link = (&link, &*input.t);
        return change_email_link::submit(auth, user, link, &request, &context, &accounts).await;
    }
    Ok(dead()?)
}

fn dead() -> Result<HttpResponse, AppError> {
    links::dead(&DeadLink {
        text: "It was used already, or its time is over.",
        again: None,
        page: Some(("/profile", "Go to your profile")),
    })
}

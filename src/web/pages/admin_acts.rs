//! What administrators do for a user who can't get in, and against one who must not: the buttons on the
//! [user's page](super::admin_user). Each can be sent twice.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::de::IgnoredAny;

use super::admin_user::{LAST_ADMIN, Page, url};
use crate::{
    accounts::{Accounts, Disabling, Enabling},
    web::{
        error::AppError,
        extractors::{form::FormOrNothing, managed_user::ManagedUser},
        middleware::notices,
        view::{redirect::see_other, render},
    },
};

pub(crate) async fn disable(
    managed: ManagedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    if managed.is_self() {
        let refusal = "You can't disable your own account. Another administrator can.";
        return refuse(managed, &request, &accounts, refusal).await;
    }
    let user = managed.summary.user.id;
    match accounts.disable_user(user, &managed.actor).await? {
        Disabling::Done | Disabling::Unchanged => {
            let text = "Done. The account is disabled, and all its sessions have ended.";
            notices::leave(&request, text);
            Ok(see_other(&url(user)))
        }
        Disabling::NoSuchUser => Ok(HttpResponse::NotFound().finish()),
        Disabling::LastAdmin => refuse(managed, &request, &accounts, LAST_ADMIN).await,
    }
}

pub(crate) async fn enable(
    ManagedUser { actor, summary, .. }: ManagedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    match accounts.enable_user(summary.user.id, &actor).await? {
        Enabling::Done | Enabling::Unchanged => {
            notices::leave(&request, "Done. The account is enabled.");
            Ok(see_other(&url(summary.user.id)))
        }
        Enabling::NoSuchUser => Ok(HttpResponse::NotFound().finish()),
    }
}

pub(crate) async fn unlock(
    ManagedUser { actor, summary, .. }: ManagedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    accounts.unlock_user(&summary.user, &actor).await?;
    notices::leave(&request, "Done. The failed log-ins are forgotten.");
    Ok(see_other(&url(summary.user.id)))
}

/// Sends the user a link to choose a new password: no administrator has to know it.
pub(crate) async fn send_reset(
    managed: ManagedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    let user = &managed.summary.user;
    if !accounts.mail.is_sent {
        return Ok(HttpResponse::NotFound().finish());
    }
    if user.disabled_at.is_some() {
        let refusal = "This account is disabled. Enable it first.";
        return refuse(managed, &request, &accounts, refusal).await;
    }
    accounts.send_reset(user, &managed.actor).await?;
    // The same limit as for a request of their own.
    let text = "Done. They get a link, unless they got one within a minute, or five today.";
    notices::leave(&request, text);
    Ok(see_other(&url(user.id)))
}

/// The user's page again, with the reason.
async fn refuse(
    managed: ManagedUser,
    request: &HttpRequest,
    accounts: &Accounts,
    refusal: &str,
) -> Result<HttpResponse, AppError> {
    let mut page = Page::new(request, managed, accounts).await?;
    page.errors.add("", refusal);
    render::rejected_form(&page, &page.errors)
}

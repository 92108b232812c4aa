//! What administrators do for a user who can't get in, and against one who must not: the buttons on the
//! [user's page](super::admin_user). Each can be sent twice.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde::de::IgnoredAny;

use super::admin_user::{Page, find, url};
use crate::{
    accounts::{Accounts, Disabling, Enabling, UserSummary},
    web::{
        error::AppError,
        extractors::{client_info, form::FormOrNothing, guard::VerifiedAdmin},
        middleware::notices,
        view::{redirect::see_other, render},
    },
};

pub(crate) async fn disable(
    VerifiedAdmin(auth): VerifiedAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    let Some(summary) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let user = summary.user.id;
    let refusal = if user == auth.user_id {
        "You can't disable your own account. Another administrator can."
    } else {
        let actor = client_info::actor(auth.user_id, &request);
        match accounts.disable_user(user, &actor).await? {
            Disabling::Done | Disabling::Unchanged => {
                let text = "Done. The account is disabled, and all its sessions have ended.";
                notices::leave(&request, text);
                return Ok(see_other(&url(user)));
            }
            Disabling::NoSuchUser => return Ok(HttpResponse::NotFound().finish()),
            Disabling::LastAdmin => {
                "This is the last administrator. Make someone else an administrator first."
            }
        }
    };
    let mut page = Page::new(&request, &auth, &accounts, summary).await?;
    page.errors.add("", refusal);
    render::rejected_form(&page, &page.errors)
}

pub(crate) async fn enable(
    VerifiedAdmin(auth): VerifiedAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    let Some(UserSummary { user, .. }) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let actor = client_info::actor(auth.user_id, &request);
    match accounts.enable_user(user.id, &actor).await? {
        Enabling::Done | Enabling::Unchanged => {
            notices::leave(&request, "Done. The account is enabled.");
            Ok(see_other(&url(user.id)))
        }
        Enabling::NoSuchUser => Ok(HttpResponse::NotFound().finish()),
    }
}

pub(crate) async fn unlock(
    VerifiedAdmin(auth): VerifiedAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    let Some(UserSummary { user, .. }) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let actor = client_info::actor(auth.user_id, &request);
    accounts.unlock_user(&user, &actor).await?;
    notices::leave(&request, "Done. The failed log-ins are forgotten.");
    Ok(see_other(&url(user.id)))
}

/// Sends the user a link to choose a new password: no administrator has to know it.
pub(crate) async fn send_reset(
    VerifiedAdmin(auth): VerifiedAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    let found = if accounts.mail.is_sent { find(&accounts, &id).await? } else { None };
    let Some(summary) = found else { return Ok(HttpResponse::NotFound().finish()) };
    if summary.user.disabled_at.is_some() {
        let mut page = Page::new(&request, &auth, &accounts, summary).await?;
        page.errors.add("", "This account is disabled. Enable it first.");
        return render::rejected_form(&page, &page.errors);
    }
    let actor = client_info::actor(auth.user_id, &request);
    accounts.send_reset(&summary.user, &actor).await?;
    // The limit is the same as for those who ask themselves.
    let text = "Done. They get a link, unless they got one within a minute, or five today.";
    notices::leave(&request, text);
    Ok(see_other(&url(summary.user.id)))
}

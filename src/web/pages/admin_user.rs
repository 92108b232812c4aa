//! One user, for administrators: change the role, end all sessions. The other buttons are in
//! [`admin_acts`](super::admin_acts).

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use serde::{Deserialize, de::IgnoredAny};
use waxseal_session::Timestamp;

use super::admin_users::PATH;
use crate::{
    accounts::{Accounts, Role, RoleChange, UserId, UserSummary},
    web::{
        error::AppError,
        extractors::{
            client_info,
            form::{Form, FormOrNothing},
            guard::{AuthenticatedUser, VerifiedAdmin},
        },
        middleware::{clear_site_data, notices},
        view::{form_errors::FormErrors, navigation::Navigation, redirect::see_other, render},
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    role: String,
}

#[derive(Template)]
#[template(path = "admin_user.html")]
pub(super) struct Page {
    navigation: Navigation,
    summary: UserSummary,
    is_self: bool,
    /// The role that the form shows.
    selected: Role,
    /// When the wait after failed log-ins ends.
    locked_until: Option<Timestamp>,
    /// Whether mail is sent.
    can_reset: bool,
    pub(super) errors: FormErrors,
}

impl Page {
    pub(super) async fn new(
        request: &HttpRequest,
        auth: &AuthenticatedUser,
        accounts: &Accounts,
        summary: UserSummary,
    ) -> Result<Self, AppError> {
        Ok(Self {
            navigation: Navigation::new(request, auth, PATH, accounts),
            is_self: summary.user.id == auth.user_id,
            selected: summary.user.role,
            locked_until: accounts.locked_until(&summary.user).await?,
            can_reset: accounts.mail.is_sent,
            summary,
            errors: FormErrors::default(),
        })
    }
}

pub(crate) async fn show(
    VerifiedAdmin(auth): VerifiedAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    let Some(summary) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    render::page(&Page::new(&request, &auth, &accounts, summary).await?)
}

pub(crate) async fn set_role(
    VerifiedAdmin(auth): VerifiedAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    let Some(summary) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let user_id = summary.user.id;
    let mut page = Page::new(&request, &auth, &accounts, summary).await?;
    let parsed = input.role.parse::<Role>().map_err(|_| "There is no such role.");
    if let Some(role) = page.errors.check("role", parsed) {
        let actor = client_info::actor(auth.user_id, &request);
        match accounts.set_role(user_id, role, &actor).await? {
            RoleChange::Done if page.is_self => {
                // Changing the role has ended the user's sessions, this one too.
                clear_site_data::session_ended(&request);
                notices::leave(&request, format!("Your role is {role}. You are logged out."));
                return Ok(see_other("/login"));
            }
            RoleChange::Done | RoleChange::Unchanged => {
                notices::leave(&request, format!("Done. The role is {role}."));
                return Ok(see_other(&url(user_id)));
            }
            RoleChange::NoSuchUser => return Ok(HttpResponse::NotFound().finish()),
            RoleChange::LastAdmin => {
                let text =
                    "This is the last administrator. Make someone else an administrator first.";
                page.errors.add("role", text);
                page.selected = role;
            }
        }
    }
    render::rejected_form(&page, &page.errors)
}

pub(crate) async fn revoke_sessions(
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
    accounts.revoke_sessions(user.id, None, &actor).await?;
    if user.id == auth.user_id {
        clear_site_data::session_ended(&request);
        notices::leave(&request, "All your sessions have ended. You are logged out.");
    } else {
        notices::leave(&request, "Done. All sessions have ended.");
    }
    Ok(see_other(&url(user.id)))
}

pub(super) fn url(user_id: UserId) -> String {
    format!("{PATH}/{user_id}")
}

pub(super) async fn find(accounts: &Accounts, id: &str) -> Result<Option<UserSummary>, AppError> {
    match id.parse() {
        Ok(id) => Ok(accounts.user_summary(id).await?),
        Err(_) => Ok(None),
    }
}

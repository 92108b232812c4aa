//! One user, for administrators: change the role, end all sessions. The other buttons are in
//! [`admin_acts`](super::admin_acts).

use actix_web::{HttpRequest, HttpResponse, web::Data};
use askama::Template;
use serde::{Deserialize, de::IgnoredAny};
use waxseal_session::Timestamp;

use super::admin_users::PATH;
use crate::{
    accounts::{Accounts, Role, RoleChange, UserId, UserSummary},
    web::{
        error::AppError,
        extractors::{
            form::{Form, FormOrNothing},
            managed_user::ManagedUser,
        },
        middleware::{clear_site_data, notices},
        view::{form_errors::FormErrors, navigation::Navigation, redirect::see_other, render},
    },
};

pub(super) const LAST_ADMIN: &str =
    "This is the last administrator. Make someone else an administrator first.";

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
        managed: ManagedUser,
        accounts: &Accounts,
    ) -> Result<Self, AppError> {
        let is_self = managed.is_self();
        let ManagedUser { auth, summary, .. } = managed;
        Ok(Self {
            navigation: Navigation::new(request, &auth, PATH, accounts),
            is_self,
            selected: summary.user.role,
            locked_until: accounts.locked_until(&summary.user).await?,
            can_reset: accounts.mail.is_sent,
            summary,
            errors: FormErrors::default(),
        })
    }
}

pub(crate) async fn show(
    managed: ManagedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, AppError> {
    render::page(&Page::new(&request, managed, &accounts).await?)
}

pub(crate) async fn set_role(
    managed: ManagedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, AppError> {
    let (user_id, actor) = (managed.summary.user.id, managed.actor.clone());
    let mut page = Page::new(&request, managed, &accounts).await?;
    let parsed = input.role.parse::<Role>().map_err(|_| "There is no such role.");
    if let Some(role) = page.errors.check("role", parsed) {
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
                page.errors.add("role", LAST_ADMIN);
                page.selected = role;
            }
        }
    }
    render::rejected_form(&page, &page.errors)
}

pub(crate) async fn revoke_sessions(
    managed: ManagedUser,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, AppError> {
    let user = managed.summary.user.id;
    accounts.revoke_sessions(user, None, &managed.actor).await?;
    if managed.is_self() {
        clear_site_data::session_ended(&request);
        notices::leave(&request, "All your sessions have ended. You are logged out.");
    } else {
        notices::leave(&request, "Done. All sessions have ended.");
    }
    Ok(see_other(&url(user)))
}

pub(super) fn url(user_id: UserId) -> String {
    format!("{PATH}/{user_id}")
}

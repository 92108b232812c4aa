//! One user, for administrators: change the role, end all sessions.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use askama::Template;
use serde::{Deserialize, de::IgnoredAny};

use super::admin_users::PATH;
use crate::{
    accounts::{Accounts, Role, RoleChange, UserId, UserSummary},
    text::count,
    web::{
        error::AppError,
        extractors::{
            client_info,
            form::{Form, FormOrNothing},
            guard::{AuthenticatedUser, VerifiedAdmin},
        },
        middleware::clear_site_data,
        view::{
            form_errors::FormErrors, navigation::Navigation, notice, redirect::see_other, render,
        },
    },
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Input {
    role: String,
}

#[derive(Template)]
#[template(path = "admin_user.html")]
struct Page {
    navigation: Navigation,
    summary: UserSummary,
    is_self: bool,
    /// The role that the form shows.
    selected: Role,
    errors: FormErrors,
}

impl Page {
    fn new(auth: &AuthenticatedUser, accounts: &Accounts, summary: UserSummary) -> Self {
        Self {
            navigation: Navigation::new(auth, PATH, accounts),
            is_self: summary.user.id == auth.user_id,
            selected: summary.user.role,
            summary,
            errors: FormErrors::default(),
        }
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
    let mut page = Page::new(&auth, &accounts, summary);
    if notice::referer_path(&request).is_some_and(|previous| previous == request.path()) {
        let (role, sessions) = (page.selected, sessions(page.summary.sessions));
        page.navigation.notice = Some(format!("Done. The role is {role}, with {sessions}."));
    }
    render::page(&page)
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
    let mut page = Page::new(&auth, &accounts, summary);
    let parsed = input.role.parse::<Role>().map_err(|_| "There is no such role.");
    if let Some(role) = page.errors.check("role", parsed) {
        let actor = client_info::actor(auth.user_id, &request);
        match accounts.set_role(user_id, role, &actor).await? {
            RoleChange::Done if page.is_self => {
                // Changing the role has ended the user's sessions, this one too.
                clear_site_data::session_ended(&request);
                return Ok(see_other("/login"));
            }
            RoleChange::Done | RoleChange::Unchanged => return Ok(see_other(&url(user_id))),
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
    }
    Ok(see_other(&url(user.id)))
}

fn sessions(number: i64) -> String {
    match u64::try_from(number) {
        Ok(0) | Err(_) => "no open sessions".to_owned(),
        Ok(number) => count(number, "open session"),
    }
}

fn url(user_id: UserId) -> String {
    format!("{PATH}/{user_id}")
}

async fn find(accounts: &Accounts, id: &str) -> Result<Option<UserSummary>, AppError> {
    match id.parse() {
        Ok(id) => Ok(accounts.user_summary(id).await?),
        Err(_) => Ok(None),
    }
}

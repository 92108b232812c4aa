//! One user, for administrators: given a role, logged out everywhere.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use serde::{Deserialize, de::IgnoredAny};

use super::{
    admin_users::PATH,
    client, departure,
    error::Fault,
    fields::{Form, FormOrNothing},
    guard::{KnownAdmin, SignedIn},
    navigation::Navigation,
    notice, page,
    problems::Problems,
    redirect::see_other,
};
use crate::accounts::{Accounts, Role, RoleChange, UserId, UserSummary};

/// A new role for somebody.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Input {
    role: String,
}

#[derive(Template)]
#[template(path = "admin_user.html")]
struct Page {
    navigation: Navigation,
    summary: UserSummary,
    is_me: bool,
    /// The role that the form shows.
    chosen: Role,
    problems: Problems,
}

pub(super) async fn show(
    KnownAdmin(person): KnownAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
) -> Result<HttpResponse, Fault> {
    let Some(summary) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let chosen = summary.user.role;
    let done = notice::came_from(&request).is_some_and(|from| from == request.path());
    let sessions = sessions(summary.sessions);
    let done = done.then(|| format!("Done: the role is {chosen}, and {sessions} open."));
    let navigation = Navigation::new(&person, PATH, &accounts).telling(done);
    render(&person, navigation, summary, chosen, Problems::default())
}

pub(super) async fn set_role(
    KnownAdmin(person): KnownAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    Form(input): Form<Input>,
) -> Result<HttpResponse, Fault> {
    let Some(summary) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    let (user, before, mut problems) = (summary.user.id, summary.user.role, Problems::default());
    let Ok(role) = input.role.parse::<Role>() else {
        problems.add("role", "There is no such role.");
        let navigation = Navigation::new(&person, PATH, &accounts);
        return render(&person, navigation, summary, before, problems);
    };
    match accounts.set_role(user, role, &client::actor(person.user_id, &request)).await? {
        RoleChange::Done => {
            // One's own sessions have ended with one's role.
            if user == person.user_id && role != person.role {
                departure::session_over(&request);
                return Ok(see_other("/login"));
            }
            Ok(see_other(&url(user)))
        }
        RoleChange::NoSuchUser => Ok(HttpResponse::NotFound().finish()),
        RoleChange::LastAdmin => {
            let reason = "This is the last administrator. Make somebody else one first.";
            problems.add("role", reason);
            let navigation = Navigation::new(&person, PATH, &accounts);
            render(&person, navigation, summary, role, problems)
        }
    }
}

pub(super) async fn revoke_sessions(
    KnownAdmin(person): KnownAdmin,
    id: Path<String>,
    request: HttpRequest,
    accounts: Data<Accounts>,
    FormOrNothing(_): FormOrNothing<IgnoredAny>,
) -> Result<HttpResponse, Fault> {
    let Some(UserSummary { user, .. }) = find(&accounts, &id).await? else {
        return Ok(HttpResponse::NotFound().finish());
    };
    accounts.revoke_sessions(user.id, None, &client::actor(person.user_id, &request)).await?;
    if user.id == person.user_id {
        departure::session_over(&request);
    }
    Ok(see_other(&url(user.id)))
}

fn sessions(number: i64) -> String {
    match number {
        0 => "no session is".to_owned(),
        1 => "one session is".to_owned(),
        number => format!("{number} sessions are"),
    }
}

/// Where a user's page is.
fn url(user: UserId) -> String {
    format!("{PATH}/{user}")
}

/// The user whom a path names.
async fn find(accounts: &Accounts, id: &str) -> Result<Option<UserSummary>, Fault> {
    match id.parse() {
        Ok(id) => Ok(accounts.user_summary(id).await?),
        Err(_) => Ok(None),
    }
}

/// The page; 422 where something is wrong with what was sent.
fn render(
    person: &SignedIn,
    navigation: Navigation,
    summary: UserSummary,
    chosen: Role,
    problems: Problems,
) -> Result<HttpResponse, Fault> {
    let is_me = summary.user.id == person.user_id;
    let status = if problems.any() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    page::render(status, &Page { navigation, summary, is_me, chosen, problems })
}

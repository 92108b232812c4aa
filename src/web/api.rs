//! The JSON for scripts and apps.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::{departure, guard::SignedIn};
use crate::accounts::Role;

/// `GET /api/session`. Times are RFC 3339.
#[derive(Serialize)]
struct SessionJson {
    user_id: String,
    role: Role,
    session_id: String,
    created_at: String,
    expires_at: String,
}

/// `POST /api/logout`, whether there was a session or not.
#[derive(Serialize)]
struct LoggedOut {
    success: bool,
    message: &'static str,
}

pub(super) async fn session(person: SignedIn) -> HttpResponse {
    HttpResponse::Ok().json(SessionJson {
        user_id: person.user_id.to_string(),
        role: person.role,
        session_id: person.session.id.to_string(),
        created_at: person.session.auth_time.to_string(),
        expires_at: person.session.expires_at.to_string(),
    })
}

pub(super) async fn log_out(person: Option<SignedIn>, request: HttpRequest) -> HttpResponse {
    let who = person.map(|person| (person.user_id, person.session.id));
    departure::log_out(&request, who);
    HttpResponse::Ok().json(LoggedOut { success: true, message: "Logged out successfully" })
}

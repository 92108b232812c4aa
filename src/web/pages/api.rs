//! The JSON API: `/api/session` and `/api/logout`.

use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::{
    accounts::Role,
    web::{extractors::guard::AuthenticatedUser, middleware::clear_site_data},
};

pub(crate) const SESSION_PATH: &str = "/api/session";

/// `GET /api/session`. Times are RFC 3339.
#[derive(Serialize)]
struct SessionJson {
    user_id: String,
    role: Role,
    session_id: String,
    created_at: String,
    expires_at: String,
}

/// `POST /api/logout`, with or without a session.
#[derive(Serialize)]
struct LogoutJson {
    success: bool,
    message: &'static str,
}

/// Asking is no activity: a page may poll, and the session expires as if it didn't.
pub(crate) async fn session(auth: AuthenticatedUser) -> HttpResponse {
    HttpResponse::Ok().json(SessionJson {
        user_id: auth.user_id.to_string(),
        role: auth.role,
        session_id: auth.session.id.to_string(),
        created_at: auth.session.auth_time.to_string(),
        expires_at: auth.session.expires_at.to_string(),
    })
}

pub(crate) async fn log_out(auth: Option<AuthenticatedUser>, request: HttpRequest) -> HttpResponse {
    clear_site_data::log_out(&request, auth.map(|auth| (auth.user_id, auth.session.id)));
    HttpResponse::Ok().json(LogoutJson { success: true, message: "Logged out successfully" })
}

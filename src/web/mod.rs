//! The web: which page answers which request.
//!
//! Each page is a file of `pages/`; `middleware/` is what runs around them, `extractors/` what
//! handlers take as arguments, `view/` what pages are rendered with. A handler parses its form,
//! calls `accounts` once, and answers with a page or a 303. Failures are an
//! [`AppError`](error::AppError), whose page is made in one place.

pub mod error;
mod extractors;
pub mod limits;
mod links;
pub mod middleware;
mod pages;
mod resource;
pub mod setup;
pub mod site_origin;
mod view;

use actix_web::{HttpRequest, Resource, guard::fn_guard, web::ServiceConfig};

pub use extractors::{guard, trusted_proxies};
pub use pages::{assets, dev_mails};
pub use view::redirect;

use pages::{
    account_deletion, admin_acts, admin_user, admin_users, api, change_password, confirm,
    confirm_again, confirm_email, email_change, forgot, health, home, invitation, login,
    login_history, logout, password_change, profile, reset, session_revocation, sessions, signup,
    undo_email,
};
use resource::{form, get, post};

/// Routes outside the session middleware: no cookie is read or set there.
pub fn public_routes(app: &mut ServiceConfig) {
    app.service(get("/static/{name:.*}", assets::serve))
        .service(get("/healthz", health::alive))
        .service(get("/readyz", health::ready))
        .service(shown_mails(get("/dev/mails", dev_mails::list)))
        .service(shown_mails(get("/dev/mails/{id}", dev_mails::show)))
        .service(shown_mails(get("/dev/mails/{id}/html", dev_mails::html)))
        .service(get("/.well-known/change-password", change_password::redirect));
}

fn shown_mails(page: Resource) -> Resource {
    page.guard(fn_guard(dev_mails::is_asked_for_here))
}

/// Routes inside the session middleware.
pub fn page_routes(app: &mut ServiceConfig) {
    app.service(get("/", home::redirect))
        .service(form("/signup", signup::form, signup::submit))
        .service(get(signup::SENT_PATH, signup::sent))
        .service(form("/login", login::form, login::submit))
        .service(form(forgot::PATH, forgot::form, forgot::submit))
        .service(get(forgot::SENT_PATH, forgot::sent))
        .service(form("/reset", reset::form, reset::submit))
        .service(form("/confirm-email", confirm_email::form, confirm_email::submit))
        .service(form(confirm_again::PATH, confirm_again::form, confirm_again::submit))
        .service(get(confirm_again::SENT_PATH, confirm_again::sent))
        .service(post("/logout", logout::submit))
        .service(get("/profile", profile::show))
        .service(post("/profile/password", password_change::submit))
        .service(form(email_change::PATH, email_change::form, email_change::submit))
        .service(form(confirm_email::PATH, confirm_email::form, confirm_email::submit))
        .service(form("/undo-email", undo_email::form, undo_email::submit))
        .service(get("/profile/deletion", account_deletion::form))
        .service(post("/profile/delete", account_deletion::submit))
        .service(form("/confirm", confirm::form, confirm::submit))
        .service(get("/sessions", sessions::list))
        .service(get("/sessions/others", session_revocation::confirm_others))
        .service(post("/sessions/revoke-others", session_revocation::revoke_others))
        .service(get("/sessions/{sid}", session_revocation::confirm))
        .service(post("/sessions/{sid}/revoke", session_revocation::revoke))
        .service(get("/logins", login_history::list))
        .service(get("/admin/users", admin_users::list))
        .service(post("/admin/invitations", invitation::submit))
        .service(get("/admin/users/{id}", admin_user::show))
        .service(post("/admin/users/{id}/role", admin_user::set_role))
        .service(post("/admin/users/{id}/revoke-sessions", admin_user::revoke_sessions))
        .service(post("/admin/users/{id}/disable", admin_acts::disable))
        .service(post("/admin/users/{id}/enable", admin_acts::enable))
        .service(post("/admin/users/{id}/unlock", admin_acts::unlock))
        .service(post("/admin/users/{id}/send-reset", admin_acts::send_reset))
        .service(get(api::SESSION_PATH, api::session))
        .service(post("/api/logout", api::log_out));
}

/// Whether a request is no sign that someone is there: scripts poll `/api/session`.
pub fn is_background(request: &HttpRequest) -> bool {
    request.path() == api::SESSION_PATH
}

//! The web: which page answers what, and what every response has in common.
//!
//! A handler parses its form, makes one call to `accounts`, and answers with a page or a 303.
//! What a person got wrong comes back on the page; a fault becomes an [`error::Fault`], and the
//! page for it is made in one place.

mod account_deletion;
mod admin_user;
mod admin_users;
mod api;
pub mod assets;
pub mod bodies;
mod browser;
pub mod carry_through;
mod client;
pub mod departure;
pub mod error;
mod fields;
pub mod guard;
pub mod headers;
mod health;
mod home;
pub mod limits;
mod listing;
mod login;
mod logins;
mod logout;
mod navigation;
mod notice;
pub mod origin;
mod page;
mod panics;
mod password_change;
mod problems;
mod profile;
pub mod redirect;
pub mod request_time;
mod session_ends;
mod sessions;
mod signup;
pub mod trusted_proxies;
mod wait;

use actix_web::{
    FromRequest, Handler, Resource, Responder,
    web::{self, ServiceConfig},
};

use panics::Caught;

/// What answers outside the session layer: no cookie is read or set there.
pub fn public_routes(app: &mut ServiceConfig) {
    app.service(readable("/static/{name:.*}", assets::serve))
        .service(readable("/healthz", health::alive))
        .service(readable("/readyz", health::ready));
}

/// The pages, inside the session layer.
pub fn page_routes(app: &mut ServiceConfig) {
    app.service(readable("/", home::home))
        .service(form("/signup", signup::form, signup::submit))
        .service(form("/login", login::form, login::submit))
        .service(writable("/logout", logout::submit))
        .service(readable("/profile", profile::show))
        .service(writable("/profile/password", password_change::submit))
        .service(readable("/profile/deletion", account_deletion::ask))
        .service(writable("/profile/delete", account_deletion::submit))
        .service(readable("/sessions", sessions::list))
        .service(readable("/sessions/others", session_ends::ask_for_others))
        .service(writable("/sessions/revoke-others", session_ends::revoke_others))
        .service(readable("/sessions/{sid}", session_ends::ask))
        .service(writable("/sessions/{sid}/revoke", session_ends::revoke))
        .service(readable("/logins", logins::list))
        .service(readable("/admin/users", admin_users::list))
        .service(readable("/admin/users/{id}", admin_user::show))
        .service(writable("/admin/users/{id}/role", admin_user::set_role))
        .service(writable("/admin/users/{id}/revoke-sessions", admin_user::revoke_sessions))
        .service(readable("/api/session", api::session))
        .service(writable("/api/logout", api::log_out));
}

/// A resource that answers GET, and HEAD alike.
fn readable<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    let handler = Caught(handler);
    web::resource(path).route(web::get().to(handler.clone())).route(web::head().to(handler))
}

/// A resource that shows a form, and takes it.
fn form<F, A, G, B>(path: &str, show: F, submit: G) -> Resource
where
    F: Handler<A>,
    A: FromRequest + 'static,
    F::Output: Responder + 'static,
    G: Handler<B>,
    B: FromRequest + 'static,
    G::Output: Responder + 'static,
{
    readable(path, show).route(web::post().to(Caught(submit)))
}

/// A resource that answers POST.
fn writable<F, Args>(path: &str, handler: F) -> Resource
where
    F: Handler<Args>,
    Args: FromRequest + 'static,
    F::Output: Responder + 'static,
{
    web::resource(path).route(web::post().to(Caught(handler)))
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App, HttpResponse,
        http::{Method, StatusCode},
        middleware::from_fn,
        test::{TestRequest, call_service, init_service},
    };

    use super::*;

    async fn harmless() -> HttpResponse {
        HttpResponse::Ok().finish()
    }

    async fn panics() -> HttpResponse {
        panic!("planted")
    }

    #[actix_web::test]
    async fn a_panic_is_a_page_on_every_kind_of_resource() {
        let app = App::new()
            .service(readable("/readable", panics))
            .service(form("/shows", panics, harmless))
            .service(form("/takes", harmless, panics))
            .service(writable("/writable", panics))
            .wrap(from_fn(error::pages));
        let app = init_service(app).await;
        for (method, path) in [
            (Method::GET, "/readable"),
            (Method::HEAD, "/readable"),
            (Method::GET, "/shows"),
            (Method::POST, "/takes"),
            (Method::POST, "/writable"),
        ] {
            let request = TestRequest::with_uri(path).method(method).to_request();
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        }
    }
}

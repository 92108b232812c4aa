//! actix-session's own middleware with its cookie store and its default settings, which encrypt.

use actix_session::{SessionMiddleware, storage::CookieSessionStore};
use actix_web::{App, HttpServer, cookie::Key};

use super::routes;
use crate::Outcome;

pub(super) async fn run(port: u16) -> Outcome<()> {
    let key = Key::generate();
    let app = move || {
        let store = CookieSessionStore::default();
        let sessions = SessionMiddleware::builder(store, key.clone()).cookie_secure(false).build();
        App::new().wrap(sessions).configure(routes)
    };
    Ok(HttpServer::new(app).workers(1).bind(("127.0.0.1", port))?.run().await?)
}
